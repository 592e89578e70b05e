// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// int8 for every aarch64: products of two taps add up in int16 and leave for int32 in pairs. That is
// safe because no weight is -128, the one value with which two products could overflow.

#if defined(__aarch64__)

#include "neon.h"

// The residual ADD: both inputs by 32-bit factors, sixteen at a time.
void ghost_neon_add_int8(int8_t *x, const int8_t *y, size_t n, const GhostSum *sum) {
  const int32x4_t bias = vdupq_n_s32(sum->bias), shift = vdupq_n_s32(-sum->shift);
  const int16x8_t zero_point = vdupq_n_s16((int16_t)sum->zero_point);
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    int16x8_t a = vmovl_s8(vld1_s8(x + i)), b = vmovl_s8(vld1_s8(y + i));
    int32x4_t lo = vmlaq_n_s32(vmlaq_n_s32(bias, vmovl_s16(vget_low_s16(a)), sum->a),
                               vmovl_s16(vget_low_s16(b)), sum->b);
    int32x4_t hi = vmlaq_n_s32(vmlaq_n_s32(bias, vmovl_high_s16(a), sum->a), vmovl_high_s16(b),
                               sum->b);
    int16x8_t value = vqmovn_high_s32(vqmovn_s32(vshlq_s32(lo, shift)), vshlq_s32(hi, shift));
    vst1_s8(x + i, vqmovn_s16(vqaddq_s16(value, zero_point)));
  }
  ghost_reference_add_int8(x + i, y + i, n - i, sum);
}

#endif
