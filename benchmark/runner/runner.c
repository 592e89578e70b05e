// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Runs one .tflite in libLiteRt.so and prints what happened as one JSON document on stdout.
// The same source on a phone, under an emulator and on a workstation. All that it is told comes
// from its command line; all that it cannot do is an exit code and one sentence on stderr.

#define _GNU_SOURCE
#include <sys/wait.h>
#include <time.h>
#ifdef __APPLE__
#include <sys/resource.h>
#else
#include <sys/auxv.h>
#include <sys/prctl.h>
#endif

#include "network.h"
#include "smoke_model.h"

// In a process of its own: a runtime that has changed its interface crashes there, not here.
static void smoke_test(void) {
  pid_t child = fork();
  if (child < 0) stop(RUN_FAILED, "no second process for the smoke test: %s", strerror(errno));
  if (child == 0) {
    LiteRtEnvironment environment;
    float *in, *out;
    args.input = args.output = args.ops = NULL, args.fp16 = false;
    check(rt.CreateEnvironment(0, NULL, &environment), RUNTIME_UNUSABLE, "no environment");
    Network net = compile(environment, read_model(environment, SMOKE_MODEL, sizeof SMOKE_MODEL), 0);
    run(&net);
    rt.LockTensorBuffer(net.inputs[0], (void **)&in, LOCK_READ);
    rt.LockTensorBuffer(net.outputs[0], (void **)&out, LOCK_READ);
    for (int i = 0; i < 4; i++)
      if (in[i] == 0 || out[i] != in[i] + in[i]) _exit(RUNTIME_UNUSABLE);
    _exit(DONE);
  }
  int state;
  if (waitpid(child, &state, 0) != child || !WIFEXITED(state) || WEXITSTATUS(state) != DONE)
    stop(RUNTIME_UNUSABLE, "%s is an unknown build of LiteRT and fails a model of one addition",
         args.library);
}

// ---------------------------------------------------------------------------- the clock

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

// The smallest step that this clock was seen to take, in ns; clock_getres promises too much.
static long clock_resolution_ns(void) {
  long least = 1000000000;
  for (int i = 0; i < 200; i++) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    do clock_gettime(CLOCK_MONOTONIC, &b);
    while (a.tv_nsec == b.tv_nsec && a.tv_sec == b.tv_sec);
    long step = (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec;
    if (step < least) least = step;
  }
  return least;
}

// Not ru_maxrss on Linux: that one remembers the process that started this one.
static long peak_memory_bytes(void) {
#ifdef __APPLE__
  struct rusage usage;
  return getrusage(RUSAGE_SELF, &usage) ? 0 : usage.ru_maxrss;
#else
  char line[256];
  long kilobytes = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (sscanf(line, "VmHWM: %ld kB", &kilobytes) == 1) break;
  if (status) fclose(status);
  return kilobytes * 1024;
#endif
}

// What benchmark/emulator/counter.c listens for. Every other system answers "invalid argument".
enum Marker { ARM = 1, BEGIN = 2, END = 3, CLOCK = 4 };
static void mark(enum Marker marker) {
#ifdef __APPLE__
  (void)marker;
#else
  if (args.markers) prctl(0x47484f53, marker, 0, 0, 0);
#endif
}

// ---------------------------------------------------------------------------- the report

typedef struct {
  double *ms;
  size_t n, room;
} Times;

static void add(Times *times, double ms) {
  if (times->n == times->room) {
    times->room = times->room ? 2 * times->room : 64;
    times->ms = realloc(times->ms, times->room * sizeof *times->ms);
    if (!times->ms) stop(RUN_FAILED, "out of memory");
  }
  times->ms[times->n++] = ms;
}

static void print_times(const char *name, const Times *times) {
  printf(" \"%s\": [", name);
  for (size_t i = 0; i < times->n; i++) printf("%s%.6f", i ? ", " : "", times->ms[i]);
  printf("],\n");
}

