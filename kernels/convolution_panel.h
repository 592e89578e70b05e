// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// A panel: what a convolution packs for some output channels; and what a tile gets of it. Included
// by a file that has said
//
//   Element; Wide with WIDENS defined   of a tensor; what a tile reads of it, where that is wider
//   IN_LANE                             input channels of one output channel that lie side by side
//   IN_REGISTER                         output channels whose weights fill a register, or 1
//   Head, pack_head(node, of, head, c)  what else channel c of the panel needs, from channel `of`
//   Weight, weights_at(node, i)         where the node has its weights, and of which type
//   Limits, limits_of(node, head, width)
//                                       what sums need on their way out

#ifndef WIDENS
typedef Element Wide;
#endif

typedef struct {
  Head head;
  // [row][IN_LANE input channels][channel][input channel], zeros where there is none
  Wide weights[];
} Panel;

INLINE int registers(int width) { return (width + IN_REGISTER - 1) / IN_REGISTER; }

// Elements of one row of a window, a multiple of four, filled up to whole lanes.
INLINE size_t padded_depth(const GhostNode *node) {
  return IN_LANE <= 4 ? node->depth : (node->depth + IN_LANE - 1) / IN_LANE * IN_LANE;
}

static size_t panel_size(const GhostNode *node, int width) {
  const size_t channels = (size_t)(registers(width) * IN_REGISTER);
  return sizeof(Panel) + sizeof(Wide) * channels * node->header.kernel_h * padded_depth(node);
}

static void pack_panel(const GhostNode *node, int start, int width, Panel *panel) {
  const size_t rows = node->header.kernel_h, depth = node->depth, padded = padded_depth(node);
  const size_t channels = (size_t)(registers(width) * IN_REGISTER);
  for (int c = 0; c < width; c++) {
    const Weight *from = weights_at(node, (size_t)(start + c) * rows * depth);
    pack_head(node, start + c, &panel->head, c);
    for (size_t r = 0; r < rows; r++)
      for (size_t k = r * padded; k < r * padded + depth; k++)
        panel->weights[(k / IN_LANE * channels + (size_t)c) * IN_LANE + k % IN_LANE] = (Wide)*from++;
  }
}

// A copy of what the node says: a store of bytes may change any memory, as far as C knows.
typedef struct {
  size_t depth, pixel;  // elements of a window's row, and of a pixel of the output
  const Panel *panel;
  Limits limits;
} Work;

INLINE Work work_of(const GhostNode *node, const void *at, int width) {
  const Panel *panel = at;
  return (Work){node->depth, node->header.out_channels, panel,
                limits_of(node, &panel->head, width)};
}
