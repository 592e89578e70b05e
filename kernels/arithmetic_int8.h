// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The int8 arithmetic of the runtime, as its XNNPACK has it, one number at a time. What a variant
// does with many at once must give the same bytes; tests/kernels holds both against the runtime.

#ifndef GHOSTNET_ARITHMETIC_INT8_H
#define GHOSTNET_ARITHMETIC_INT8_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "ghost_op.h"

// ------------------------------------------------------------------- a convolution's own output

// In float32 and in this order; XNNPACK's per-channel convolutions multiply their int32 sum by it.
static inline float ghost_requantization_scale(float input, float weight, float output) {
  float product = input * weight;
  return product / output;
}

typedef struct {
  int32_t min, max, zero_point;  // of the activation, in the output's integers
} GhostClamp;

static inline int32_t ghost_clamp(int32_t value, int32_t min, int32_t max) {
  return value < min ? min : value > max ? max : value;
}

static inline GhostClamp ghost_clamp_of(uint32_t activation, GhostQuantization q) {
  GhostClamp clamp = {-128, 127, q.zero_point};
  if (activation != GHOST_NO_ACTIVATION) clamp.min = q.zero_point;
  if (activation == GHOST_RELU6) {
    float six = 6.0f / q.scale + (float)q.zero_point;
    clamp.max = six < 127.0f ? (int32_t)lrintf(six) : 127;
  }
  return clamp;
}

// float32 product, half to even. Limits are whole numbers: before or after rounding is the same.
static inline int8_t ghost_requantize(int32_t sum, float scale, GhostClamp clamp) {
  float value = (float)sum * scale;
  float least = (float)(clamp.min - clamp.zero_point), most = (float)(clamp.max - clamp.zero_point);
  value = value < least ? least : value > most ? most : value;
  return (int8_t)(lrintf(value) + clamp.zero_point);
}

// ------------------------------------------------------------------- QUANTIZE, int8 to int8

typedef struct {
  bool is_needed;
  int32_t multiplier, bias;  // out = (x * multiplier + bias) >> 8
} GhostRecast;

static inline GhostRecast ghost_recast_of(GhostQuantization from, GhostQuantization to) {
  int32_t multiplier = (int32_t)lrintf(256.0f * (from.scale / to.scale));
  return (GhostRecast){
      .is_needed = from.scale != to.scale || from.zero_point != to.zero_point,
      .multiplier = multiplier,
      .bias = to.zero_point * 256 + 128 - multiplier * from.zero_point,
  };
}

static inline int8_t ghost_recast(int8_t x, const GhostRecast *recast) {
  return (int8_t)ghost_clamp((x * recast->multiplier + recast->bias) >> 8, -128, 127);
}

// ------------------------------------------------------------------- ADD

typedef struct {
  int32_t a, b, bias, zero_point;  // out = ((x * a + y * b + bias) >> shift) + zero_point
  int shift;
  int8_t zero_a, zero_b;  // bias = half - zero_a * a - zero_b * b
  bool fits_int16;        // what is shifted, whatever x and y are
} GhostSum;

// The larger factor gets 21 bits.
static inline GhostSum ghost_sum_of(GhostQuantization x, GhostQuantization y,
                                    GhostQuantization out) {
  float a = x.scale / out.scale, b = y.scale / out.scale;
  int shift = 20 - ilogbf(a > b ? a : b);
  GhostSum sum = {.shift = shift, .zero_point = out.zero_point};
  sum.a = (int32_t)lrintf(ldexpf(a, shift));
  sum.b = (int32_t)lrintf(ldexpf(b, shift));
  sum.bias = (1 << (shift - 1)) - sum.a * x.zero_point - sum.b * y.zero_point;
  sum.zero_a = (int8_t)x.zero_point, sum.zero_b = (int8_t)y.zero_point;
  sum.fits_int16 = 256.0f * (a + b) < 32000.0f;
  return sum;
}

static inline int8_t ghost_sum(int8_t x, int8_t y, const GhostSum *sum) {
  int32_t value = (x * sum->a + y * sum->b + sum->bias) >> sum->shift;
  return (int8_t)ghost_clamp(value + sum->zero_point, -128, 127);
}

#endif
