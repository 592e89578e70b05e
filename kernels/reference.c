// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The variant "c": what every other one must equal, as plainly as it can be said. It runs on any
// processor and takes every node that the options parser lets through.

#include <string.h>

#include "node.h"

// The window's taps inside of the input: [from, to) in kernel rows or columns.
static void taps_inside(int start, int kernel, int size, int *from, int *to) {
  *from = start < 0 ? -start : 0;
  *to = size - start < kernel ? size - start : kernel;
}

#define CONVOLVE(TYPE, NODE_WEIGHTS, SUM_TYPE, MULTIPLY_ADD, FIRST, FINISH)                        \
  const GhostHeader *h = &node->is;                                                                \
  const int channels = (int)h->channels, kernel_w = (int)h->kernel_w;                              \
  const size_t pixel = ghost_out_channels(h), taps = (size_t)h->kernel_h * h->kernel_w;            \
  const TYPE *weights = node->NODE_WEIGHTS + (size_t)cheap * taps * h->channels;                   \
  for (int y = first; y < last; y++)                                                               \
    for (int x = 0; x < (int)h->out_width; x++) {                                                  \
      TYPE *to = (TYPE *)out + ((size_t)y * h->out_width + (size_t)x) * pixel;                     \
      int top = y * (int)h->stride_h - (int)h->pad_top, y0, y1, x0, x1;                            \
      int left = x * (int)h->stride_w - (int)h->pad_left;                                          \
      taps_inside(top, (int)h->kernel_h, (int)h->in_height, &y0, &y1);                             \
      taps_inside(left, kernel_w, (int)h->in_width, &x0, &x1);                                     \
      if (ghost_copies(h, cheap))                                                                  \
        memcpy(to, (const TYPE *)in + ((size_t)y * h->in_width + (size_t)x) * h->channels,         \
               h->channels * sizeof(TYPE));                                                        \
      to += ghost_cheap_offset(h, cheap);                                                          \
      for (int c = 0; c < channels; c++) {                                                         \
        size_t of = (size_t)cheap * h->channels + (size_t)c;                                       \
        SUM_TYPE sum = FIRST;                                                                      \
        for (int ky = 0; ky < (int)h->kernel_h; ky++)                                              \
          for (int kx = 0; kx < kernel_w; kx++) {                                                  \
            bool is_inside = ky >= y0 && ky < y1 && kx >= x0 && kx < x1;                           \
            size_t at = is_inside ? (size_t)(top + ky) * h->in_width + (size_t)(left + kx) : 0;    \
            TYPE value = is_inside ? ((const TYPE *)in)[at * h->channels + (size_t)c]              \
                                   : *(const TYPE *)node->padding_row;                             \
            TYPE weight = weights[(size_t)(ky * kernel_w + kx) * h->channels + (size_t)c];         \
            MULTIPLY_ADD;                                                                          \
          }                                                                                        \
        to[c] = FINISH;                                                                            \
      }                                                                                            \
    }

// Sums wrap, as the runtime's do.
static void run_int8(const GhostNode *node, int cheap, const void *in, void *out, int first,
                     int last) {
  CONVOLVE(int8_t, weights_int8, uint32_t, sum += (uint32_t)(value * weight),
           (uint32_t)node->bias_int32[of],
           ghost_requantize((int32_t)sum, node->scale[of], node->clamp))
}

static void run_float32(const GhostNode *node, int cheap, const void *in, void *out, int first,
                        int last) {
  CONVOLVE(float, weights_float32, float, sum += value * weight, node->bias_float32[of],
           sum < node->min   ? node->min
           : sum > node->max ? node->max
                             : sum)
}

void ghost_reference_add_int8(int8_t *x, const int8_t *y, size_t n, const GhostSum *sum) {
  for (size_t i = 0; i < n; i++) x[i] = ghost_sum(x[i], y[i], sum);
}

const GhostKernel GHOST_REFERENCE_INT8 = {.rows = 1, .lanes = 1, .run = run_int8};
const GhostKernel GHOST_REFERENCE_FLOAT32 = {.rows = 1, .lanes = 1, .run = run_float32};
