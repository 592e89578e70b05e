// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The residual ADD in float32 for every aarch64: four at a time.

#if defined(__aarch64__)

#include "float32_neon.h"
#define add_rest ghost_add_float32_reference
#include "add_floats.h"

void ghost_add_float32_neon(float *x, const float *y, size_t n) { add_all(x, y, n); }

#endif
