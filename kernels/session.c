// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The LiteRT glue: a session registers one kernel under every name that a node may have, and keeps
// the first error, because LiteRT keeps none.

#define _GNU_SOURCE  // dladdr
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"
#include "options.h"
#include "variants.h"

// ------------------------------------------------- LiteRT's C interface, as 2.1.6 and later have it

typedef int LiteRtStatus;
typedef struct LiteRtTensorBufferT *LiteRtTensorBuffer;
enum { OK = 0, INVALID_ARGUMENT = 1, RUNTIME_FAILURE = 3 };
enum { LOCK_READ = 0, LOCK_WRITE = 1 };

typedef struct {
  unsigned rank : 7;
  bool has_strides : 1;
  int32_t dimensions[8];
  uint32_t strides[8];
} LiteRtLayout;
_Static_assert(sizeof(LiteRtLayout) == 68, "as LiteRT hands it over");

typedef struct {
  LiteRtStatus (*init)(void *user_data, const void *custom_options, size_t size);
  LiteRtStatus (*get_output_layouts)(void *user_data, size_t n_inputs, const LiteRtLayout *inputs,
                                     size_t n_outputs, LiteRtLayout *outputs);
  LiteRtStatus (*run)(void *user_data, size_t n_inputs, const LiteRtTensorBuffer *inputs,
                      size_t n_outputs, LiteRtTensorBuffer *outputs);
  LiteRtStatus (*destroy)(void *user_data);
} LiteRtCustomOpKernel;

typedef struct {
  LiteRtStatus (*lock)(LiteRtTensorBuffer, void **address, int mode);
  LiteRtStatus (*unlock)(LiteRtTensorBuffer);
  LiteRtStatus (*packed_size)(LiteRtTensorBuffer, size_t *);
} Runtime;

// ------------------------------------------------------------------------------- the session

typedef struct {
  GhostSession *session;
  int index;
  GhostNode *node;  // NULL before Init, and where Init failed
} Slot;

struct GhostSession {
  const GhostVariant *variant;
  const GhostFloat16 *float16;  // NULL: float32 nodes compute in float32
  char name[32];
  GhostPool *pool;
  Runtime runtime;
  Slot slots[GHOST_MAX_NODES];
  pthread_mutex_t mutex;  // of the two below
  char error[GHOST_ERROR_BYTES], told[GHOST_ERROR_BYTES];
};

GhostSession *ghost_open(int threads, const char *variant) {
  if (threads < 1 || threads > 64) return NULL;
  GhostSession *session = calloc(1, sizeof *session);
  if (!session) return NULL;
  session->variant = ghost_variant_named(variant);
  session->pool = session->variant ? ghost_pool_open(threads) : NULL;
  if (!session->pool) {
    free(session);
    return NULL;
  }
  pthread_mutex_init(&session->mutex, NULL);
  for (int i = 0; i < GHOST_MAX_NODES; i++) session->slots[i] = (Slot){session, i, NULL};
  return session;
}

int ghost_use_half(GhostSession *session) {
  session->float16 = ghost_float16_of(session->variant);
  if (session->float16)
    snprintf(session->name, sizeof session->name, "%s_fp16", session->variant->name);
  return session->float16 != NULL;
}

const char *ghost_variant(const GhostSession *session) {
  return session->float16 ? session->name : session->variant->name;
}

void ghost_close(GhostSession *session) {
  if (!session) return;
  for (int i = 0; i < GHOST_MAX_NODES; i++) ghost_node_free(session->slots[i].node);
  ghost_pool_close(session->pool);
  pthread_mutex_destroy(&session->mutex);
  free(session);
}

GhostNode *ghost_node(GhostSession *session, const void *custom_options, size_t size,
                      char error[256]) {
  return ghost_node_of(session->variant, session->float16, session->pool, custom_options, size, error);
}

// ------------------------------------------------------------------------------- errors

// The first one stays: the others follow from it.
__attribute__((format(printf, 3, 4))) static LiteRtStatus fail(const Slot *slot,
                                                               LiteRtStatus status,
                                                               const char *text, ...) {
  GhostSession *session = slot->session;
  va_list rest;
  va_start(rest, text);
  pthread_mutex_lock(&session->mutex);
  if (!*session->error) {
    int n = snprintf(session->error, sizeof session->error, GHOST_OP_NAME ": ", slot->index);
    vsnprintf(session->error + n, sizeof session->error - (size_t)n, text, rest);
  }
  va_end(rest);
  pthread_mutex_unlock(&session->mutex);
  return status;
}

const char *ghost_error(GhostSession *session) {
  pthread_mutex_lock(&session->mutex);
  memcpy(session->told, session->error, sizeof session->told);
  *session->error = 0;
  pthread_mutex_unlock(&session->mutex);
  return *session->told ? session->told : NULL;
}

// ------------------------------------------------------------------------------- what LiteRT calls

static LiteRtStatus init(void *user_data, const void *custom_options, size_t size) {
  Slot *slot = user_data;
  char error[GHOST_ERROR_BYTES];
  if (slot->node)
    return fail(slot, INVALID_ARGUMENT,
                "a second node of this name, or a second model in one session");
  slot->node = ghost_node(slot->session, custom_options, size, error);
  return slot->node ? OK : fail(slot, INVALID_ARGUMENT, "%s", error);
}

static LiteRtStatus destroy(void *user_data) {
  Slot *slot = user_data;
  ghost_node_free(slot->node);
  slot->node = NULL;
  return OK;
}

