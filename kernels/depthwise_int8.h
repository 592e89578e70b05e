// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// How a depthwise kernel packs int8, the same for every instruction set. Included by a file that
// has said
//
//   Block                               with bias[LANES] and scale[LANES]
//   put_weight(header, block, lane, tap, weight)   where the weight of a tap belongs in it
//
// and what depthwise_loops.h wants.

typedef int8_t Element;

static void pack_block(const GhostNode *node, int cheap, int start, Block *block) {
  const GhostHeader *h = &node->header;
  for (int lane = 0; lane < LANES && start + lane < (int)h->channels; lane++) {
    size_t of = (size_t)cheap * h->channels + (size_t)(start + lane);
    block->bias[lane] = node->bias_int32[of];
    block->scale[lane] = node->scale[of];
    for (int t = 0; t < (int)(h->kernel_h * h->kernel_w); t++)
      put_weight(h, block, lane, t, node->weights_int8[ghost_weight(node, cheap, t, start + lane)]);
  }
}

#include "depthwise_loops.h"
