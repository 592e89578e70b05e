// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// 1x1 convolutions in float32 for x86 with AVX2 and FMA.

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "compiler.h"
#include "node.h"

TARGET_BEGIN("avx2,fma")

#include "float32_avx2.h"

enum { PIXELS = 6, PANEL = 2 * LANES, CHUNK = 1 };

#include "convolution_floats.h"

typedef Pixel Lanes;

#define in_all_lanes _mm256_broadcast_ss
#define load_weights load

INLINE Lanes first_sum(const Head *head, int j) { return load(head->bias + j * LANES); }

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

TARGET_END

#endif
