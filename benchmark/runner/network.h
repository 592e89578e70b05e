// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// A .tflite in LiteRT: the library is found, the model compiled, its inputs filled, its outputs
// hashed. Whatever goes wrong ends the process with an exit code and a sentence.

#ifndef GHOSTNET_NETWORK_H
#define GHOSTNET_NETWORK_H

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ghost_op.h"
#include "litert.h"
#include "sha256.h"

enum Exit {  // benchmark/targets/runner.py has the same table
  DONE = 0,
  BAD_USAGE = 2,
  UNREADABLE = 3,         // a file that cannot be read
  RUNTIME_TOO_OLD = 4,
  RUNTIME_UNUSABLE = 5,   // not a library, a symbol missing, or wrong results
  MODEL_REFUSED = 6,
  RUN_FAILED = 7,
  NO_FP16 = 8,
  OPERATOR_FAILED = 9,    // Ghost operators that cannot be had, or that refuse their node
};

static struct {
  const char *library, *model, *input, *output, *ops;
  long threads, warmup, runs, profile;
  double seconds;
  bool fp16, audit, markers;
} args = {.threads = 1, .warmup = 5, .runs = 50, .seconds = 1.0};

__attribute__((noreturn, format(printf, 2, 3))) static void stop(enum Exit code, const char *text,
                                                                ...) {
  va_list rest;
  va_start(rest, text);
  fputs("runner: ", stderr);
  vfprintf(stderr, text, rest);
  fputc('\n', stderr);
  va_end(rest);
  fflush(stderr);
  _exit(code);  // without the destructors of a library that may be the reason
}

static void *allocate(size_t bytes) {
  void *p = NULL;
  if (posix_memalign(&p, 64, bytes ? bytes : 1)) stop(RUN_FAILED, "out of memory");
  return p;
}

// ---------------------------------------------------------------------------- the runtime

static struct {
#define X(name, parameters) LiteRtStatus(*name) parameters;
  LITERT_FUNCTIONS(X)
  LITERT_EXTRAS(X)
#undef X
} rt;

