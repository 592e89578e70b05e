// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise in int8 where an instruction multiplies four bytes by four bytes and adds the products
// to an int32: SDOT and VPDPBUSD. Included by a file that has said
//
//   LANES, Pixel, load                  channels at once, as loaded
//   Sum, load_sum                       int32 of each channel
//   Column, column(a, b, c, d)          four taps of each channel, zipped
//   load_column                         4 * LANES bytes as they are
//   dot(sum, x, weights)
//   Output, output_of(node, scale)      from sums to int8
//   requantized(sum, output, mode)
//
// What is left to it are put_weight, padding, and depthwise_int8.h.

// Weights of 3x3 by columns: [column][output row]; the second row's are the first one's a byte
// later, for both look at the same four zipped rows. Of others: [group of four taps].
enum { MAX_GROUPS = 7 };

typedef struct {
  int8_t weights[MAX_GROUPS][4 * LANES];
  int32_t bias[LANES];
  float scale[LANES];
} Block;

static void put_in_groups(const GhostHeader *h, Block *block, int lane, int t, int8_t weight) {
  const int x = t % 3, y = t / 3;
  if (ghost_is_strip(h)) {
    block->weights[2 * x][4 * lane + y] = weight;
    block->weights[2 * x + 1][4 * lane + y + 1] = weight;
  } else {
    block->weights[t / 4][4 * lane + t % 4] = weight;
  }
}

typedef struct {
  Column of[MAX_GROUPS];
  Sum bias;
  Output output;
} Weights;

INLINE Weights weights_of(const GhostNode *node, const Block *block, int n_groups) {
  Weights w = {.bias = load_sum(block->bias), .output = output_of(node, block->scale)};
#pragma GCC unroll 7
  for (int g = 0; g < n_groups; g++) w.of[g] = load_column(block->weights[g]);
  return w;
}

INLINE Weights strip_weights(const GhostNode *node, const Block *block) {
  return weights_of(node, block, 6);
}

INLINE Weights window_weights(const GhostNode *node, const Block *block, int n_taps) {
  return weights_of(node, block, (n_taps + 3) / 4);
}

INLINE Pixel strip_row(Column left, Column middle, Column right, const Weights *w, int row,
                       int mode) {
  Sum sum = dot(w->bias, left, w->of[row]);
  sum = dot(dot(sum, middle, w->of[2 + row]), right, w->of[4 + row]);
  return requantized(sum, &w->output, mode);
}

INLINE Pixel window(const int8_t *const *taps, int n_taps, const Weights *w, int mode) {
  Sum sum = w->bias;
#pragma GCC unroll 7
  for (int t = 0; t < n_taps; t += 4) {
    Pixel a = load(taps[t]), b = a, c = a, d = a;  // where there is no tap, its weight is 0
    if (t + 1 < n_taps) b = load(taps[t + 1]);
    if (t + 2 < n_taps) c = load(taps[t + 2]);
    if (t + 3 < n_taps) d = load(taps[t + 3]);
    sum = dot(sum, column(a, b, c, d), w->of[t / 4]);
  }
  return requantized(sum, &w->output, mode);
}
