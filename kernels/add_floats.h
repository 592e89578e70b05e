// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The residual ADD in floating point, the same for every vector. Included by a file that has said which
// (see floats.h), and `add_rest`, one by one.

#include "floats.h"

INLINE void add_all(Element *x, const Element *y, size_t n) {
  const size_t whole = n / LANES * LANES;
  for (size_t i = 0; i < whole; i += LANES) store(x + i, plus(load(x + i), load(y + i)));
  add_rest(x + whole, y + whole, n - whole);
}
