// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The residual ADD in half precision: eight at a time.

#if defined(__aarch64__)

#include <arm_fp16.h>
#include <arm_neon.h>

#include "compiler.h"
#include "node.h"

TARGET_BEGIN(FP16)

#include "float16_neon.h"

INLINE void add_rest(Element *x, const Element *y, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = vaddh_f16(x[i], y[i]);
}

#include "add_floats.h"

void ghost_add_float16_neon(GhostHalf *x, const GhostHalf *y, size_t n) {
  add_all((Element *)(void *)x, (const Element *)(const void *)y, n);
}

TARGET_END

#endif