static void print_text(const char *text) {
  putchar('"');
  for (const unsigned char *c = (const unsigned char *)text; *c; c++)
    if (*c < 0x20 || *c == '"' || *c == '\\' || *c >= 0x7f)
      printf("\\u%04x", *c);  // a tensor's name may hold anything
    else
      putchar(*c);
  putchar('"');
}

// What a Ghost operator of the file is told of itself; false for every other operator.
static bool read_ghost(LiteRtOp op, GhostHeader *h) {
  const uint8_t *options = NULL;
  int32_t size = 0;
  const char *name = NULL;
  int code;
  if (!rt.GetCustomCode || !rt.GetCustomOptions || rt.GetOpCode(op, &code) ||
      code != CUSTOM_OPERATOR || rt.GetCustomCode(op, &name) || !name ||
      strncmp(name, GHOST_OP_NAME, strcspn(GHOST_OP_NAME, "%")) ||
      rt.GetCustomOptions(op, &options, &size) || !options || (size_t)size < sizeof *h)
    return false;
  memcpy(h, options, sizeof *h);
  return h->magic == GHOST_MAGIC && h->version == GHOST_VERSION;
}

// Which file of this network a program would open on this processor; "" for a file without operators.
static const char *file_to_open(LiteRtModel model) {
  static const char *const NAMES[] = {"plain", "depthwise", "all"};
  LiteRtSubgraph graph;
  LiteRtOp op;
  GhostHeader h;
  size_t n = operators_of(model, &graph);
  for (size_t i = 0; args.ops && i < n; i++)
    if (!rt.GetSubgraphOp(graph, i, &op) && read_ghost(op, &h))
      return NAMES[ops.file((int)h.dtype, args.fp16)];
  return "";
}

// In words: "module 3x3 with ADD"; of operators that are none of ours nothing.
static void print_ghost(LiteRtOp op) {
  GhostHeader h;
  if (!read_ghost(op, &h)) return;
  bool is_dense = h.kind == GHOST_CONVOLUTION && h.in_height == 1 && h.in_width == 1;
  printf(", \"ghost\": \"%s", is_dense                       ? "dense"
                             : h.kind == GHOST_GHOST     ? "module"
                             : h.kind == GHOST_DEPTHWISE ? "depthwise"
                                                         : "convolution");
  if (!is_dense) printf(" %ux%u", (unsigned)h.kernel_h, (unsigned)h.kernel_w);
  if (h.stride_h != h.stride_w) printf(" stride %ux%u", (unsigned)h.stride_h, (unsigned)h.stride_w);
  else if (h.stride_h > 1) printf(" stride %u", (unsigned)h.stride_h);
  printf("%s\"", h.has_residual ? " with ADD" : "");
}

// The operators of the file, in its order: TFLite's code, and the name of the first output.
static void print_graph(LiteRtModel model) {
  LiteRtSubgraph graph;
  size_t n = operators_of(model, &graph), n_graphs;
  check(rt.GetNumModelSubgraphs(model, &n_graphs), RUN_FAILED, "no graphs");
  printf(" \"subgraphs\": %zu,\n \"graph\": [", n_graphs);
  for (size_t i = 0; i < n; i++) {
    LiteRtOp op;
    LiteRtTensor output;
    const char *name = "";  // of what writes nothing but a variable
    size_t n_outputs;
    int code;
    check(rt.GetSubgraphOp(graph, i, &op), RUN_FAILED, "an operator is missing");
    check(rt.GetOpCode(op, &code), RUN_FAILED, "an operator has no code");
    check(rt.GetNumOpOutputs(op, &n_outputs), RUN_FAILED, "an operator has no outputs");
    if (n_outputs) {
      check(rt.GetOpOutput(op, 0, &output), RUN_FAILED, "an operator has no output");
      check(rt.GetTensorName(output, &name), RUN_FAILED, "a tensor has no name");
    }
    printf("%s{\"code\": %d, \"output\": ", i ? ", " : "", code);
    print_text(name);
    print_ghost(op);
    printf("}");
  }
  printf("],\n");
}

