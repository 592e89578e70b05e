// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Floating point, the same for every vector: which limits a result has. Included by a file that has said
// (float32_avx2.h, float32_neon.h, float16_neon.h)
//
//   Element                             of a tensor
//   LANES, Pixel                        a register of so many of them
//   load, store, all                    LANES of them; one float in every lane
//   add_product(sum, a, b)              sum + a * b, rounded once
//   plus                                lane by lane
//   larger, smaller(sum, limit)         lane by lane; a sum that is NaN stays NaN

#include "node.h"

enum { NONE, RELU, BOTH };  // which limits there are

INLINE Pixel limited(Pixel sum, Pixel min, Pixel max, int mode) {
  if (mode != NONE) sum = larger(sum, min);
  return mode == BOTH ? smaller(sum, max) : sum;
}

INLINE int mode_of(const GhostNode *node) {
  switch (node->header.activation) {
    case GHOST_RELU6: return BOTH;
    case GHOST_RELU: return RELU;
    default: return NONE;
  }
}

// RUN(..., mode) with the mode of a node as a constant.
#define IN_THE_MODE_OF(NODE, RUN, ...)                                                             \
  switch (mode_of(NODE)) {                                                                         \
    case BOTH: RUN(__VA_ARGS__, BOTH); break;                                                      \
    case RELU: RUN(__VA_ARGS__, RELU); break;                                                      \
    default: RUN(__VA_ARGS__, NONE); break;                                                        \
  }
