// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// float32 for x86 with AVX2 and FMA: eight channels, one fused multiply-add per tap.

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#include "windows.h"

#define INLINE static inline __attribute__((always_inline))

typedef float Element;
enum { LANES = 8 };
typedef __m256 Pixel;

INLINE Pixel load(const float *from) { return _mm256_loadu_ps(from); }

INLINE void store(float *to, Pixel value) { _mm256_storeu_ps(to, value); }

INLINE void store_some(float *to, Pixel value, int n) {
  float values[LANES];
  _mm256_storeu_ps(values, value);
  for (int i = 0; i < n; i++) to[i] = values[i];
}

typedef struct {
  Pixel row[4];
} Column;

INLINE Column column(Pixel a, Pixel b, Pixel c, Pixel d) { return (Column){{a, b, c, d}}; }

INLINE Column padding(const GhostNode *node) {
  (void)node;
  Pixel zero = _mm256_set1_ps(0);
  return (Column){{zero, zero, zero, zero}};
}

typedef struct {
  float weights[25][LANES];  // [tap]
  float bias[LANES];
} Block;

typedef struct {
  Pixel of[25], bias, min, max;
} Weights;

static void pack_block(const GhostNode *node, int cheap, int start, Block *block) {
  const GhostHeader *h = &node->is;
  for (int lane = 0; lane < LANES && start + lane < (int)h->channels; lane++) {
    block->bias[lane] = node->bias_float32[(size_t)cheap * h->channels + (size_t)(start + lane)];
    for (int t = 0; t < (int)(h->kernel_h * h->kernel_w); t++)
      block->weights[t][lane] = node->weights_float32[ghost_weight(node, cheap, t, start + lane)];
  }
}

INLINE Weights window_weights(const GhostNode *node, const Block *block, int n_taps) {
  Weights w = {.bias = _mm256_loadu_ps(block->bias), .min = _mm256_set1_ps(node->min),
               .max = _mm256_set1_ps(node->max)};
#pragma GCC unroll 25
  for (int t = 0; t < n_taps; t++) w.of[t] = _mm256_loadu_ps(block->weights[t]);
  return w;
}

INLINE Weights strip_weights(const GhostNode *node, const Block *block) {
  return window_weights(node, block, 9);
}

enum { NONE, RELU, BOTH };  // which limits there are

INLINE Pixel limited(Pixel sum, const Weights *w, int mode) {
  if (mode != NONE) sum = _mm256_max_ps(sum, w->min);
  return mode == BOTH ? _mm256_min_ps(sum, w->max) : sum;
}

INLINE Pixel strip_row(Column left, Column middle, Column right, const Weights *w, int row,
                       int mode) {
  Pixel sum = w->bias;
#pragma GCC unroll 3
  for (int ky = 0; ky < 3; ky++) {
    sum = _mm256_fmadd_ps(left.row[row + ky], w->of[3 * ky], sum);
    sum = _mm256_fmadd_ps(middle.row[row + ky], w->of[3 * ky + 1], sum);
    sum = _mm256_fmadd_ps(right.row[row + ky], w->of[3 * ky + 2], sum);
  }
  return limited(sum, w, mode);
}

INLINE Pixel window(const float *const *taps, int n_taps, const Weights *w, int mode) {
  Pixel sum = w->bias;
#pragma GCC unroll 25
  for (int t = 0; t < n_taps; t++) sum = _mm256_fmadd_ps(load(taps[t]), w->of[t], sum);
  return limited(sum, w, mode);
}

#include "strips.h"

static void run(const GhostNode *node, int cheap, const void *in, void *out, int first, int last) {
  const uint32_t activation = node->is.activation;
  if (node->is.channels < LANES) run_mode(node, cheap, in, out, first, last, true, BOTH);
  else if (activation == GHOST_RELU6) run_mode(node, cheap, in, out, first, last, false, BOTH);
  else if (activation == GHOST_RELU) run_mode(node, cheap, in, out, first, last, false, RELU);
  else run_mode(node, cheap, in, out, first, last, false, NONE);
}

const GhostKernel GHOST_AVX2_FLOAT32 = {
    .rows = 2, .lanes = LANES, .takes = ghost_is_unrolled,
    .packed_size = packed_size, .pack = pack, .run = run,
};

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
