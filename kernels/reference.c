// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The variant "c": what every other one must equal, as plainly as it can be said. It runs on any
// processor and takes every node that the options parser lets through.

#include <string.h>

#include "node.h"
#include "options.h"

// The window's taps inside of the input: [from, to) in kernel rows or columns.
static void taps_inside(int start, int kernel, int size, int *from, int *to) {
  *from = start < 0 ? -start : 0;
  *to = size - start < kernel ? size - start : kernel;
}

#define CONVOLVE(TYPE, WEIGHT, NODE_WEIGHTS, SUM_TYPE, MULTIPLY_ADD, FIRST, FINISH)                \
  const GhostHeader *h = &node->header;                                                            \
  const int channels = (int)h->channels, kernel_w = (int)h->kernel_w;                              \
  const size_t pixel = (size_t)h->out_channels, taps = (size_t)h->kernel_h * h->kernel_w;            \
  const WEIGHT *weights = node->NODE_WEIGHTS + (size_t)cheap * taps * h->channels;                 \
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
            WEIGHT weight = weights[(size_t)(ky * kernel_w + kx) * h->channels + (size_t)c];       \
            MULTIPLY_ADD;                                                                          \
          }                                                                                        \
        to[c] = FINISH;                                                                            \
      }                                                                                            \
    }

// Sums wrap, as the runtime's do.
static void run_int8(const GhostNode *node, int cheap, const void *in, void *out, int first,
                     int last) {
  CONVOLVE(int8_t, int8_t, weights_int8, uint32_t, sum += (uint32_t)(value * weight),
           (uint32_t)node->bias_int32[of],
           ghost_requantize((int32_t)sum, node->scale[of], node->clamp))
}

static void run_float32(const GhostNode *node, int cheap, const void *in, void *out, int first,
                        int last) {
  CONVOLVE(float, float, weights_float32, float, sum += value * weight, node->bias_float32[of],
           sum < node->min   ? node->min
           : sum > node->max ? node->max
                             : sum)
}

// NaN stays NaN.
static GhostHalf limited(GhostHalf sum, const GhostNode *node) {
  const float value = ghost_float_of(sum);
  return value < node->min   ? ghost_half_of(node->min)
         : value > node->max ? ghost_half_of(node->max)
                             : sum;
}

// A sum is a half after each product, in the order of taps and channels.
static void run_float16(const GhostNode *node, int cheap, const void *in, void *out, int first,
                        int last) {
  CONVOLVE(GhostHalf, float, weights_float32, GhostHalf,
           sum = ghost_half_multiply_add(sum, value, ghost_half_of(weight)),
           ghost_half_of(node->bias_float32[of]), limited(sum, node))
}

// One pixel of an ordinary convolution. The rows and columns of `first` and `last` count pixels where
// the convolution is pointwise: then they are one long row.
#define CONVOLVE_ALL(TYPE, WEIGHT, NODE_WEIGHTS, SUM_TYPE, MULTIPLY_ADD, FIRST, FINISH)            \
  const GhostHeader *h = &node->header;                                                            \
  const bool is_pointwise = ghost_is_pointwise(h);                                                 \
  const size_t row = is_pointwise ? 1 : h->out_width, channels = h->channels;                      \
  const size_t width = h->out_channels;                                                            \
  (void)cheap;                                                                                     \
  for (size_t i = (size_t)first * row; i < (size_t)last * row; i++) {                              \
    const int top = (int)(i / h->out_width * h->stride_h) - (int)h->pad_top;                       \
    const int left = (int)(i % h->out_width * h->stride_w) - (int)h->pad_left;                     \
    for (size_t of = 0; of < width; of++) {                                                        \
      const WEIGHT *weights = node->NODE_WEIGHTS + of * h->kernel_h * node->depth;                 \
      SUM_TYPE sum = FIRST;                                                                        \
      for (int ky = 0; ky < (int)h->kernel_h; ky++)                                                \
        for (int k = 0; k < (int)(h->kernel_w * channels); k++) {                                  \
          const int y = top + ky, x = left + k / (int)channels;                                    \
          bool is_inside = y >= 0 && y < (int)h->in_height && x >= 0 && x < (int)h->in_width;      \
          size_t at = is_inside ? ((size_t)y * h->in_width + (size_t)x) * channels : 0;            \
          TYPE value = is_inside ? ((const TYPE *)in)[at + (size_t)k % channels]                   \
                                 : *(const TYPE *)node->padding_row;                               \
          WEIGHT weight = weights[(size_t)ky * node->depth + (size_t)k];                           \
          MULTIPLY_ADD;                                                                            \
        }                                                                                          \
      ((TYPE *)out)[i * width + of] = FINISH;                                                      \
    }                                                                                              \
  }

