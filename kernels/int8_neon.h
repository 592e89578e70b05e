// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// What all int8 convolutions for Arm share: from eight int32 sums to eight int8 outputs.

#ifndef GHOSTNET_INT8_NEON_H
#define GHOSTNET_INT8_NEON_H

#include <arm_neon.h>
#include <string.h>

#include "compiler.h"
#include "node.h"

enum { LANES = 8 };
typedef int8x8_t Pixel;

typedef struct {
  int32x4_t lo, hi;
} Sum;

// How the float product becomes int8. All give the same bytes where they may be used.
enum {
  ANY,       // saturates at every step, and clamps
  UNSIGNED,  // fits int16 on the way (GhostNode.is_bounded); zero point -128: 0..255 is the clamp
  FREE,      // fits int16 on the way; no activation: -128..127 is the clamp
};

INLINE int mode_of(const GhostNode *node) {
  const GhostClamp *clamp = &node->clamp;
  if (!node->is_bounded || clamp->max != 127 || clamp->min != -128) return ANY;
  return clamp->zero_point == -128 ? UNSIGNED : FREE;
}

INLINE Sum load_sum(const int32_t *from) { return (Sum){vld1q_s32(from), vld1q_s32(from + 4)}; }

typedef struct {
  float32x4_t scale_lo, scale_hi;
  int16x8_t zero_point;
  int8x8_t min, max;
} Output;

INLINE Output output(const GhostNode *node, const float *scale, const float *scale_hi) {
  return (Output){vld1q_f32(scale),
                  vld1q_f32(scale_hi),
                  vdupq_n_s16((int16_t)node->clamp.zero_point),
                  vdup_n_s8((int8_t)node->clamp.min),
                  vdup_n_s8((int8_t)node->clamp.max)};
}

INLINE Output output_of(const GhostNode *node, const float *scale) {
  return output(node, scale, scale + 4);
}

INLINE Pixel requantized(Sum sum, const Output *o, int mode) {
  int32x4_t lo = vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sum.lo), o->scale_lo));
  int32x4_t hi = vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sum.hi), o->scale_hi));
  if (mode == ANY) {
    int16x8_t value = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(lo), hi), o->zero_point);
    return vmin_s8(vmax_s8(vqmovn_s16(value), o->min), o->max);
  }
  int16x8_t value = vuzp1q_s16(vreinterpretq_s16_s32(lo), vreinterpretq_s16_s32(hi));
  if (mode == UNSIGNED) return veor_s8(vreinterpret_s8_u8(vqmovun_s16(value)), vdup_n_s8(-128));
  return vqmovn_s16(vaddq_s16(value, o->zero_point));
}

#define OF_MODE(NAME, RUN, MODE)                                                                   \
  static __attribute__((noinline)) void NAME(const GhostNode *node, int cheap, const void *in,     \
                                             void *out, int first, int last) {                     \
    RUN(node, cheap, in, out, first, last, MODE);                                                  \
  }

// A function for each mode, apart: among the loops of the others, a loop would run out of registers.
#define OF_EVERY_MODE(NAME, RUN)                                                                   \
  OF_MODE(NAME##_any, RUN, ANY)                                                                    \
  OF_MODE(NAME##_unsigned, RUN, UNSIGNED)                                                          \
  OF_MODE(NAME##_free, RUN, FREE)                                                                  \
  static void NAME(const GhostNode *node, int cheap, const void *in, void *out, int first,         \
                   int last) {                                                                     \
    switch (mode_of(node)) {                                                                       \
      case UNSIGNED: NAME##_unsigned(node, cheap, in, out, first, last); break;                    \
      case FREE: NAME##_free(node, cheap, in, out, first, last); break;                            \
      default: NAME##_any(node, cheap, in, out, first, last); break;                               \
    }                                                                                              \
  }

// Whether two products fit int16, whatever the inputs are.
INLINE bool pairs_fit_int16(const int8_t *weights, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (weights[i] == -128) return false;
  return true;
}

INLINE Pixel load(const int8_t *from) { return vld1_s8(from); }

INLINE void store(int8_t *to, Pixel value) { vst1_s8(to, value); }

// The first n of eight channels, and never a byte more.
INLINE void store_some(int8_t *to, Pixel value, int n) {
  uint64_t bits = vget_lane_u64(vreinterpret_u64_s8(value), 0);
  if (n >= 4) {
    uint32_t low = (uint32_t)bits, high = (uint32_t)(bits >> 8 * (n - 4));
    memcpy(to, &low, sizeof low);
    memcpy(to + n - 4, &high, sizeof high);
  } else {
    for (int i = 0; i < n; i++) to[i] = (int8_t)(bits >> 8 * i);
  }
}

#endif
