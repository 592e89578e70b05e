// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The residual ADD in float32 for x86 with AVX2: eight at a time.

#if defined(__x86_64__)

#include <immintrin.h>

#include "compiler.h"
#include "node.h"

TARGET_BEGIN("avx2,fma")

#include "float32_avx2.h"
#define add_rest ghost_add_float32_reference
#include "add_floats.h"

void ghost_add_float32_avx2(float *x, const float *y, size_t n) { add_all(x, y, n); }

TARGET_END

#endif
