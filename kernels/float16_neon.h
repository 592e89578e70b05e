// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Eight halves of an aarch64 that computes with them, by the names that all kernels of floats use.

#ifndef GHOSTNET_FLOAT16_NEON_H
#define GHOSTNET_FLOAT16_NEON_H

#include <arm_neon.h>

#include "compiler.h"

enum { LANES = 8 };
typedef float16_t Element;
typedef float16x8_t Pixel;

INLINE Pixel load(const Element *from) { return vld1q_f16(from); }
INLINE void store(Element *to, Pixel value) { vst1q_f16(to, value); }
INLINE Pixel all(float value) { return vdupq_n_f16((Element)value); }
INLINE Pixel add_product(Pixel sum, Pixel a, Pixel b) { return vfmaq_f16(sum, a, b); }
INLINE Pixel plus(Pixel a, Pixel b) { return vaddq_f16(a, b); }
INLINE Pixel larger(Pixel sum, Pixel limit) { return vmaxq_f16(sum, limit); }
INLINE Pixel smaller(Pixel sum, Pixel limit) { return vminq_f16(sum, limit); }

#endif
