// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise in int8 for x86 with AVX-512 and VNNI. VPDPBUSD is what SDOT is in
// depthwise_int8_neon_dot.c, with sixteen channels to a register: four bytes by four bytes, added
// to an int32. It takes one side as unsigned, so 128 is added to every input, and 128 times the
// weights is taken out of the bias.

#if defined(__x86_64__)

#include <immintrin.h>

#include "compiler.h"
#include "depthwise_windows.h"

// Tests compile this file with functions of SIMDe in place of these instructions, for any x86.
TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vnni")

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

INLINE Column load_column(const int8_t *from) { return _mm512_load_si512(from); }

INLINE Sum dot(Sum sum, Column x, Column weights) { return _mm512_dpbusd_epi32(sum, x, weights); }

// ------------------------------------------------------------------------------- sixteen channels

INLINE Sum load_sum(const int32_t *from) { return _mm512_load_si512(from); }

// A float32 of at most 2^22 plus this one is rounded to a whole number, halves to even, which then
// stands in its lowest bits.
#define ROUNDING 0x1.8p23f
enum { ROUNDING_BITS = 0x4b400000 };

typedef struct {
  __m512 scale, least, most;  // the clamp, less the zero point
  __m512i to_int8;
} Output;

INLINE Output output_of(const GhostNode *node, const float *scale) {
  const GhostClamp *clamp = &node->clamp;
  return (Output){
      .scale = _mm512_loadu_ps(scale),
      .least = _mm512_set1_ps((float)(clamp->min - clamp->zero_point)),
      .most = _mm512_set1_ps((float)(clamp->max - clamp->zero_point)),
      .to_int8 = _mm512_set1_epi32(clamp->zero_point - ROUNDING_BITS),
  };
}

INLINE __m512 to_float(Sum sum) {
  typedef int32_t Whole __attribute__((vector_size(64)));
  typedef float Float __attribute__((vector_size(64)));
  return (__m512)__builtin_convertvector((Whole)sum, Float);
}

INLINE Pixel requantized(Sum sum, const Output *o, int mode) {
  (void)mode;
  __m512 value = _mm512_mul_ps(to_float(sum), o->scale);
  value = _mm512_max_ps(_mm512_min_ps(value, o->most), o->least);
  __m512i whole = _mm512_castps_si512(_mm512_add_ps(value, _mm512_set1_ps(ROUNDING)));
  return _mm512_cvtsepi32_epi8(_mm512_add_epi32(whole, o->to_int8));
}

#include "depthwise_int8_dot.h"

static void put_weight(const GhostHeader *h, Block *block, int lane, int t, int8_t weight) {
  put_in_groups(h, block, lane, t, weight);
  block->bias[lane] = (int32_t)((uint32_t)block->bias[lane] - (uint32_t)(128 * weight));
}

// ------------------------------------------------------------------------------- the kernel

#include "depthwise_int8.h"

static void run(const GhostNode *node, int cheap, const void *in, void *out, int first, int last) {
  run_channels(node, cheap, in, out, first, last, node->header.channels < LANES, 0);
}

const GhostKernel GHOST_DEPTHWISE_INT8_AVX512_VNNI = {
    .rows = 2, .lanes = LANES, .takes = ghost_is_unrolled,
    .packed_size = packed_size, .pack = pack, .run = run,
};

TARGET_END

#endif
