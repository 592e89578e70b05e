// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// float32 for every aarch64: four channels.

#if defined(__aarch64__)

#include <arm_neon.h>

#include "windows.h"

#define INLINE static inline __attribute__((always_inline))

enum { LANES = 4 };
typedef float32x4_t Pixel;

INLINE Pixel load(const float *from) { return vld1q_f32(from); }
INLINE void store(float *to, Pixel value) { vst1q_f32(to, value); }
INLINE Pixel all(float value) { return vdupq_n_f32(value); }
INLINE Pixel add_product(Pixel sum, Pixel a, Pixel b) { return vfmaq_f32(sum, a, b); }
INLINE Pixel plus(Pixel a, Pixel b) { return vaddq_f32(a, b); }
INLINE Pixel larger(Pixel a, Pixel b) { return vmaxq_f32(a, b); }
INLINE Pixel smaller(Pixel a, Pixel b) { return vminq_f32(a, b); }

#include "float32.h"

const GhostKernel GHOST_NEON_FLOAT32 = {
    .rows = 2, .lanes = LANES, .takes = ghost_is_unrolled,
    .packed_size = packed_size, .pack = pack, .run = run,
};

enum { PIXELS = 8 };
typedef float32x4_t Four;
#define load_four vld1q_f32
#define ADD_PRODUCT_OF vfmaq_laneq_f32

#include "pointwise_float32.h"

const GhostKernel GHOST_NEON_CONVOLUTION_FLOAT32 = {
    .rows = PIECE, .lanes = 1, .chunk = CHUNK, .takes = is_wide,
    .packed_size = panels_size, .pack = pack_panels, .run = run_pointwise,
};

void ghost_neon_add_float32(float *x, const float *y, size_t n) { add_all(x, y, n); }

#endif
