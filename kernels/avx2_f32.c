// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// float32 for x86 with AVX2 and FMA: eight channels.

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#include "windows.h"

#define INLINE static inline __attribute__((always_inline))

enum { LANES = 8 };
typedef __m256 Pixel;

INLINE Pixel load(const float *from) { return _mm256_loadu_ps(from); }
INLINE void store(float *to, Pixel value) { _mm256_storeu_ps(to, value); }
INLINE Pixel all(float value) { return _mm256_set1_ps(value); }
INLINE Pixel add_product(Pixel sum, Pixel a, Pixel b) { return _mm256_fmadd_ps(a, b, sum); }
INLINE Pixel plus(Pixel a, Pixel b) { return _mm256_add_ps(a, b); }
INLINE Pixel larger(Pixel a, Pixel b) { return _mm256_max_ps(a, b); }
INLINE Pixel smaller(Pixel a, Pixel b) { return _mm256_min_ps(a, b); }

#include "float32.h"

const GhostKernel GHOST_AVX2_FLOAT32 = {
    .rows = 2, .lanes = LANES, .takes = ghost_is_unrolled,
    .packed_size = packed_size, .pack = pack, .run = run,
};

enum { PIXELS = 6 };
typedef const float *Four;  // where they lie: each is loaded into all lanes at once
#define load_four(from) (from)
#define ADD_PRODUCT_OF(sum, weights, four, lane)                                                   \
  _mm256_fmadd_ps(_mm256_broadcast_ss((four) + (lane)), weights, sum)

#include "pointwise_float32.h"

const GhostKernel GHOST_AVX2_CONVOLUTION_FLOAT32 = {
    .rows = PIECE, .lanes = 1, .chunk = CHUNK, .takes = is_wide,
    .packed_size = panels_size, .pack = pack_panels, .run = run_pointwise,
};

void ghost_avx2_add_float32(float *x, const float *y, size_t n) { add_all(x, y, n); }

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
