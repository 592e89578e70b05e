// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Half precision, one number at a time and for any processor: 1 bit of sign, 5 of exponent, 10 of
// mantissa (IEEE 754's binary16), to the nearest, halves to even. As Armv8.2's instructions compute it;
// the reference and the tests are made of this.

#ifndef GHOSTNET_ARITHMETIC_FLOAT16_H
#define GHOSTNET_ARITHMETIC_FLOAT16_H

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef uint16_t GhostHalf;  // its bits

// So many products of one row of a window make a sum of their own, but for the first one, which begins with
// the bias and goes on where a row has fewer: a long sum loses the last bits of what is added to it.
enum { GHOST_HALF_BLOCK = 64 };

// A double holds any product of two halves, and any sum that matters, so it is rounded once.
static inline GhostHalf ghost_half_of(double x) {
  const uint32_t sign = signbit(x) ? 0x8000 : 0;
  const double size = fabs(x);
  if (isnan(x)) return (GhostHalf)(sign | 0x7e00);
  if (size >= 65520) return (GhostHalf)(sign | 0x7c00);  // infinity
  if (size < 0x1p-14) return (GhostHalf)(sign | (uint32_t)rint(size * 0x1p24));
  int exponent;
  const double mantissa = frexp(size, &exponent);  // in [0.5, 1)
  // Its highest bit, which is not stored, is one more of the exponent; so is what a rounding carries.
  return (GhostHalf)(sign | (((uint32_t)(exponent + 13) << 10) + (uint32_t)rint(mantissa * 0x1p11)));
}

static inline float ghost_float_of(GhostHalf half) {
  const uint32_t exponent = half >> 10 & 31, mantissa = half & 1023;
  float size = (float)mantissa * 0x1p-24f;
  if (exponent) {
    const uint32_t bits = (exponent == 31 ? 255u : exponent + 112) << 23 | mantissa << 13;
    memcpy(&size, &bits, sizeof size);
  }
  return half & 0x8000 ? -size : size;
}

// sum + a * b, rounded once.
static inline GhostHalf ghost_half_multiply_add(GhostHalf sum, GhostHalf a, GhostHalf b) {
  return ghost_half_of((double)ghost_float_of(a) * (double)ghost_float_of(b) +
                       (double)ghost_float_of(sum));
}

#endif
