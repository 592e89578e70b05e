// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// A LiteRT that only registers one operator and calls it as a damaged file would make it be called:
// with buffers of any size, with too few of them, with a lock that fails.

#include <stddef.h>
#include <stdint.h>

typedef struct {
  void *data;  // NULL: it cannot be locked
  size_t bytes;
} *Buffer;

typedef struct {
  int (*init)(void *, const void *, size_t);
  int (*layouts)(void *, size_t, const void *, size_t, void *);
  int (*run)(void *, size_t, const Buffer *, size_t, Buffer *);
  int (*destroy)(void *);
} Kernel;

static const Kernel *kernel;
static void *first;  // user data of the first name
static int n_names;

int LiteRtAddCustomOpKernelOption(void *options, const char *name, int version, const Kernel *given,
                                  void *user_data) {
  (void)name, (void)version;
  if (options) return 42;  // a runtime that refuses
  if (n_names++ == 0) kernel = given, first = user_data;
  return 0;
}

int LiteRtLockTensorBuffer(Buffer buffer, void **address, int mode) {
  (void)mode;
  *address = buffer->data;
  return buffer->data ? 0 : 3;
}

int LiteRtUnlockTensorBuffer(Buffer buffer) {
  (void)buffer;
  return 0;
}

int LiteRtGetTensorBufferPackedSize(Buffer buffer, size_t *bytes) {
  *bytes = buffer->bytes;
  return 0;
}

int stub_names(void) { return n_names; }
int stub_init(const void *options, size_t size) { return kernel->init(first, options, size); }
int stub_destroy(void) { return kernel->destroy(first); }
int stub_layouts(size_t n_in, const void *in, size_t n_out, void *out) {
  return kernel->layouts(first, n_in, in, n_out, out);
}
int stub_run(size_t n_in, const Buffer *in, size_t n_out, Buffer *out) {
  return kernel->run(first, n_in, in, n_out, out);
}
