// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The residual ADD in int8 for every aarch64, sixteen at a time: what is left of both zero points,
// by 32-bit factors.

#if defined(__aarch64__)

#include <arm_neon.h>

#include "compiler.h"
#include "kernel.h"

typedef struct {
  int32x4_t a, b, shift;
  int8x8_t zero_a, zero_b;
  int16x8_t zero_point;
} Factors;

INLINE int32x4_t total(const Factors *f, int16x4_t x, int16x4_t y) {
  int32x4_t sum = vmulq_s32(vmovl_s16(x), f->a);
  return vrshlq_s32(vmlaq_s32(sum, vmovl_s16(y), f->b), f->shift);
}

INLINE int16x8_t totals(const Factors *f, int8x8_t x, int8x8_t y, bool fits_int16) {
  int16x8_t a = vsubl_s8(x, f->zero_a), b = vsubl_s8(y, f->zero_b);
  int32x4_t lo = total(f, vget_low_s16(a), vget_low_s16(b));
  int32x4_t hi = total(f, vget_high_s16(a), vget_high_s16(b));
  int16x8_t sum = fits_int16 ? vuzp1q_s16(vreinterpretq_s16_s32(lo), vreinterpretq_s16_s32(hi))
                             : vqmovn_high_s32(vqmovn_s32(lo), hi);
  return vqaddq_s16(sum, f->zero_point);
}

INLINE void add_sixteens(int8_t *x, const int8_t *y, size_t n, const GhostSum *sum,
                         bool fits_int16) {
  const Factors f = {vdupq_n_s32(sum->a), vdupq_n_s32(sum->b), vdupq_n_s32(-sum->shift),
                     vdup_n_s8(sum->zero_a), vdup_n_s8(sum->zero_b),
                     vdupq_n_s16((int16_t)sum->zero_point)};
  for (size_t i = 0; i < n; i += 16) {
    int8x16_t a = vld1q_s8(x + i), b = vld1q_s8(y + i);
    int8x8_t lo = vqmovn_s16(totals(&f, vget_low_s8(a), vget_low_s8(b), fits_int16));
    int16x8_t hi = totals(&f, vget_high_s8(a), vget_high_s8(b), fits_int16);
    vst1q_s8(x + i, vqmovn_high_s16(lo, hi));
  }
}

void ghost_add_int8_neon(int8_t *x, const int8_t *y, size_t n, const GhostSum *sum) {
  const size_t whole = n / 16 * 16;
  if (sum->fits_int16) add_sixteens(x, y, whole, sum, true);
  else add_sixteens(x, y, whole, sum, false);
  ghost_add_int8_reference(x + whole, y + whole, n - whole, sum);
}

#endif