// What the runtime ran, run by run, in order. What XNNPACK took has XNNPACK's names, and the index
// starts at 0 with every partition; the rest has TFLite's names.
static void print_profile(LiteRtEnvironment environment, LiteRtModel model, long runs) {
  Network net = compile(environment, model, true);
  LiteRtProfiler profiler;
  check(rt.CompiledModelGetProfiler(net.compiled, &profiler), RUN_FAILED, "no profiler");
  run(&net);
  mark(CLOCK);  // from here on, under an emulator, the time is a count
  printf(" \"profile\": [");
  for (long i = 0; i < runs; i++) {
    int n = 0;
    check(rt.ResetProfiler(profiler), RUN_FAILED, "no profiler");
    check(rt.StartProfiler(profiler), RUN_FAILED, "no profiler");
    run(&net);
    check(rt.StopProfiler(profiler), RUN_FAILED, "no profiler");
    check(rt.GetNumProfilerEvents(profiler, &n), RUN_FAILED, "no profile");
    ProfileEvent *events = allocate((size_t)n * sizeof *events);
    check(n ? rt.GetProfilerEvents(profiler, n, events) : 0, RUN_FAILED, "no profile");
    printf("%s[", i ? ",\n  " : "");
    const char *comma = "";
    for (int k = 0; k < n; k++)
      if (events[k].type & (OPERATOR_EVENT | DELEGATE_EVENT)) {
        printf("%s{\"name\": ", comma);
        print_text(events[k].tag);
        printf(", \"delegated\": %s, \"index\": %llu, \"us\": %llu}",
               events[k].type == OPERATOR_EVENT ? "false" : "true",
               (unsigned long long)events[k].node, (unsigned long long)events[k].elapsed_us);
        comma = ", ";
      }
    printf("]");
    free(events);
  }
  printf("],\n");
}

// ---------------------------------------------------------------------------- the command line

static double number(const char *flag, const char *text, double least, double most) {
  char *end;
  double value = text ? strtod(text, &end) : 0;
  if (!text || end == text || *end || !(value >= least && value <= most))
    stop(BAD_USAGE, "%s takes a number from %g to %g, not '%s'", flag, least, most,
         text ? text : "");
  return value;
}

static void read_arguments(int n, char **given) {
  for (int i = 1; i < n; i++) {
    const char *flag = given[i], *value = i + 1 < n ? given[i + 1] : NULL;
    bool takes_value = true;
    if (!strcmp(flag, "--library")) args.library = value;
    else if (!strcmp(flag, "--model")) args.model = value;
    else if (!strcmp(flag, "--input")) args.input = value;
    else if (!strcmp(flag, "--output")) args.output = value;
    else if (!strcmp(flag, "--ops")) args.ops = value;
    else if (!strcmp(flag, "--threads")) args.threads = (long)number(flag, value, 1, 64);
    else if (!strcmp(flag, "--warmup")) args.warmup = (long)number(flag, value, 0, 1e6);
    else if (!strcmp(flag, "--runs")) args.runs = (long)number(flag, value, 1, 1e6);
    else if (!strcmp(flag, "--profile")) args.profile = (long)number(flag, value, 1, 1e4);
    else if (!strcmp(flag, "--seconds")) args.seconds = number(flag, value, 0, 3600);
    else {
      takes_value = false;
      if (!strcmp(flag, "--fp16")) args.fp16 = true;
      else if (!strcmp(flag, "--audit")) args.audit = true;
      else if (!strcmp(flag, "--markers")) args.markers = true;
      else stop(BAD_USAGE, "there is no option '%s'", flag);
    }
    if (takes_value && !value) stop(BAD_USAGE, "%s needs a value", flag);
    i += takes_value;
  }
  if (!args.library || !args.model)
    stop(BAD_USAGE,
         "usage: runner --library libLiteRt.so --model FILE [--threads N] [--fp16] [--warmup N] "
         "[--runs N] [--seconds S] [--input FILE] [--output FILE] [--ops libghostop.so] [--audit] [--profile RUNS] [--markers]");
}

