// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// float32 to half precision and back, for every aarch64: conversion is older than arithmetic.

#if defined(__aarch64__)

#include <arm_neon.h>

#include "kernel.h"

void ghost_to_halves_neon(GhostHalf *to, const float *from, size_t n) {
  float16_t *halves = (float16_t *)(void *)to;
  size_t i = 0;
  for (; i + 8 <= n; i += 8)
    vst1q_f16(halves + i, vcvt_high_f16_f32(vcvt_f16_f32(vld1q_f32(from + i)), vld1q_f32(from + i + 4)));
  for (; i < n; i++) halves[i] = (float16_t)from[i];
}

void ghost_to_floats_neon(float *to, const GhostHalf *from, size_t n) {
  const float16_t *halves = (const float16_t *)(const void *)from;
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const float16x8_t eight = vld1q_f16(halves + i);
    vst1q_f32(to + i, vcvt_f32_f16(vget_low_f16(eight)));
    vst1q_f32(to + i + 4, vcvt_high_f32_f16(eight));
  }
  for (; i < n; i++) to[i] = (float)halves[i];
}

#endif
