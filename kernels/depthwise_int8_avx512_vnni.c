// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// int8 for x86 with AVX-512 and VNNI. VPDPBUSD is what SDOT is in depthwise_int8_neon_dot.c, with
// sixteen channels to a register: four bytes by four bytes, added to an int32. It takes one side as unsigned,
// so 128 is added to every input, and 128 times the weights is taken out of the bias.

#if defined(__x86_64__)

#include <immintrin.h>

#include "compiler.h"
#include "depthwise_windows.h"

// Tests compile this file with functions of SIMDe in place of these instructions, for any x86.
TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vnni")

typedef int8_t Element;
enum { LANES = 16 };
typedef __m128i Pixel;
typedef __m512i Sum;  // int32

INLINE Pixel load(const int8_t *from) { return _mm_loadu_si128((const __m128i *)from); }

INLINE void store(int8_t *to, Pixel value) { _mm_storeu_si128((__m128i *)to, value); }

// The first n of sixteen channels, and never a byte more.
INLINE void store_some(int8_t *to, Pixel value, int n) {
  if (n >= 8) {
    _mm_storel_epi64((__m128i *)to, value);
    value = _mm_unpackhi_epi64(value, value), to += 8, n -= 8;
  }
  uint64_t bits = (uint64_t)_mm_cvtsi128_si64(value);
  if (n >= 4) {
    memcpy(to, &bits, 4);
    bits >>= 32, to += 4, n -= 4;
  }
  for (int i = 0; i < n; i++) to[i] = (int8_t)(bits >> 8 * i);
}

// From int8 to the same number plus 128, as uint8.
INLINE __m512i raised(__m512i x) { return _mm512_xor_si512(x, _mm512_set1_epi32((int)0x80808080)); }

typedef __m512i Column;  // [a0 b0 c0 d0][a1 b1 c1 d1]...: four taps of each channel

// Four channels of each row come together first, then the bytes of a channel.
INLINE Column column(Pixel a, Pixel b, Pixel c, Pixel d) {
  const __m512i fours = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m128i bytes = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  __m512i x = _mm512_inserti32x4(_mm512_castsi128_si512(a), b, 1);
  x = _mm512_inserti32x4(_mm512_inserti32x4(x, c, 2), d, 3);
  x = _mm512_permutexvar_epi32(fours, x);
  return raised(_mm512_shuffle_epi8(x, _mm512_broadcast_i32x4(bytes)));
}

INLINE Column padding(const GhostNode *node) {
  return raised(_mm512_set1_epi8((int8_t)node->header.input.zero_point));
}

// ------------------------------------------------------------------------------- sixteen channels

// Weights of 3x3 by columns: [column][output row]; the second row's are the first one's a byte later, for
// both look at the same four zipped rows. Of others: [group of four taps].
enum { MAX_GROUPS = 7 };

typedef struct {
  int8_t weights[MAX_GROUPS][4 * LANES];
  int32_t bias[LANES];
  float scale[LANES];
} Block;

typedef struct {
  __m512i of[MAX_GROUPS], bias, to_int8;
  __m512 scale, least, most;  // the clamp, less the zero point
} Weights;

static void pack_block(const GhostNode *node, int cheap, int start, Block *block) {
  const GhostHeader *h = &node->header;
  for (int lane = 0; lane < LANES && start + lane < (int)h->channels; lane++) {
    size_t of = (size_t)cheap * h->channels + (size_t)(start + lane);
    int32_t sum = 0;
    for (int t = 0; t < (int)(h->kernel_h * h->kernel_w); t++) {
      int8_t weight = node->weights_int8[ghost_weight(node, cheap, t, start + lane)];
      sum += weight;
      if (ghost_is_strip(h)) {
        block->weights[2 * (t % 3)][4 * lane + t / 3] = weight;
        block->weights[2 * (t % 3) + 1][4 * lane + t / 3 + 1] = weight;
      } else {
        block->weights[t / 4][4 * lane + t % 4] = weight;
      }
    }
    block->bias[lane] = (int32_t)((uint32_t)node->bias_int32[of] - (uint32_t)(128 * sum));
    block->scale[lane] = node->scale[of];
  }
}

