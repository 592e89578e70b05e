// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Of a panel in float32, the same for every vector: the bias of PANEL channels, and the limits.
// Included by a file that has said PANEL and which vector: see float32.h.

#include "float32.h"

enum { IN_LANE = 1, IN_REGISTER = LANES };

typedef struct {
  float bias[PANEL];
} Head;

static void pack_head(const GhostNode *node, int of, Head *head, int c) {
  head->bias[c] = node->bias_float32[of];
}

INLINE const float *weights_at(const GhostNode *node, size_t i) {
  return node->weights_float32 + i;
}

typedef struct {
  Pixel min, max;
} Limits;

INLINE Limits limits_of(const GhostNode *node, const Head *head, int width) {
  (void)head, (void)width;
  return (Limits){all(node->min), all(node->max)};
}
