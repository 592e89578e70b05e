// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// What the int8 variants for Arm share: from eight int32 sums to eight int8 outputs, and where they go.

#ifndef GHOSTNET_NEON_H
#define GHOSTNET_NEON_H

#include <arm_neon.h>
#include <string.h>

#include "node.h"

#define INLINE static inline __attribute__((always_inline))

enum { NEON_LANES = 8 };

// How the float product becomes int8. All give the same bytes where they may be used.
typedef enum {
  ANY,       // saturates at every step
  BOUNDED,   // the rounded product, zero point added, fits int16: see GhostNode.is_bounded
  UNSIGNED,  // the same with zero point -128, where saturating to 0..255 is the clamp
} Narrowing;

INLINE Narrowing neon_narrowing(const GhostNode *node) {
  if (!node->is_bounded) return ANY;
  return node->clamp.zero_point == -128 && node->clamp.max == 127 ? UNSIGNED : BOUNDED;
}

typedef struct {
  int16x8_t zero_point;
  int8x8_t min, max;
} NeonClamp;

INLINE NeonClamp neon_clamp(const GhostNode *node) {
  return (NeonClamp){vdupq_n_s16((int16_t)node->clamp.zero_point),
                     vdup_n_s8((int8_t)node->clamp.min), vdup_n_s8((int8_t)node->clamp.max)};
}

INLINE int8x8_t neon_requantize(int32x4_t lo, int32x4_t hi, float32x4_t scale_lo,
                                float32x4_t scale_hi, NeonClamp clamp, Narrowing narrowing) {
  lo = vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(lo), scale_lo));
  hi = vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(hi), scale_hi));
  if (narrowing == UNSIGNED) {
    int16x8_t value = vuzp1q_s16(vreinterpretq_s16_s32(lo), vreinterpretq_s16_s32(hi));
    return veor_s8(vreinterpret_s8_u8(vqmovun_s16(value)), vdup_n_s8(-128));
  }
  int16x8_t value = narrowing == BOUNDED
                        ? vuzp1q_s16(vreinterpretq_s16_s32(lo), vreinterpretq_s16_s32(hi))
                        : vqmovn_high_s32(vqmovn_s32(lo), hi);
  value = narrowing == BOUNDED ? vaddq_s16(value, clamp.zero_point)
                               : vqaddq_s16(value, clamp.zero_point);
  return vmin_s8(vmax_s8(vqmovn_s16(value), clamp.min), clamp.max);
}

// `n` of eight channels, where a pixel has fewer; never a byte more.
INLINE void neon_store(int8_t *to, int8x8_t value, int n) {
  if (n >= NEON_LANES) {
    vst1_s8(to, value);
    return;
  }
  uint64_t bits = vget_lane_u64(vreinterpret_u64_s8(value), 0);
  if (n >= 4) {
    uint32_t low = (uint32_t)bits, high = (uint32_t)(bits >> 8 * (n - 4));
    memcpy(to, &low, sizeof low);
    memcpy(to + n - 4, &high, sizeof high);
  } else {
    for (int i = 0; i < n; i++) to[i] = (int8_t)(bits >> 8 * i);
  }
}

// Blocks of eight channels; the last one overlaps the one before it instead of being smaller.
INLINE int neon_blocks(const GhostHeader *h) {
  return ((int)h->channels + NEON_LANES - 1) / NEON_LANES;
}

INLINE int neon_block_start(const GhostHeader *h, int block) {
  int start = block * NEON_LANES, last = (int)h->channels - NEON_LANES;
  return start > last ? last < 0 ? 0 : last : start;
}

void ghost_neon_add_int8(int8_t *x, const int8_t *y, size_t n, const GhostSum *sum);

#endif
