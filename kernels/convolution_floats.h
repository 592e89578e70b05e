// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Of a panel in floating point, the same for every vector: the bias of PANEL channels, and the limits.
// Included by a file that has said PANEL and which vector: see floats.h.

#include "floats.h"

enum { IN_LANE = 1, IN_REGISTER = LANES };

typedef struct {
  Element bias[PANEL];
} Head;

static void pack_head(const GhostNode *node, int of, Head *head, int c) {
  head->bias[c] = (Element)node->bias_float32[of];
}

typedef float Weight;

INLINE const Weight *weights_at(const GhostNode *node, size_t i) {
  return node->weights_float32 + i;
}

typedef struct {
  Pixel min, max;
} Limits;

INLINE Limits limits_of(const GhostNode *node, const Head *head, int width) {
  (void)head, (void)width;
  return (Limits){all(node->min), all(node->max)};
}
