// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Where the windows of a convolution lie in the input: the taps of one output pixel as pointers.

#ifndef GHOSTNET_DEPTHWISE_WINDOWS_H
#define GHOSTNET_DEPTHWISE_WINDOWS_H

#include <string.h>

#include "node.h"

enum { GHOST_MAX_UNROLLED = 5 };  // kernels of 3x3 and 5x5 have loops of their own

// The convolution of a Ghost module: three by three, one step, one zero around.
static inline bool ghost_is_same3(const GhostHeader *h) {
  return h->kernel_h == 3 && h->kernel_w == 3 && h->stride_h == 1 && h->stride_w == 1 &&
         h->pad_top == 1 && h->pad_left == 1 && h->in_height == h->out_height &&
         h->in_width == h->out_width;
}

// 3x3 at stride 2 whose windows reach over each side by one column at most.
static inline bool ghost_is_halving3(const GhostHeader *h) {
  const int end = ((int)h->out_width - 1) * 2 + 3 - (int)h->pad_left;  // of the last window
  return h->kernel_h == 3 && h->kernel_w == 3 && h->stride_h == 2 && h->stride_w == 2 &&
         h->pad_left <= 1 && end <= (int)h->in_width + 1 && h->in_width > 1;
}

// Both go column by column.
static inline bool ghost_is_strip(const GhostHeader *h) {
  return ghost_is_same3(h) || ghost_is_halving3(h);
}

// 5x5 at stride 2, whatever it reaches over.
static inline bool ghost_is_halving5(const GhostHeader *h) {
  return h->kernel_h == 5 && h->kernel_w == 5 && h->stride_h == 2 && h->stride_w == 2;
}

static inline bool ghost_is_unrolled(const GhostNode *node) {
  const GhostHeader *h = &node->header;
  return h->kernel_h == h->kernel_w && (h->kernel_h == 3 || h->kernel_h == 5);
}

// Output columns from <= x < to have their whole window inside of the input's columns.
static inline void ghost_inner_columns(const GhostHeader *h, int *from, int *to) {
  int stride = (int)h->stride_w, pad = (int)h->pad_left, width = (int)h->out_width;
  int room = (int)h->in_width - (int)h->kernel_w + pad;
  *from = (pad + stride - 1) / stride;
  *to = room < 0 ? 0 : room / stride + 1;
  if (*to > width) *to = width;
  if (*from > *to) *from = *to;
}

// The copy of y' into the output, where the convolution does not do it in passing.
static inline void ghost_copy_rows(const GhostNode *node, const void *in, void *out, int first,
                                   int last, size_t element) {
  const GhostHeader *h = &node->header;
  const size_t from = h->channels * element, to = (size_t)h->out_channels * element;
  for (size_t i = (size_t)first * h->out_width; i < (size_t)last * h->out_width; i++)
    memcpy((char *)out + i * to, (const char *)in + i * from, from);
}

#endif