static void run_convolution_int8(const GhostNode *node, int cheap, const void *in, void *out,
                                 int first, int last) {
  CONVOLVE_ALL(int8_t, int8_t, weights_int8, uint32_t, sum += (uint32_t)(value * weight),
               (uint32_t)node->bias_int32[of],
               ghost_requantize((int32_t)sum, node->scale[of], node->clamp))
}

static void run_convolution_float32(const GhostNode *node, int cheap, const void *in, void *out,
                                    int first, int last) {
  CONVOLVE_ALL(float, float, weights_float32, float, sum += value * weight, node->bias_float32[of],
               sum < node->min   ? node->min
               : sum > node->max ? node->max
                                 : sum)
}

static GhostHalf sum_of(GhostHalf a, GhostHalf b) {
  return ghost_half_of((double)ghost_float_of(a) + (double)ghost_float_of(b));
}

typedef struct {
  GhostHalf sum, total;  // of this block, of those before
  bool has_total;
} Blocks;

static Blocks begun(float bias) { return (Blocks){.sum = ghost_half_of(bias)}; }

static GhostHalf whole(Blocks b) { return b.has_total ? sum_of(b.total, b.sum) : b.sum; }

// `k`: of a window's row.
static Blocks with_product(Blocks b, int k, GhostHalf value, float weight) {
  if (k && k % GHOST_HALF_BLOCK == 0) b = (Blocks){.total = whole(b), .has_total = true};
  b.sum = ghost_half_multiply_add(b.sum, value, ghost_half_of(weight));
  return b;
}

static void run_convolution_float16(const GhostNode *node, int cheap, const void *in, void *out,
                                    int first, int last) {
  CONVOLVE_ALL(GhostHalf, float, weights_float32, Blocks, sum = with_product(sum, k, value, weight),
               begun(node->bias_float32[of]), limited(whole(sum), node))
}

void ghost_add_int8_reference(int8_t *x, const int8_t *y, size_t n, const GhostSum *sum) {
  for (size_t i = 0; i < n; i++) x[i] = ghost_sum(x[i], y[i], sum);
}

void ghost_add_float32_reference(float *x, const float *y, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] += y[i];
}

void ghost_add_float16_reference(GhostHalf *x, const GhostHalf *y, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = sum_of(x[i], y[i]);
}

void ghost_to_halves_reference(GhostHalf *to, const float *from, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = ghost_half_of(from[i]);
}

void ghost_to_floats_reference(float *to, const GhostHalf *from, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = ghost_float_of(from[i]);
}

const GhostKernel GHOST_DEPTHWISE_INT8_REFERENCE = {.rows = 1, .lanes = 1, .run = run_int8};
const GhostKernel GHOST_DEPTHWISE_FLOAT32_REFERENCE = {.rows = 1, .lanes = 1, .run = run_float32};
const GhostKernel GHOST_DEPTHWISE_FLOAT16_REFERENCE = {.rows = 1, .lanes = 1, .run = run_float16};
const GhostKernel GHOST_CONVOLUTION_INT8_REFERENCE = {
    .rows = 1, .tile = 1, .lanes = 1, .chunk = 1, .run = run_convolution_int8,
};
const GhostKernel GHOST_CONVOLUTION_FLOAT32_REFERENCE = {
    .rows = 1, .tile = 1, .lanes = 1, .chunk = 1, .run = run_convolution_float32,
};
const GhostKernel GHOST_CONVOLUTION_FLOAT16_REFERENCE = {
    .rows = 1, .tile = 1, .lanes = 1, .chunk = 1, .run = run_convolution_float16,
};