static void load_runtime(void) {
  // By its own name, never searched for in the system's folders.
  void *library = dlopen(args.library, RTLD_NOW | RTLD_LOCAL);
  if (!library) stop(RUNTIME_UNUSABLE, "the runtime cannot be loaded: %s", dlerror());
  if (!dlsym(library, "LiteRtCreateModelFromBuffer"))
    stop(RUNTIME_UNUSABLE, "%s is not LiteRT: it has no LiteRtCreateModelFromBuffer", args.library);
  if (!dlsym(library, LITERT_SINCE_2_1_6))
    stop(RUNTIME_TOO_OLD, "%s is LiteRT before 2.1.6, whose functions take other arguments",
         args.library);
#define X(name, parameters)                                                                   \
  if (!(*(void **)&rt.name = dlsym(library, "LiteRt" #name)))                                 \
    stop(RUNTIME_UNUSABLE, "%s has no function LiteRt" #name, args.library);
  LITERT_FUNCTIONS(X)
#undef X
#define X(name, parameters) *(void **)&rt.name = dlsym(library, "LiteRt" #name);
  LITERT_EXTRAS(X)
#undef X
}

static void check(LiteRtStatus status, enum Exit code, const char *what) {
  if (status) stop(code, "%s (LiteRT status %d)", what, status);
}

// ---------------------------------------------------------------------------- Ghost operators

static struct {
  GhostAddKernel add_kernel;
  __typeof__(&ghost_open) open;
  __typeof__(&ghost_use_half) use_half;
  __typeof__(&ghost_register) add;
  __typeof__(&ghost_error) error;
  __typeof__(&ghost_variant) variant;
  __typeof__(&ghost_file) file;
} ops;

static void load_operators(void) {
  void *runtime = dlopen(args.library, RTLD_NOW | RTLD_LOCAL);
  void *library = dlopen(args.ops, RTLD_NOW | RTLD_LOCAL);
  if (!library) stop(OPERATOR_FAILED, "the Ghost operators cannot be loaded: %s", dlerror());
  *(void **)&ops.add_kernel = dlsym(runtime, "LiteRtAddCustomOpKernelOption");
  *(void **)&ops.open = dlsym(library, "ghost_open");
  *(void **)&ops.use_half = dlsym(library, "ghost_use_half");
  *(void **)&ops.add = dlsym(library, "ghost_register");
  *(void **)&ops.error = dlsym(library, "ghost_error");
  *(void **)&ops.variant = dlsym(library, "ghost_variant");
  *(void **)&ops.file = dlsym(library, "ghost_file");
  if (!ops.add_kernel)
    stop(RUNTIME_UNUSABLE, "%s takes no operators of others: it is too old", args.library);
  if (!ops.open || !ops.use_half || !ops.add || !ops.error || !ops.variant || !ops.file)
    stop(OPERATOR_FAILED, "%s has no Ghost operators", args.ops);
}

// LiteRT ignores what a custom operator returns, and would call a wrong result a success.
static void check_operators(GhostSession *session) {
  const char *why = session ? ops.error(session) : NULL;
  if (why) stop(OPERATOR_FAILED, "a Ghost operator failed: %s", why);
}

// ---------------------------------------------------------------------------- one network

typedef struct {
  LiteRtModel model;
  LiteRtCompiledModel compiled;
  GhostSession *session;  // NULL for a model without Ghost operators
  size_t n_inputs, n_outputs, n_resized;
  bool has_open_outputs;  // of a size that the file does not fix
  LiteRtTensorBuffer *inputs, *outputs;
} Network;

static void keep(void *options) { (void)options; }  // LiteRT asks for a destructor

static void add_options(LiteRtOptions options, const char *name, char *toml) {
  LiteRtOpaqueOptions more;
  check(rt.CreateOpaqueOptions(name, toml, keep, &more), RUN_FAILED, "options were refused");
  check(rt.AddOpaqueOptions(options, more), RUN_FAILED, "options were refused");
}

static TensorType type_of(LiteRtSignature signature, size_t index, bool is_input) {
  LiteRtTensor tensor;
  TensorType type = {0};
  check(is_input ? rt.GetSignatureInputTensorByIndex(signature, index, &tensor)
                 : rt.GetSignatureOutputTensorByIndex(signature, index, &tensor),
        MODEL_REFUSED, "the model does not name its inputs and outputs");
  check(rt.GetRankedTensorType(tensor, &type), MODEL_REFUSED,
        "an input or output of the model has no fixed rank");
  return type;
}

static bool is_open(const Layout *layout, unsigned from) {
  for (unsigned i = from; i < layout->rank; i++)
    if (layout->dimensions[i] < 1) return true;
  return false;
}

#define OPEN_OUTPUTS \
  "the size of an output depends on what is in the input, and LiteRT's compiled model, which apps " \
  "run, has no room for that"

// A batch that the file leaves open becomes 1; other sides that it leaves open nobody here knows.
static void resize_to_batch_1(Network *net, LiteRtSignature signature) {
  for (size_t i = 0; i < net->n_inputs; i++) {
    Layout layout = type_of(signature, i, true).layout;
    if (!is_open(&layout, 0)) continue;
    if (is_open(&layout, 1))
      stop(MODEL_REFUSED, "input %zu of the model has no fixed size; export it with one", i);
    if (!rt.CompiledModelResizeInputTensor || !rt.GetCompiledModelOutputTensorLayouts)
      stop(RUNTIME_UNUSABLE, "the model's batch is open, and %s cannot set it", args.library);
    layout.dimensions[0] = 1;
    check(rt.CompiledModelResizeInputTensor(net->compiled, 0, i, layout.dimensions, layout.rank),
          MODEL_REFUSED, "the model's batch is open, and the runtime does not set it to 1");
    net->n_resized++;
  }
}

// The outputs' sizes once the inputs have theirs. Where they depend on the inputs' values, it is a
// guess, and the run may fail.
static void lay_out(Network *net, LiteRtSignature signature, TensorType *outputs) {
  for (size_t i = 0; i < net->n_outputs; i++) {
    outputs[i] = type_of(signature, i, false);
    net->has_open_outputs |= is_open(&outputs[i].layout, 0);
  }
  if (!net->has_open_outputs) return;
  if (!rt.GetCompiledModelOutputTensorLayouts)
    stop(RUNTIME_UNUSABLE, "the model's outputs are open, and %s cannot tell their size",
         args.library);
  Layout *layouts = allocate(net->n_outputs * sizeof *layouts);
  memset(layouts, 0, net->n_outputs * sizeof *layouts);
  check(rt.GetCompiledModelOutputTensorLayouts(net->compiled, 0, net->n_outputs, layouts, true),
        MODEL_REFUSED, "the runtime cannot say how large the model's outputs are");
  for (size_t i = 0; i < net->n_outputs; i++) {
    if (is_open(&layouts[i], 0)) stop(MODEL_REFUSED, OPEN_OUTPUTS);
    outputs[i].layout = layouts[i];
  }
  free(layouts);
}

static LiteRtTensorBuffer new_buffer(LiteRtEnvironment environment, LiteRtCompiledModel compiled,
                                     size_t index, TensorType type, bool is_input) {
  LiteRtTensorBufferRequirements needs;
  LiteRtTensorBuffer buffer;
  check(is_input ? rt.GetCompiledModelInputBufferRequirements(compiled, 0, index, &needs)
                 : rt.GetCompiledModelOutputBufferRequirements(compiled, 0, index, &needs),
        MODEL_REFUSED, "the runtime cannot say what buffers the model needs");
  check(rt.CreateManagedTensorBufferFromRequirements(environment, &type, needs, &buffer),
        RUN_FAILED, "there is no memory for the model's inputs and outputs");
  return buffer;
}

// Numbers that are the same on every processor: float32 in [-2, 2) in steps of 1/256, integers
// over their whole range. Noise is enough, for no kernel's speed depends on its values. Wide integers
// and truth values are 0, which is an index in every table.
static void fill(void *data, size_t bytes, int type, uint32_t seed) {
  uint32_t x = seed * 2654435761u + 1;
  if (type == FLOAT32) {
    float *values = data;
    for (size_t i = 0; i < bytes / 4; i++) {
      x = x * 1664525u + 1013904223u;
      values[i] = (float)((int32_t)(x >> 22) - 512) / 256.0f;
    }
  } else if (type == INT8 || type == UINT8 || type == INT16) {
    uint8_t *values = data;
    for (size_t i = 0; i < bytes; i++) {
      x = x * 1664525u + 1013904223u;
      values[i] = (uint8_t)(x >> 24);
    }
  } else if (type == INT32 || type == INT64 || type == BOOL) {
    memset(data, 0, bytes);
  } else {
    stop(MODEL_REFUSED, "an input is of LiteRT element type %d; give its bytes with --input", type);
  }
}

static uint8_t *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) stop(UNREADABLE, "%s cannot be read: %s", path, strerror(errno));
  size_t room = 1 << 20, n = 0, part;
  uint8_t *data = allocate(room);
  while ((part = fread(data + n, 1, room - n, file)) > 0)
    if ((n += part) == room) {  // aligned memory has no realloc
      uint8_t *larger = allocate(room *= 2);
      memcpy(larger, data, n);
      free(data);
      data = larger;
    }
  if (ferror(file)) stop(UNREADABLE, "%s cannot be read: %s", path, strerror(errno));
  fclose(file);
  *size = n;
  return data;
}

static void fill_inputs(Network *net, LiteRtSignature signature) {
  size_t size = 0, used = 0;
  uint8_t *given = args.input ? read_file(args.input, &size) : NULL;
  for (size_t i = 0; i < net->n_inputs; i++) {
    void *data;
    size_t bytes;
    check(rt.GetTensorBufferPackedSize(net->inputs[i], &bytes), RUN_FAILED, "no size of an input");
    check(rt.LockTensorBuffer(net->inputs[i], &data, LOCK_WRITE), RUN_FAILED,
          "an input cannot be written");
    if (!given) {
      fill(data, bytes, type_of(signature, i, true).element_type, (uint32_t)i);
    } else if (bytes > size - used) {
      stop(BAD_USAGE, "%s has %zu bytes; the model's inputs take more", args.input, size);
    } else {
      memcpy(data, given + used, bytes);
      used += bytes;
    }
    check(rt.UnlockTensorBuffer(net->inputs[i]), RUN_FAILED, "an input cannot be written");
  }
  if (used != size)
    stop(BAD_USAGE, "%s has %zu bytes; the model's inputs take %zu", args.input, size, used);
  free(given);
}

static size_t operators_of(LiteRtModel model, LiteRtSubgraph *graph) {
  size_t main_index, n;
  check(rt.GetMainModelSubgraphIndex(model, &main_index), RUN_FAILED, "no main graph");
  check(rt.GetModelSubgraph(model, main_index, graph), RUN_FAILED, "no main graph");
  check(rt.GetNumSubgraphOps(*graph, &n), RUN_FAILED, "no operators");
  return n;
}

// Why a model does not run, where that is an operator which the runtime does not have.
static void refuse_custom_operator(LiteRtModel model) {
  LiteRtSubgraph graph;
  size_t n = operators_of(model, &graph);
  for (size_t i = 0; i < n && rt.GetCustomCode; i++) {
    LiteRtOp op;
    const char *name;
    int code;
    if (rt.GetSubgraphOp(graph, i, &op) || rt.GetOpCode(op, &code) || code != CUSTOM_OPERATOR ||
        rt.GetCustomCode(op, &name) || !strncmp(name, GHOST_OP_NAME, strcspn(GHOST_OP_NAME, "%")))
      continue;
    stop(MODEL_REFUSED, "the model has the operator '%s', which is not one of the runtime's own",
         name);
  }
}

static Network compile(LiteRtEnvironment environment, LiteRtModel model, bool profiled) {
  static char threads[64], profiling[] = "enable_profiling = true\n";
  Network net = {0};
  LiteRtOptions options;
  LiteRtSignature signature;
  // One where operators have threads, as ghost_op.h wants it. 7: signed and unsigned 8-bit kernels, which
  // are the default, and half precision for float32
  snprintf(threads, sizeof threads, "num_threads = %ld\n%s", args.ops ? 1 : args.threads,
           args.fp16 ? "flags = 7\n" : "");
  check(rt.CreateOptions(&options), RUN_FAILED, "options were refused");
  check(rt.SetOptionsHardwareAccelerators(options, CPU), RUN_FAILED, "options were refused");
  add_options(options, "xnnpack", threads);
  if (profiled) add_options(options, "runtime_options_string", profiling);
  if (args.ops) {
    net.session = ops.open((int)args.threads, NULL);
    if (!net.session) stop(OPERATOR_FAILED, "the Ghost operators cannot be opened");
    if (args.fp16 && !ops.use_half(net.session))
      stop(NO_FP16, "the Ghost operators have no half-precision arithmetic on this processor");
    check(ops.add(net.session, options, ops.add_kernel), OPERATOR_FAILED,
          "the Ghost operators were refused");
  }
  LiteRtStatus status = rt.CreateCompiledModel(environment, model, options, &net.compiled);
  check_operators(net.session);  // says more than the status
  if (status) refuse_custom_operator(model);
  check(status, MODEL_REFUSED,
        "the runtime cannot prepare the model: it is damaged, or has an unknown operator");
  net.model = model;
  check(rt.GetModelSignature(model, 0, &signature), MODEL_REFUSED, "the model has no signature");
  check(rt.GetNumSignatureInputs(signature, &net.n_inputs), MODEL_REFUSED, "no inputs");
  check(rt.GetNumSignatureOutputs(signature, &net.n_outputs), MODEL_REFUSED, "no outputs");
  net.inputs = allocate(net.n_inputs * sizeof *net.inputs);
  net.outputs = allocate(net.n_outputs * sizeof *net.outputs);
  resize_to_batch_1(&net, signature);
  TensorType *types = allocate(net.n_outputs * sizeof *types);
  lay_out(&net, signature, types);
  for (size_t i = 0; i < net.n_inputs; i++) {
    TensorType type = type_of(signature, i, true);
    if (type.layout.rank && type.layout.dimensions[0] < 1) type.layout.dimensions[0] = 1;
    net.inputs[i] = new_buffer(environment, net.compiled, i, type, true);
  }
  for (size_t i = 0; i < net.n_outputs; i++)
    net.outputs[i] = new_buffer(environment, net.compiled, i, types[i], false);
  free(types);
  fill_inputs(&net, signature);
  return net;
}

static void run(Network *net) {
  LiteRtStatus status = rt.RunCompiledModel(net->compiled, 0, net->n_inputs, net->inputs,
                                            net->n_outputs, net->outputs);
  check_operators(net->session);  // says more than the status
  if (status) refuse_custom_operator(net->model);
  if (status && net->has_open_outputs) stop(MODEL_REFUSED, OPEN_OUTPUTS);
  check(status, RUN_FAILED, "the model loads and does not run");
}

static void hash_outputs(Network *net, char hex[65]) {
  Sha256 hash = sha256_start();
  for (size_t i = 0; i < net->n_outputs; i++) {
    void *data;
    size_t bytes;
    check(rt.GetTensorBufferPackedSize(net->outputs[i], &bytes), RUN_FAILED, "no output size");
    check(rt.LockTensorBuffer(net->outputs[i], &data, LOCK_READ), RUN_FAILED, "no output");
    sha256_add(&hash, data, bytes);
    check(rt.UnlockTensorBuffer(net->outputs[i]), RUN_FAILED, "no output");
  }
  sha256_hex(&hash, hex);
}

// The outputs of the last run, one behind the other.
static void write_outputs(Network *net, const char *path) {
  FILE *file = fopen(path, "wb");
  bool is_written = file != NULL;
  for (size_t i = 0; i < net->n_outputs && is_written; i++) {
    void *data;
    size_t bytes;
    check(rt.GetTensorBufferPackedSize(net->outputs[i], &bytes), RUN_FAILED, "no output size");
    check(rt.LockTensorBuffer(net->outputs[i], &data, LOCK_READ), RUN_FAILED, "no output");
    is_written = fwrite(data, 1, bytes, file) == bytes;
    check(rt.UnlockTensorBuffer(net->outputs[i]), RUN_FAILED, "no output");
  }
  if (!is_written || fclose(file)) stop(RUN_FAILED, "%s cannot be written: %s", path, strerror(errno));
}

static LiteRtModel read_model(LiteRtEnvironment environment, const void *data, size_t size) {
  LiteRtModel model;
  check(rt.CreateModelFromBuffer(environment, data, size, &model), MODEL_REFUSED,
        "the runtime does not take this for a .tflite model");
  return model;
}

#endif
