// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// custom_options of a node, read and judged before anything believes them.

#ifndef GHOSTNET_OPTIONS_H
#define GHOSTNET_OPTIONS_H

#include <stdbool.h>

#include "ghost_op.h"

enum {
  GHOST_ERROR_BYTES = 256,
  GHOST_MAX_KERNEL = 32,  // rows or columns of a window
  // Elements of all the rows that the windows of one output row lie in, where they are larger than 1x1.
  GHOST_MAX_STRIPE = 1 << 14,
};

typedef struct {
  GhostHeader header;
  // Into the bytes that were given, and as unaligned as they are; weight_scale only in int8 files.
  const uint8_t *weights, *weight_scale, *bias;
} GhostOptions;

// Channels that are convolved, each with a weight scale and a bias of its own; weights of each.
static inline size_t ghost_convolved_channels(const GhostHeader *h) {
  return h->kind == GHOST_CONVOLUTION ? h->out_channels : (size_t)h->n_cheap * h->channels;
}
static inline size_t ghost_taps(const GhostHeader *h) {
  return (size_t)h->kernel_h * h->kernel_w * (h->kind == GHOST_CONVOLUTION ? h->channels : 1);
}

// A convolution whose windows are the pixels themselves, as they lie in the input, and all of them: a
// narrower output would skip some at the end of each row.
static inline bool ghost_is_pointwise(const GhostHeader *h) {
  return h->kernel_h == 1 && h->kernel_w == 1 && h->stride_h == 1 && h->stride_w == 1 &&
         h->in_width == h->out_width && h->channels % 4 == 0;
}

// Columns that the windows of one row span, padding included.
static inline size_t ghost_spanned_columns(const GhostHeader *h) {
  return (size_t)(h->out_width - 1) * h->stride_w + h->kernel_w;
}

// What the residual is added to.
static inline GhostQuantization ghost_summed(const GhostHeader *h) {
  return h->kind == GHOST_GHOST ? h->concat : h->conv;
}

// False with a sentence in `error` where the bytes are not a whole, sound node. Reads nothing
// outside of `data[0..size)`, whatever they say.
bool ghost_options_read(GhostOptions *options, const void *data, size_t size,
                        char error[GHOST_ERROR_BYTES]);

#endif
