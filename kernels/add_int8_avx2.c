// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The residual ADD in int8 for x86 with AVX2, eight at a time.

#if defined(__x86_64__)

#include <immintrin.h>

#include "compiler.h"
#include "kernel.h"

TARGET_BEGIN("avx2")

#include "int8_avx2.h"

INLINE __m256i scaled(const int8_t *from, int32_t factor) {
  return _mm256_mullo_epi32(_mm256_cvtepi8_epi32(load(from)), _mm256_set1_epi32(factor));
}

void ghost_add_int8_avx2(int8_t *x, const int8_t *y, size_t n, const GhostSum *sum) {
  const __m256i bias = _mm256_set1_epi32(sum->bias);
  const __m128i shift = _mm_cvtsi32_si128(sum->shift);
  const __m128i zero_point = _mm_set1_epi16((int16_t)sum->zero_point);
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    __m256i total = _mm256_add_epi32(scaled(x + i, sum->a), scaled(y + i, sum->b));
    total = _mm256_sra_epi32(_mm256_add_epi32(total, bias), shift);
    store(x + i, narrowed(total, zero_point));
  }
  ghost_add_int8_reference(x + i, y + i, n - i, sum);
}

TARGET_END

#endif
