// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// A network on the CPU, with Ghost operators or without, for GhostJni.kt. Kotlin's CompiledModel takes
// no operators of others, so this goes through the C interface of the libLiteRt.so that the app has
// anyway; a plain file comes through the same door where both are timed. Whatever goes wrong, in
// LiteRT or inside an operator, is thrown as BadModel.

#define _GNU_SOURCE  // sched_setaffinity
#include <dlfcn.h>
#include <jni.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ghost_op.h"
#include "litert.h"

// ------------------------------------------------------------------------------- errors

// False, so that it can end a chain of steps. The first exception stays.
__attribute__((format(printf, 2, 3))) static bool fail(JNIEnv *env, const char *text, ...) {
  char message[512];
  va_list rest;
  va_start(rest, text);
  vsnprintf(message, sizeof message, text, rest);
  va_end(rest);
  if ((*env)->ExceptionCheck(env)) return false;
  jclass bad_model = (*env)->FindClass(env, "ghostnet/core/BadModel");
  if (bad_model) (*env)->ThrowNew(env, bad_model, message);
  return false;
}

static bool ok(JNIEnv *env, LiteRtStatus status, const char *what) {
  return !status || fail(env, "%s (LiteRT status %d)", what, status);
}

// ------------------------------------------------------------------------------- the runtime

#define DESTROYERS(X)                                                                              \
  X(DestroyModel, (LiteRtModel))                                                                   \
  X(DestroyOptions, (LiteRtOptions))                                                               \
  X(DestroyCompiledModel, (LiteRtCompiledModel))                                                   \
  X(DestroyTensorBuffer, (LiteRtTensorBuffer))

static struct {
#define X(name, parameters) LiteRtStatus(*name) parameters;
  LITERT_FUNCTIONS(X)
#undef X
#define X(name, parameters) void(*name) parameters;
  DESTROYERS(X)
#undef X
  GhostAddKernel AddCustomOpKernelOption;
} rt;

static LiteRtEnvironment environment;  // one for the process, as LiteRT advises

