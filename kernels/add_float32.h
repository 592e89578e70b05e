// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The residual ADD in float32, the same for every vector. Included by a file that has said which:
// see float32.h.

#include "float32.h"

INLINE void add_all(float *x, const float *y, size_t n) {
  const size_t whole = n / LANES * LANES;
  for (size_t i = 0; i < whole; i += LANES) store(x + i, plus(load(x + i), load(y + i)));
  ghost_add_float32_reference(x + whole, y + whole, n - whole);
}
