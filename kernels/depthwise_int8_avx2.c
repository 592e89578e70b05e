// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise in int8 for x86 with AVX2: two rows (or any two taps) of eight channels are zipped and
// widened to int16, and one VPMADDWD multiplies them and adds the pairs up in int32.

#if defined(__x86_64__)

#include <immintrin.h>

#include "compiler.h"
#include "depthwise_windows.h"

TARGET_BEGIN("avx2")

#include "int8_avx2.h"

INLINE __m256i pairs(Pixel a, Pixel b) { return _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b)); }

typedef struct {
  __m256i upper, lower;  // [row 0, row 1] and [row 2, row 3] of each channel, int16
} Column;

INLINE Column column(Pixel a, Pixel b, Pixel c, Pixel d) {
  return (Column){pairs(a, b), pairs(c, d)};
}

INLINE Column padding(const GhostNode *node) {
  __m256i zero = _mm256_set1_epi16((int16_t)node->header.input.zero_point);
  return (Column){zero, zero};
}

// ------------------------------------------------------------------------------- eight channels

// Weights of 3x3 by columns: [column][output row][upper, lower]; of others: [pair of taps].
enum { MAX_PAIRS = 13 };

typedef struct {
  int16_t weights[MAX_PAIRS][16];
  int32_t bias[8];
  float scale[8];
} Block;

typedef struct {
  __m256i of[MAX_PAIRS], bias;
  __m256 scale, most;  // most: the clamp's maximum less the zero point
  __m128i zero_point, min, max;
} Weights;

static void put_weight(const GhostHeader *h, Block *block, int lane, int t, int8_t weight) {
  if (ghost_is_strip(h)) {
    for (int row = 0, y = t / 3; row < 2; row++, y++)
      block->weights[4 * (t % 3) + 2 * row + y / 2][2 * lane + y % 2] = weight;
  } else {
    block->weights[t / 2][2 * lane + t % 2] = weight;
  }
}

INLINE Weights weights_of(const GhostNode *node, const Block *block, int n_pairs) {
  Weights w = {
      .bias = _mm256_load_si256((const __m256i *)block->bias),
      .scale = _mm256_load_ps(block->scale),
      .most = _mm256_set1_ps((float)(node->clamp.max - node->clamp.zero_point)),
      .zero_point = _mm_set1_epi16((int16_t)node->clamp.zero_point),
      .min = _mm_set1_epi8((int8_t)node->clamp.min),
      .max = _mm_set1_epi8((int8_t)node->clamp.max),
  };
#pragma GCC unroll 13
  for (int i = 0; i < n_pairs; i++) w.of[i] = _mm256_load_si256((const __m256i *)block->weights[i]);
  return w;
}

INLINE Weights strip_weights(const GhostNode *node, const Block *block) {
  return weights_of(node, block, 12);
}

INLINE Weights window_weights(const GhostNode *node, const Block *block, int n_taps) {
  return weights_of(node, block, (n_taps + 1) / 2);
}

INLINE Sum add_pairs(Sum sum, __m256i x, __m256i w) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(x, w));
}

INLINE Pixel requantized(Sum sum, const Weights *w) {
  Pixel value = narrowed(whole(sum, w->scale, w->most), w->zero_point);
  return _mm_min_epi8(_mm_max_epi8(value, w->min), w->max);
}

INLINE Pixel strip_row(Column left, Column middle, Column right, const Weights *w, int row,
                       int mode) {
  (void)mode;
  const __m256i *of = w->of + 2 * row;
  Sum sum = add_pairs(add_pairs(w->bias, left.upper, of[0]), left.lower, of[1]);
  sum = add_pairs(add_pairs(sum, middle.upper, of[4]), middle.lower, of[5]);
  return requantized(add_pairs(add_pairs(sum, right.upper, of[8]), right.lower, of[9]), w);
}

INLINE Pixel window(const int8_t *const *taps, int n_taps, const Weights *w, int mode) {
  (void)mode;
  Sum sum = w->bias;
#pragma GCC unroll 13
  for (int t = 0; t + 1 < n_taps; t += 2)
    sum = add_pairs(sum, pairs(load(taps[t]), load(taps[t + 1])), w->of[t / 2]);
  Pixel last = load(taps[n_taps - 1]);  // 9 and 25 are odd; its neighbour's weight is 0
  return requantized(add_pairs(sum, pairs(last, last), w->of[n_taps / 2]), w);
}

// ------------------------------------------------------------------------------- the kernel

#include "depthwise_int8.h"

static void run(const GhostNode *node, int cheap, const void *in, void *out, int first, int last) {
  run_channels(node, cheap, in, out, first, last, node->header.channels < LANES, 0);
}

const GhostKernel GHOST_DEPTHWISE_INT8_AVX2 = {
    .rows = 2, .lanes = LANES, .takes = ghost_is_unrolled,
    .packed_size = packed_size, .pack = pack, .run = run,
};

TARGET_END

#endif
