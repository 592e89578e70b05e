// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// float32 for x86 with AVX2 and FMA: eight channels.

#if defined(__x86_64__)

#include <immintrin.h>

#include "compiler.h"
#include "depthwise_windows.h"

TARGET_BEGIN("avx2,fma")

enum { LANES = 8 };
typedef __m256 Pixel;

INLINE Pixel load(const float *from) { return _mm256_loadu_ps(from); }
INLINE void store(float *to, Pixel value) { _mm256_storeu_ps(to, value); }
INLINE Pixel all(float value) { return _mm256_set1_ps(value); }
INLINE Pixel add_product(Pixel sum, Pixel a, Pixel b) { return _mm256_fmadd_ps(a, b, sum); }
INLINE Pixel plus(Pixel a, Pixel b) { return _mm256_add_ps(a, b); }
INLINE Pixel larger(Pixel a, Pixel b) { return _mm256_max_ps(a, b); }
INLINE Pixel smaller(Pixel a, Pixel b) { return _mm256_min_ps(a, b); }

#include "depthwise_float32.h"

const GhostKernel GHOST_DEPTHWISE_FLOAT32_AVX2 = {
    .rows = 2, .lanes = LANES, .takes = ghost_is_unrolled,
    .packed_size = packed_size, .pack = pack, .run = run,
};

// ------------------------------------------------------------------------------- 1x1 convolutions

typedef float Wide;
typedef __m256 Lanes;
enum { IN_LANE = 1 };

#define in_all_lanes _mm256_broadcast_ss
#define load_weights load

typedef struct {
  float bias[2 * LANES];
} Head;

INLINE const float *weights_at(const GhostNode *node, size_t i) { return node->weights_float32 + i; }

static void pack_head(const GhostNode *node, int of, Head *head, int c) {
  head->bias[c] = node->bias_float32[of];
}

INLINE Lanes first_sum(const Head *head, int j) { return load(head->bias + j * LANES); }

typedef struct {
  Pixel min, max;
} Limits;

INLINE Limits limits_of(const GhostNode *node, const void *panel) {
  (void)panel;
  return (Limits){all(node->min), all(node->max)};
}

INLINE void store_pixel(float *to, const Lanes *sum, int n, int width, const Limits *l, int mode) {
#pragma GCC unroll 2
  for (int j = 0; j < n; j++, to += LANES, width -= LANES) {
    const Pixel value = limited(sum[j], l->min, l->max, mode);
    if (width < LANES) _mm_storeu_ps(to, _mm256_castps256_ps128(value));
    else store(to, value);
  }
}

#include "convolution_avx2.h"

static void run_pointwise(const GhostNode *node, int part, const void *in, void *out, int first,
                          int last) {
  run_convolution(node, part, in, out, first, last, mode_of(node));
}

const GhostKernel GHOST_CONVOLUTION_FLOAT32_AVX2 = {
    .rows = PIECE, .tile = PIXELS, .panel = PANEL, .lanes = 1, .chunk = CHUNK, .takes = is_wide,
    .packed_size = panels_size, .pack = pack_panels, .run = run_pointwise,
};

void ghost_add_float32_avx2(float *x, const float *y, size_t n) { add_all(x, y, n); }

TARGET_END

#endif