static bool find_functions(JNIEnv *env, void *library) {
  if (!dlsym(library, LITERT_SINCE_2_1_6))
    return fail(env, "this libLiteRt.so is older than 2.1.6, whose functions take other arguments");
#define X(name, parameters)                                                                        \
  if (!(*(void **)&rt.name = dlsym(library, "LiteRt" #name)))                                      \
    return fail(env, "this libLiteRt.so has no function LiteRt" #name);
  LITERT_FUNCTIONS(X)
  DESTROYERS(X)
  X(AddCustomOpKernelOption, )
#undef X
  return true;
}

static bool load_runtime(JNIEnv *env) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  if (!environment) {
    void *library = dlopen("libLiteRt.so", RTLD_NOW | RTLD_LOCAL);
    if (!library) fail(env, "LiteRT cannot be loaded: %s", dlerror());
    else if (find_functions(env, library))
      ok(env, rt.CreateEnvironment(0, NULL, &environment), "LiteRT has no environment");
  }
  pthread_mutex_unlock(&mutex);
  return environment;
}

// ------------------------------------------------------------------------------- one network

enum { MAX_OUTPUTS = 8 };

typedef struct {
  jbyte *file;            // LiteRT reads it where it is,
  char cpu_options[48];   // and these, too
  GhostSession *session;  // NULL: a file without operators
  LiteRtModel model;
  LiteRtOptions options;
  LiteRtCompiledModel compiled;
  LiteRtTensorBuffer input;
  LiteRtTensorBuffer outputs[MAX_OUTPUTS];
  size_t n_outputs;
  bool has_output;  // of its last run
} Network;

static void keep(void *options) { (void)options; }  // LiteRT asks for a destructor

// In this order: the session outlives the compiled model.
static void destroy(Network *n) {
  for (size_t i = 0; i < MAX_OUTPUTS; i++)
    if (n->outputs[i]) rt.DestroyTensorBuffer(n->outputs[i]);
  if (n->input) rt.DestroyTensorBuffer(n->input);
  if (n->compiled) rt.DestroyCompiledModel(n->compiled);
  if (n->options) rt.DestroyOptions(n->options);
  if (n->model) rt.DestroyModel(n->model);
  if (n->session) ghost_close(n->session);
  free(n->file);
  free(n);
}

// LiteRT ignores what an operator returns, and would call a wrong result a success.
static bool operators_ok(JNIEnv *env, Network *n) {
  const char *why = n->session ? ghost_error(n->session) : NULL;
  return !why || fail(env, "a Ghost operator failed: %s", why);
}

static bool read_file(JNIEnv *env, Network *n, jbyteArray file) {
  jsize size = (*env)->GetArrayLength(env, file);
  if (!(n->file = malloc((size_t)size + 1))) return fail(env, "there is no memory for the model");
  (*env)->GetByteArrayRegion(env, file, 0, size, n->file);
  return ok(env, rt.CreateModelFromBuffer(environment, n->file, (size_t)size, &n->model),
            "LiteRT cannot read this model");
}

// The operators' library knows the processor; the runtime would compute with halves one by one.
static bool has_half(JNIEnv *env) {
  GhostSession *asked = ghost_open(1, NULL);
  const bool has = asked && ghost_use_half(asked);
  ghost_close(asked);
  return has || fail(env, "this processor cannot multiply in half precision");
}

// 7: signed and unsigned 8-bit kernels, which are the default, and half precision for floats
static bool set_options(JNIEnv *env, Network *n, int threads, bool half) {
  snprintf(n->cpu_options, sizeof n->cpu_options, "num_threads = %d\n%s", threads,
           half ? "flags = 7\n" : "");
  const char *refused = "LiteRT refuses the options";
  LiteRtOpaqueOptions cpu;
  return ok(env, rt.CreateOptions(&n->options), refused) &&
         ok(env, rt.SetOptionsHardwareAccelerators(n->options, CPU), refused) &&
         ok(env, rt.CreateOpaqueOptions("xnnpack", n->cpu_options, keep, &cpu), refused) &&
         ok(env, rt.AddOpaqueOptions(n->options, cpu), refused);
}

static bool add_operators(JNIEnv *env, Network *n, int threads, bool half) {
  if (!(n->session = ghost_open(threads, NULL)))
    return fail(env, "the Ghost operators have no memory or no threads");
  if (half) ghost_use_half(n->session);
  int status = ghost_register(n->session, n->options, rt.AddCustomOpKernelOption);
  return operators_ok(env, n) && ok(env, status, "the Ghost operators were refused");
}

static bool compile(JNIEnv *env, Network *n) {
  int status = rt.CreateCompiledModel(environment, n->model, n->options, &n->compiled);
  return operators_ok(env, n) && ok(env, status, "LiteRT cannot compile this model");
}

// Operators have the threads, as ghost_op.h wants it, and the runtime has one.
static bool prepare(JNIEnv *env, Network *n, int threads, bool has_operators, bool half) {
  return (!half || has_half(env)) && set_options(env, n, has_operators ? 1 : threads, half) &&
         (!has_operators || add_operators(env, n, threads, half)) && compile(env, n);
}

static bool create_buffer(JNIEnv *env, LiteRtTensor tensor, LiteRtTensorBufferRequirements needs,
                          LiteRtTensorBuffer *buffer) {
  TensorType type = {0};
  if (!ok(env, rt.GetRankedTensorType(tensor, &type), "the model has a tensor without a rank"))
    return false;
  if (type.element_type != FLOAT32)
    return fail(env, "the model's input and output must be float32");
  return ok(env, rt.CreateManagedTensorBufferFromRequirements(environment, &type, needs, buffer),
            "there is no memory for the model's input and output");
}

static bool create_output(JNIEnv *env, Network *n, LiteRtSignature signature, size_t i) {
  const char *refused = "the model does not name its outputs";
  LiteRtTensor tensor;
  LiteRtTensorBufferRequirements needs;
  return ok(env, rt.GetSignatureOutputTensorByIndex(signature, i, &tensor), refused) &&
         ok(env, rt.GetCompiledModelOutputBufferRequirements(n->compiled, 0, i, &needs), refused) &&
         create_buffer(env, tensor, needs, &n->outputs[i]);
}

static bool create_buffers(JNIEnv *env, Network *n) {
  const char *refused = "the model does not name its input and outputs";
  LiteRtSignature signature;
  LiteRtTensor tensor;
  LiteRtTensorBufferRequirements needs;
  size_t n_inputs;
  if (!ok(env, rt.GetModelSignature(n->model, 0, &signature), refused) ||
      !ok(env, rt.GetNumSignatureInputs(signature, &n_inputs), refused) ||
      !ok(env, rt.GetNumSignatureOutputs(signature, &n->n_outputs), refused))
    return false;
  if (n_inputs != 1) return fail(env, "the model has %zu inputs, not one", n_inputs);
  if (n->n_outputs < 1 || n->n_outputs > MAX_OUTPUTS)
    return fail(env, "the model has %zu outputs, not 1 to %d", n->n_outputs, MAX_OUTPUTS);
  if (!ok(env, rt.GetSignatureInputTensorByIndex(signature, 0, &tensor), refused) ||
      !ok(env, rt.GetCompiledModelInputBufferRequirements(n->compiled, 0, 0, &needs), refused) ||
      !create_buffer(env, tensor, needs, &n->input))
    return false;
  for (size_t i = 0; i < n->n_outputs; i++)
    if (!create_output(env, n, signature, i)) return false;
  return true;
}

// The floats of a buffer, until it is unlocked; NULL after an exception.
static float *lock(JNIEnv *env, LiteRtTensorBuffer buffer, int mode, jsize *n) {
  void *values = NULL;
  size_t bytes = 0;
  const char *refused = "LiteRT does not hand over its buffer";
  if (!ok(env, rt.GetTensorBufferPackedSize(buffer, &bytes), refused) ||
      !ok(env, rt.LockTensorBuffer(buffer, &values, mode), refused))
    return NULL;
  *n = (jsize)(bytes / sizeof(float));
  return values;
}

// ------------------------------------------------------------------------------- GhostJni.kt

#define METHOD(type, name) JNIEXPORT type JNICALL Java_ghostnet_android_GhostJni_##name

METHOD(jlong, open)(JNIEnv *env, jobject self, jbyteArray file, jint threads, jboolean operators,
                    jboolean half) {
  (void)self;
  if (!load_runtime(env)) return 0;
  Network *n = calloc(1, sizeof *n);
  if (!n) return fail(env, "there is no memory for the model");
  if (read_file(env, n, file) && prepare(env, n, threads, operators, half) && create_buffers(env, n))
    return (jlong)(intptr_t)n;
  destroy(n);
  return 0;
}

METHOD(jint, file)(JNIEnv *env, jobject self, jboolean is_int8, jboolean half) {
  (void)env, (void)self;
  return ghost_file(is_int8 ? GHOST_INT8 : GHOST_FLOAT32, half);
}

METHOD(jstring, variant)(JNIEnv *env, jobject self, jlong network) {
  (void)self;
  Network *n = (Network *)(intptr_t)network;
  return (*env)->NewStringUTF(env, n->session ? ghost_variant(n->session) : "");
}

METHOD(void, write)(JNIEnv *env, jobject self, jlong network, jfloatArray input) {
  (void)self;
  Network *n = (Network *)(intptr_t)network;
  jsize size = (*env)->GetArrayLength(env, input), room;
  float *values = lock(env, n->input, LOCK_WRITE, &room);
  if (!values) return;
  if (size == room) (*env)->GetFloatArrayRegion(env, input, 0, size, values);
  else fail(env, "%d numbers for an input of %d", (int)size, (int)room);
  rt.UnlockTensorBuffer(n->input);
}

METHOD(void, run)(JNIEnv *env, jobject self, jlong network) {
  (void)self;
  Network *n = (Network *)(intptr_t)network;
  LiteRtStatus status =
      rt.RunCompiledModel(n->compiled, 0, 1, &n->input, n->n_outputs, n->outputs);
  n->has_output =
      operators_ok(env, n) && ok(env, status, "LiteRT stopped while it ran this model");
}

METHOD(jint, outputs)(JNIEnv *env, jobject self, jlong network) {
  (void)env, (void)self;
  return (jint)((Network *)(intptr_t)network)->n_outputs;
}

METHOD(jfloatArray, read)(JNIEnv *env, jobject self, jlong network, jint output) {
  (void)self;
  Network *n = (Network *)(intptr_t)network;
  if (output < 0 || (size_t)output >= n->n_outputs)
    return fail(env, "the model has no output %d", (int)output), NULL;
  if (!n->has_output) return fail(env, "the model has not run, so it has no output"), NULL;
  jsize size;
  float *values = lock(env, n->outputs[output], LOCK_READ, &size);
  if (!values) return NULL;
  jfloatArray found = (*env)->NewFloatArray(env, size);
  if (found) (*env)->SetFloatArrayRegion(env, found, 0, size, values);
  rt.UnlockTensorBuffer(n->outputs[output]);
  return found;
}

METHOD(void, close)(JNIEnv *env, jobject self, jlong network) {
  (void)env, (void)self;
  destroy((Network *)(intptr_t)network);
}

// ------------------------------------------------------------------------------- this thread's core

// Asks for one core. Some phones ignore it, so the caller looks where the thread is afterwards.
METHOD(jint, pin)(JNIEnv *env, jobject self, jint core) {
  (void)env, (void)self;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (core >= 0 && core < CPU_SETSIZE) CPU_SET(core, &set);
  return sched_setaffinity(0, sizeof set, &set) ? -1 : sched_getcpu();
}

METHOD(jint, core)(JNIEnv *env, jobject self) {
  (void)env, (void)self;
  return sched_getcpu();
}
