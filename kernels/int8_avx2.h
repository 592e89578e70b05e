// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// What the int8 files for AVX2 share: eight channels of a pixel, and their way from int32 sums.
// Included behind TARGET_BEGIN.

#ifndef GHOSTNET_INT8_AVX2_H
#define GHOSTNET_INT8_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#include "compiler.h"

enum { LANES = 8 };
typedef __m128i Pixel;  // in its lower half
typedef __m256i Sum;    // int32

INLINE Pixel load(const int8_t *from) { return _mm_loadl_epi64((const __m128i *)from); }

INLINE void store(int8_t *to, Pixel value) { _mm_storel_epi64((__m128i *)to, value); }

INLINE void store_some(int8_t *to, Pixel value, int n) {
  uint64_t bits = (uint64_t)_mm_cvtsi128_si64(value);
  for (int i = 0; i < n; i++) to[i] = (int8_t)(bits >> 8 * i);
}

// Eight sums times their scales as whole numbers. The limit comes first: a float beyond int32
// converts to the smallest int32, whatever its sign.
INLINE __m256i whole(Sum sum, __m256 scale, __m256 most) {
  return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sum), scale), most));
}

// Eight whole numbers and a zero point as int8, in the lower half.
INLINE Pixel narrowed(__m256i value, __m128i zero_point) {
  __m128i narrow =
      _mm_packs_epi32(_mm256_castsi256_si128(value), _mm256_extracti128_si256(value, 1));
  narrow = _mm_adds_epi16(narrow, zero_point);
  return _mm_packs_epi16(narrow, narrow);
}

#endif
