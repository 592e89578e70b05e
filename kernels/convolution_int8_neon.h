// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// What the int8 variants of 1x1 convolutions for Arm share: how four channels come and go.

#ifndef GHOSTNET_CONVOLUTION_INT8_NEON_H
#define GHOSTNET_CONVOLUTION_INT8_NEON_H

#include "int8_neon.h"

INLINE int8x8_t four_of(const int8_t *from) {
  return vreinterpret_s8_s32(vld1_dup_s32((const int32_t *)(const void *)from));
}

INLINE void store_four(int8_t *to, int32x2_t value, bool is_upper) {
  if (is_upper) vst1_lane_s32((int32_t *)(void *)to, value, 1);
  else vst1_lane_s32((int32_t *)(void *)to, value, 0);
}

// Pixels leave in pairs.
INLINE void store_pixels(const int32x4_t *sums, const Output *output, int n_pixels, int8_t *out,
                         size_t width, int mode) {
#pragma GCC unroll 4
  for (int i = 0; i < n_pixels; i += 2) {
    Sum sum = {sums[i], sums[i + 1 < n_pixels ? i + 1 : i]};
    int32x2_t value = vreinterpret_s32_s8(requantized(sum, output, mode));
    store_four(out + (size_t)i * width, value, false);
    if (i + 1 < n_pixels) store_four(out + (size_t)(i + 1) * width, value, true);
  }
}

#endif
