// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Eight floats of AVX2 with FMA, by the names that all float32 kernels use. Included behind
// TARGET_BEGIN.

#ifndef GHOSTNET_FLOAT32_AVX2_H
#define GHOSTNET_FLOAT32_AVX2_H

#include <immintrin.h>

#include "compiler.h"

enum { LANES = 8 };
typedef float Element;
typedef __m256 Pixel;

INLINE Pixel load(const float *from) { return _mm256_loadu_ps(from); }
INLINE void store(float *to, Pixel value) { _mm256_storeu_ps(to, value); }
INLINE Pixel all(float value) { return _mm256_set1_ps(value); }
INLINE Pixel add_product(Pixel sum, Pixel a, Pixel b) { return _mm256_fmadd_ps(a, b, sum); }
INLINE Pixel plus(Pixel a, Pixel b) { return _mm256_add_ps(a, b); }
// Where one is NaN, these instructions give their second operand.
INLINE Pixel larger(Pixel sum, Pixel limit) { return _mm256_max_ps(limit, sum); }
INLINE Pixel smaller(Pixel sum, Pixel limit) { return _mm256_min_ps(limit, sum); }

#endif
