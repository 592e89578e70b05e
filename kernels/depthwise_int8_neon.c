// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise in int8 for every aarch64: products of two taps add up in int16 and leave for int32 in
// pairs. That is safe because no weight is -128, the one value with which two products could
// overflow.

#if defined(__aarch64__)

#include "depthwise_windows.h"
#include "int8_neon.h"

typedef struct {
  Pixel row[4];
} Column;

INLINE Column column(Pixel a, Pixel b, Pixel c, Pixel d) { return (Column){{a, b, c, d}}; }

INLINE Column padding(const GhostNode *node) {
  Pixel zero = vdup_n_s8((int8_t)node->header.input.zero_point);
  return (Column){{zero, zero, zero, zero}};
}

INLINE Sum add_products(Sum sum, int16x8_t products) {
  return (Sum){vaddw_s16(sum.lo, vget_low_s16(products)), vaddw_high_s16(sum.hi, products)};
}

// ------------------------------------------------------------------------------- eight channels

typedef struct {
  int8_t weights[25][8];  // [tap]
  int32_t bias[8];
  float scale[8];
} Block;

typedef struct {
  Pixel of[25];
  Sum bias;
  Output output;
} Weights;

static void put_weight(const GhostHeader *h, Block *block, int lane, int t, int8_t weight) {
  (void)h;
  block->weights[t][lane] = weight;
}

INLINE Weights window_weights(const GhostNode *node, const Block *block, int n_taps) {
  Weights w;
#pragma GCC unroll 25
  for (int t = 0; t < n_taps; t++) w.of[t] = vld1_s8(block->weights[t]);
  w.bias = load_sum(block->bias);
  w.output = output_of(node, block->scale);
  return w;
}

INLINE Weights strip_weights(const GhostNode *node, const Block *block) {
  return window_weights(node, block, 9);
}

INLINE Sum add_pair(Sum sum, Pixel a, Pixel weight_a, Pixel b, Pixel weight_b) {
  return add_products(sum, vmlal_s8(vmull_s8(a, weight_a), b, weight_b));
}

INLINE Pixel strip_row(Column left, Column middle, Column right, const Weights *w, int row,
                       int mode) {
  const Pixel *l = left.row + row, *m = middle.row + row, *r = right.row + row;
  Sum sum = add_pair(w->bias, l[0], w->of[0], l[1], w->of[3]);
  sum = add_pair(sum, l[2], w->of[6], m[0], w->of[1]);
  sum = add_pair(sum, m[1], w->of[4], m[2], w->of[7]);
  sum = add_pair(sum, r[0], w->of[2], r[1], w->of[5]);
  sum = add_products(sum, vmull_s8(r[2], w->of[8]));
  return requantized(sum, &w->output, mode);
}

INLINE Pixel window(const int8_t *const *taps, int n_taps, const Weights *w, int mode) {
  Sum sum = w->bias;
#pragma GCC unroll 13
  for (int t = 0; t + 1 < n_taps; t += 2)
    sum = add_pair(sum, load(taps[t]), w->of[t], load(taps[t + 1]), w->of[t + 1]);
  sum = add_products(sum, vmull_s8(load(taps[n_taps - 1]), w->of[n_taps - 1]));  // 9 and 25 are odd
  return requantized(sum, &w->output, mode);
}

// ------------------------------------------------------------------------------- the kernel

#include "depthwise_int8_neon.h"

static bool takes(const GhostNode *node) {
  const GhostHeader *h = &node->header;
  const size_t n = (size_t)h->n_cheap * h->kernel_h * h->kernel_w * h->channels;
  return pairs_fit_int16(node->weights_int8, n) && ghost_is_unrolled(node);
}

const GhostKernel GHOST_DEPTHWISE_INT8_NEON = {
    .rows = 2, .lanes = LANES, .takes = takes,
    .packed_size = packed_size, .pack = pack, .run = run,
};

#endif
