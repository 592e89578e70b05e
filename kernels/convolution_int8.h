// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Of a panel in int8, the same for every instruction set: the bias and the scale of PANEL channels.
// Included by a file that has said PANEL.

typedef int8_t Element;

typedef struct {
  int32_t bias[PANEL];
  float scale[PANEL];
} Head;

static void pack_head(const GhostNode *node, int of, Head *head, int c) {
  head->bias[c] = node->bias_int32[of];
  head->scale[c] = node->scale[of];
}

typedef int8_t Weight;

INLINE const Weight *weights_at(const GhostNode *node, size_t i) { return node->weights_int8 + i; }