// One pixel may be a row, [1, channels].
static bool is_of(const LiteRtLayout *layout, uint32_t height, uint32_t width, size_t channels) {
  const int32_t *d = layout->dimensions;
  if (layout->rank == 2 && height == 1 && width == 1)
    return d[0] == 1 && d[1] == (int32_t)channels;
  return layout->rank == 4 && d[0] == 1 && d[1] == (int32_t)height && d[2] == (int32_t)width &&
         d[3] == (int32_t)channels;
}

static LiteRtStatus wrong_arity(const Slot *slot, size_t n_inputs, size_t n_outputs) {
  return fail(slot, INVALID_ARGUMENT, "%zu inputs and %zu outputs, where its options say %d and 1",
              n_inputs, n_outputs, 1 + (int)slot->node->header.has_residual);
}

static LiteRtStatus get_output_layouts(void *user_data, size_t n_inputs,
                                       const LiteRtLayout *inputs, size_t n_outputs,
                                       LiteRtLayout *outputs) {
  const Slot *slot = user_data;
  if (!slot->node) return fail(slot, INVALID_ARGUMENT, "it was not prepared");
  const GhostHeader *h = &slot->node->header;
  if (n_inputs != 1 + h->has_residual || n_outputs != 1)
    return wrong_arity(slot, n_inputs, n_outputs);
  if (!is_of(&inputs[0], h->in_height, h->in_width, h->channels) ||
      (h->has_residual && !is_of(&inputs[1], h->out_height, h->out_width, h->out_channels)))
    return fail(slot, INVALID_ARGUMENT, "its inputs have other shapes than its options say");
  const int32_t height = (int32_t)h->out_height, width = (int32_t)h->out_width;
  const int32_t channels = (int32_t)h->out_channels;
  if (h->out_rank == 2) outputs[0] = (LiteRtLayout){.rank = 2, .dimensions = {1, channels}};
  else outputs[0] = (LiteRtLayout){.rank = 4, .dimensions = {1, height, width, channels}};
  return OK;
}

static bool has_bytes(const Slot *slot, LiteRtTensorBuffer buffer, size_t expected,
                      const char *what) {
  size_t bytes = 0;
  if (slot->session->runtime.packed_size(buffer, &bytes) == OK && bytes == expected) return true;
  fail(slot, INVALID_ARGUMENT, "its %s has %zu bytes, not the %zu that its options say", what,
       bytes, expected);
  return false;
}

static void *locked(const Slot *slot, LiteRtTensorBuffer buffer, int mode, const char *what) {
  void *address = NULL;
  if (slot->session->runtime.lock(buffer, &address, mode) == OK && address) return address;
  fail(slot, RUNTIME_FAILURE, "the runtime does not hand over its %s", what);
  return NULL;
}

static LiteRtStatus run(void *user_data, size_t n_inputs, const LiteRtTensorBuffer *inputs,
                        size_t n_outputs, LiteRtTensorBuffer *outputs) {
  Slot *slot = user_data;
  GhostNode *node = slot->node;
  const Runtime *runtime = &slot->session->runtime;
  if (!node) return fail(slot, INVALID_ARGUMENT, "it was not prepared");
  bool has_residual = node->header.has_residual;
  if (n_inputs != 1u + has_residual || n_outputs != 1)
    return wrong_arity(slot, n_inputs, n_outputs);
  if (!has_bytes(slot, inputs[0], ghost_node_input_bytes(node), "input") ||
      !has_bytes(slot, outputs[0], ghost_node_output_bytes(node), "output") ||
      (has_residual &&
       !has_bytes(slot, inputs[1], ghost_node_output_bytes(node), "second input")))
    return INVALID_ARGUMENT;
  void *in = locked(slot, inputs[0], LOCK_READ, "input");
  void *residual = has_residual ? locked(slot, inputs[1], LOCK_READ, "second input") : NULL;
  void *out = locked(slot, outputs[0], LOCK_WRITE, "output");
  bool is_whole = in && out && (residual || !has_residual);
  if (is_whole) ghost_node_run(node, in, residual, out);
  if (in) runtime->unlock(inputs[0]);
  if (residual) runtime->unlock(inputs[1]);
  if (out) runtime->unlock(outputs[0]);
  return is_whole ? OK : RUNTIME_FAILURE;
}

// ------------------------------------------------------------------------------- registration

// Of the library that `add` is in: there may be several runtimes in a process.
static bool find_runtime(Runtime *runtime, GhostAddKernel add) {
  Dl_info in;
  if (!dladdr(*(void **)&add, &in)) return false;
  void *library = dlopen(in.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  if (!library) return false;
  *(void **)&runtime->lock = dlsym(library, "LiteRtLockTensorBuffer");
  *(void **)&runtime->unlock = dlsym(library, "LiteRtUnlockTensorBuffer");
  *(void **)&runtime->packed_size = dlsym(library, "LiteRtGetTensorBufferPackedSize");
  dlclose(library);  // it was open before, and the caller keeps it so
  return runtime->lock && runtime->unlock && runtime->packed_size;
}

int ghost_register(GhostSession *session, void *options, GhostAddKernel add) {
  static const LiteRtCustomOpKernel kernel = {init, get_output_layouts, run, destroy};
  if (!find_runtime(&session->runtime, add))
    return fail(&session->slots[0], RUNTIME_FAILURE,
                "the library of LiteRtAddCustomOpKernelOption is not LiteRT");
  for (int i = 0; i < GHOST_MAX_NODES; i++) {
    char name[32];
    snprintf(name, sizeof name, GHOST_OP_NAME, i);
    LiteRtStatus status = add(options, name, 1, &kernel, &session->slots[i]);
    if (status != OK)
      return fail(&session->slots[i], status, "LiteRT does not register it (status %d)", status);
  }
  return OK;
}