static void need_fp16(void) {
#if defined(__aarch64__) && !defined(__APPLE__)
  if (getauxval(AT_HWCAP) & 1 << 10) return;  // HWCAP_ASIMDHP
#endif
  stop(NO_FP16, "this processor has no half-precision arithmetic that XNNPACK would use");
}

int main(int n, char **given) {
  char library_sha[65], model_sha[65], output_sha[65];
  const char *version = NULL;
  size_t size;

  read_arguments(n, given);
  if (args.fp16) need_fp16();
  uint8_t *library = read_file(args.library, &size);
  sha256_of(library, size, library_sha);
  free(library);
  for (size_t i = 0; i < sizeof KNOWN_RUNTIMES / sizeof *KNOWN_RUNTIMES; i++)
    if (!strcmp(KNOWN_RUNTIMES[i].sha256, library_sha)) version = KNOWN_RUNTIMES[i].version;
  uint8_t *data = read_file(args.model, &size);
  sha256_of(data, size, model_sha);
  if (size < 8 || memcmp(data + 4, "TFL3", 4))
    stop(MODEL_REFUSED, "%s is not a .tflite file", args.model);
  load_runtime();
  if (!version) smoke_test();
  if (args.ops) load_operators();

  LiteRtEnvironment environment;
  check(rt.CreateEnvironment(0, NULL, &environment), RUN_FAILED, "no environment");
  double start = now_ms();
  LiteRtModel model = read_model(environment, data, size);
  double loaded = now_ms();
  Network net = compile(environment, model, false);
  double ready = now_ms();

  Times warmup = {0}, latency = {0};
  for (long i = 0; i < args.warmup; i++) {
    double before = now_ms();
    run(&net);
    add(&warmup, now_ms() - before);
  }
  mark(ARM);
  double first = now_ms(), after = first;
  while ((long)latency.n < args.runs || after - first < args.seconds * 1e3) {
    double before = now_ms();
    mark(BEGIN);
    run(&net);
    mark(END);
    after = now_ms();
    add(&latency, after - before);
  }
  long memory = peak_memory_bytes();  // before the passes below need a second network
  hash_outputs(&net, output_sha);
  if (args.output) write_outputs(&net, args.output);

  printf("{\n \"runner\": 1,\n \"model_sha256\": \"%s\",\n", model_sha);
  printf(" \"runtime_sha256\": \"%s\",\n \"runtime_version\": ", library_sha);
  printf(version ? "\"%s\",\n" : "null,\n", version);
  printf(" \"resized\": %zu,\n", net.n_resized);
  printf(" \"operators\": \"%s\",\n", net.session ? ops.variant(net.session) : "");
  printf(" \"opens\": \"%s\",\n", file_to_open(model));
  printf(" \"threads\": %ld,\n \"fp16\": %s,\n", args.threads, args.fp16 ? "true" : "false");
  printf(" \"load_ms\": %.6f,\n \"init_ms\": %.6f,\n", loaded - start, ready - loaded);
  print_times("warmup_ms", &warmup);
  print_times("latency_ms", &latency);
  printf(" \"peak_memory_bytes\": %ld,\n", memory);
  printf(" \"clock_resolution_ns\": %ld,\n", clock_resolution_ns());
  if (args.audit || args.profile) {
    print_graph(model);
    print_profile(environment, model, args.profile ? args.profile : 1);
  } else {
    printf(" \"subgraphs\": 1,\n \"graph\": [],\n \"profile\": [],\n");
  }
  printf(" \"output_sha256\": \"%s\"\n}\n", output_sha);
  if (fflush(stdout) || ferror(stdout)) stop(RUN_FAILED, "the report cannot be written");
  _exit(DONE);  // the memory goes with the process
}
