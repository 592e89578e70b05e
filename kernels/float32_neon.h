// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Four floats of an aarch64, by the names that all float32 kernels use.

#ifndef GHOSTNET_FLOAT32_NEON_H
#define GHOSTNET_FLOAT32_NEON_H

#include <arm_neon.h>

#include "compiler.h"

enum { LANES = 4 };
typedef float Element;
typedef float32x4_t Pixel;

INLINE Pixel load(const float *from) { return vld1q_f32(from); }
INLINE void store(float *to, Pixel value) { vst1q_f32(to, value); }
INLINE Pixel all(float value) { return vdupq_n_f32(value); }
INLINE Pixel add_product(Pixel sum, Pixel a, Pixel b) { return vfmaq_f32(sum, a, b); }
INLINE Pixel plus(Pixel a, Pixel b) { return vaddq_f32(a, b); }
INLINE Pixel larger(Pixel sum, Pixel limit) { return vmaxq_f32(sum, limit); }
INLINE Pixel smaller(Pixel sum, Pixel limit) { return vminq_f32(sum, limit); }

#endif