// A float32 of at most 2^22 plus this one is rounded to a whole number, halves to even, which then
// stands in its lowest bits.
#define ROUNDING 0x1.8p23f
enum { ROUNDING_BITS = 0x4b400000 };

INLINE Weights weights_of(const GhostNode *node, const Block *block, int n_groups) {
  const GhostClamp *clamp = &node->clamp;
  Weights w = {
      .bias = _mm512_load_si512(block->bias),
      .scale = _mm512_loadu_ps(block->scale),
      .least = _mm512_set1_ps((float)(clamp->min - clamp->zero_point)),
      .most = _mm512_set1_ps((float)(clamp->max - clamp->zero_point)),
      .to_int8 = _mm512_set1_epi32(clamp->zero_point - ROUNDING_BITS),
  };
#pragma GCC unroll 7
  for (int g = 0; g < n_groups; g++) w.of[g] = _mm512_load_si512(block->weights[g]);
  return w;
}

INLINE Weights strip_weights(const GhostNode *node, const Block *block) {
  return weights_of(node, block, 6);
}

INLINE Weights window_weights(const GhostNode *node, const Block *block, int n_taps) {
  return weights_of(node, block, (n_taps + 3) / 4);
}

INLINE __m512 to_float(Sum sum) {
  typedef int32_t Whole __attribute__((vector_size(64)));
  typedef float Float __attribute__((vector_size(64)));
  return (__m512)__builtin_convertvector((Whole)sum, Float);
}

INLINE Pixel requantized(Sum sum, const Weights *w) {
  __m512 value = _mm512_mul_ps(to_float(sum), w->scale);
  value = _mm512_max_ps(_mm512_min_ps(value, w->most), w->least);
  __m512i whole = _mm512_castps_si512(_mm512_add_ps(value, _mm512_set1_ps(ROUNDING)));
  return _mm512_cvtsepi32_epi8(_mm512_add_epi32(whole, w->to_int8));
}

INLINE Pixel strip_row(Column left, Column middle, Column right, const Weights *w, int row,
                       int mode) {
  (void)mode;
  Sum sum = _mm512_dpbusd_epi32(w->bias, left, w->of[row]);
  sum = _mm512_dpbusd_epi32(sum, middle, w->of[2 + row]);
  return requantized(_mm512_dpbusd_epi32(sum, right, w->of[4 + row]), w);
}

INLINE Pixel window(const int8_t *const *taps, int n_taps, const Weights *w, int mode) {
  (void)mode;
  Sum sum = w->bias;
#pragma GCC unroll 7
  for (int t = 0; t < n_taps; t += 4) {
    Pixel a = load(taps[t]), b = a, c = a, d = a;  // where there is no tap, its weight is 0
    if (t + 1 < n_taps) b = load(taps[t + 1]);
    if (t + 2 < n_taps) c = load(taps[t + 2]);
    if (t + 3 < n_taps) d = load(taps[t + 3]);
    sum = _mm512_dpbusd_epi32(sum, column(a, b, c, d), w->of[t / 4]);
  }
  return requantized(sum, w);
}

// ------------------------------------------------------------------------------- the kernel

#include "depthwise_loops.h"

static void run(const GhostNode *node, int cheap, const void *in, void *out, int first, int last) {
  run_channels(node, cheap, in, out, first, last, node->header.channels < LANES, 0);
}

const GhostKernel GHOST_DEPTHWISE_INT8_AVX512_VNNI = {
    .rows = 2, .lanes = LANES, .takes = ghost_is_unrolled,
    .packed_size = packed_size, .pack = pack, .run = run,
};

TARGET_END

#endif
