// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// One node, ready to run: its options in aligned memory, with what its kernel packed of them.

#ifndef GHOSTNET_NODE_H
#define GHOSTNET_NODE_H

#include <stdbool.h>

#include "ghost_op.h"
#include "pool.h"
#include "variants.h"

struct GhostNode {
  GhostHeader header;
  GhostPool *pool;
  const GhostVariant *variant;
  const GhostFloat16 *float16;  // the session's; NULL: it computes in float32
  const GhostKernel *kernel;
  bool is_half;    // what the kernel reads and writes is halves
  size_t element;  // bytes of one of them
  // Weights [n_cheap][kernel_h][kernel_w][channels], NULL once they are packed; then [n_cheap][channels].
  // CONVOLUTION: [out_channels][kernel_h][depth]; then [out_channels]
  size_t depth;  // CONVOLUTION: elements of one row of a window, with what fills it up
  int piece, band;   // rows that a thread takes; that the kernel gets at once
  int n_parts;       // CONVOLUTION: of its output channels, which threads take; then piece is all rows
  int8_t *weights_int8;
  float *weights_float32, *bias_float32;
  int32_t *bias_int32;  // less the input's zero point times the weights: a kernel sums x * w
  float *scale;         // from the sum to the output's integers
  bool is_bounded;      // no sum times its scale can leave int16, with room for a zero point
  GhostClamp clamp;
  float min, max;       // float32's
  GhostRecast recast_input, recast_conv;
  GhostSum sum;
  void *packed;
  void *padding_row;  // pixels of zero points, as many as the map or a window is wide, and slack
  // Where lanes > channels: the last rows of the input, from tail_row on, with slack behind them.
  void *tail;
  int tail_row;
  // In half precision: its tensors in the form that the kernel has, where theirs is another; or NULL.
  void *input, *residual, *output;
};

// Where the channels of a cheap convolution begin in a pixel of the output.
static inline size_t ghost_cheap_offset(const GhostHeader *h, int cheap) {
  return h->kind == GHOST_GHOST ? (size_t)(1 + cheap) * h->channels : 0;
}

// Where a weight lies in the array of them.
static inline size_t ghost_weight(const GhostNode *node, int cheap, int tap, int channel) {
  const size_t taps = (size_t)node->header.kernel_h * node->header.kernel_w;
  return ((size_t)cheap * taps + (size_t)tap) * node->header.channels + (size_t)channel;
}

// The output channels first <= c < last of part `part` of a CONVOLUTION: whole panels; the last part has
// what is left, too.
static inline void ghost_part(const GhostNode *node, int part, int *first, int *last) {
  const int panel = node->kernel->panel, n = (int)node->header.out_channels;
  *first = part * (n / panel) / node->n_parts * panel;
  *last = part + 1 == node->n_parts ? n : (part + 1) * (n / panel) / node->n_parts * panel;
}

static inline bool ghost_copies(const GhostHeader *h, int cheap) {
  return h->kind == GHOST_GHOST && cheap == 0;
}

// Row y of the input, or the row of zero points outside of it.
static inline const void *ghost_row(const GhostNode *node, const void *in, int y, size_t element) {
  const GhostHeader *h = &node->header;
  if (y < 0 || y >= (int)h->in_height) return node->padding_row;
  const size_t row = h->in_width * h->channels * element;
  if (node->tail && y >= node->tail_row)
    return (const char *)node->tail + (size_t)(y - node->tail_row) * row;
  return (const char *)in + (size_t)y * row;
}

// `float16` NULL: not in half precision.
GhostNode *ghost_node_of(const GhostVariant *variant, const GhostFloat16 *float16, GhostPool *pool,
                         const void *custom_options, size_t size, char error[256]);
// As the runtime has them.
size_t ghost_node_input_bytes(const GhostNode *node);
size_t ghost_node_output_bytes(const GhostNode *node);

#endif
