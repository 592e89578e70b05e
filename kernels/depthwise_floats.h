// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise in floating point, the same for every vector: one fused multiply-add per tap. Included by a
// file that has said which vector: see floats.h.

#include "floats.h"

INLINE void store_some(Element *to, Pixel value, int n) {
  Element values[LANES];
  store(values, value);
  for (int i = 0; i < n; i++) to[i] = values[i];
}

typedef struct {
  Pixel row[4];
} Column;

INLINE Column column(Pixel a, Pixel b, Pixel c, Pixel d) { return (Column){{a, b, c, d}}; }

INLINE Column padding(const GhostNode *node) {
  (void)node;
  const Pixel zero = all(0);
  return (Column){{zero, zero, zero, zero}};
}

typedef struct {
  Element weights[25][LANES];  // [tap]
  Element bias[LANES];
} Block;

typedef struct {
  Pixel of[25], bias, min, max;
} Weights;

static void pack_block(const GhostNode *node, int cheap, int start, Block *block) {
  const GhostHeader *h = &node->header;
  for (int lane = 0; lane < LANES && start + lane < (int)h->channels; lane++) {
    const size_t of = (size_t)cheap * h->channels + (size_t)(start + lane);
    block->bias[lane] = (Element)node->bias_float32[of];
    for (int t = 0; t < (int)(h->kernel_h * h->kernel_w); t++)
      block->weights[t][lane] =
          (Element)node->weights_float32[ghost_weight(node, cheap, t, start + lane)];
  }
}

INLINE Weights window_weights(const GhostNode *node, const Block *block, int n_taps) {
  Weights w = {.bias = load(block->bias), .min = all(node->min), .max = all(node->max)};
#pragma GCC unroll 25
  for (int t = 0; t < n_taps; t++) w.of[t] = load(block->weights[t]);
  return w;
}

INLINE Weights strip_weights(const GhostNode *node, const Block *block) {
  return window_weights(node, block, 9);
}

INLINE Pixel strip_row(Column left, Column middle, Column right, const Weights *w, int row,
                       int mode) {
  Pixel sum = w->bias;
#pragma GCC unroll 3
  for (int ky = 0; ky < 3; ky++) {
    sum = add_product(sum, left.row[row + ky], w->of[3 * ky]);
    sum = add_product(sum, middle.row[row + ky], w->of[3 * ky + 1]);
    sum = add_product(sum, right.row[row + ky], w->of[3 * ky + 2]);
  }
  return limited(sum, w->min, w->max, mode);
}

INLINE Pixel window(const Element *const *taps, int n_taps, const Weights *w, int mode) {
  Pixel sum = w->bias;
#pragma GCC unroll 25
  for (int t = 0; t < n_taps; t++) sum = add_product(sum, load(taps[t]), w->of[t]);
  return limited(sum, w->min, w->max, mode);
}

#include "depthwise_loops.h"

static void run(const GhostNode *node, int cheap, const void *in, void *out, int first, int last) {
  if (node->header.channels < LANES) run_channels(node, cheap, in, out, first, last, true, BOTH);
  else IN_THE_MODE_OF(node, run_channels, node, cheap, in, out, first, last, false)
}
