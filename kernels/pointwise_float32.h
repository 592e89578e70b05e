// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// 1x1 convolutions in float32, the same for every vector: one fused multiply-add per input channel. Included
// behind float32.h by a file that has said
//
//   PIXELS                              of a tile; it is two registers of channels wide
//   Four, load_four(from)               four input channels of a pixel, and how they are read
//   ADD_PRODUCT_OF(sum, weights, four, lane)
//                                       sum + weights * one of them, rounded once

enum { PANEL = 2 * LANES, CHUNK = 4 };

typedef struct {
  float bias[PANEL], weights[];  // [row][input channel][channel]
} Panel;

// Where the last channels do not fill a register, they are followed by zeros.
INLINE int registers(int width) { return (width + LANES - 1) / LANES; }

static size_t panel_size(const GhostNode *node, int width) {
  const size_t channels = (size_t)(registers(width) * LANES);
  return sizeof(Panel) + sizeof(float) * channels * node->is.kernel_h * node->depth;
}

static void pack_panel(const GhostNode *node, int start, int width, Panel *panel) {
  const size_t n = node->is.kernel_h * node->depth, channels = (size_t)(registers(width) * LANES);
  for (int c = 0; c < width; c++) {
    panel->bias[c] = node->bias_float32[start + c];
    for (size_t k = 0; k < n; k++)
      panel->weights[k * channels + (size_t)c] = node->weights_float32[(size_t)(start + c) * n + k];
  }
}

typedef struct {
  size_t depth, pixel;  // elements of a window's row, and of a pixel of the output
  const Panel *panel;
  Pixel min, max;
} Work;

INLINE Work work_of(const GhostNode *node, const void *panel, int width) {
  (void)width;
  return (Work){node->depth, node->is.out_channels, panel, all(node->min), all(node->max)};
}

INLINE void tile(const Work *work, const float *const *rows, int n_rows, size_t at, size_t step,
                 float *out, int n_pixels, int width, bool is_whole, int mode) {
  const size_t depth = work->depth;
  (void)is_whole;  // fours are all it knows
  const int n = registers(width);
  const float *weights = work->panel->weights;
  Pixel sum[2][PIXELS];
#pragma GCC unroll 2
  for (int j = 0; j < n; j++)
#pragma GCC unroll 8
    for (int i = 0; i < n_pixels; i++) sum[j][i] = load(work->panel->bias + j * LANES);

#define MULTIPLY(LANE)                                                                             \
  do {                                                                                             \
    Pixel w0 = load(weights), w1 = n == 2 ? load(weights + LANES) : w0;                            \
    weights += n * LANES;                                                                          \
    _Pragma("GCC unroll 8") for (int i = 0; i < n_pixels; i++) {                                   \
      sum[0][i] = ADD_PRODUCT_OF(sum[0][i], w0, x[i], LANE);                                       \
      if (n == 2) sum[1][i] = ADD_PRODUCT_OF(sum[1][i], w1, x[i], LANE);                           \
    }                                                                                              \
  } while (0)
  for (int r = 0; r < n_rows; r++) {
    const float *row = rows[r] + at;
    for (size_t k = 0; k < depth; k += 4) {
      Four x[PIXELS];
#pragma GCC unroll 8
      for (int i = 0; i < n_pixels; i++) x[i] = load_four(row + (size_t)i * step + k);
      MULTIPLY(0);
      MULTIPLY(1);
      MULTIPLY(2);
      MULTIPLY(3);
    }
  }
#undef MULTIPLY

#pragma GCC unroll 8
  for (int i = 0; i < n_pixels; i++)
#pragma GCC unroll 2
    for (int j = 0; j < n; j++) {
      Pixel value = limited(sum[j][i], work->min, work->max, mode);
      float *to = out + (size_t)i * work->pixel + j * LANES;
      if (width < (j + 1) * LANES) store_some(to, value, width - j * LANES);
      else store(to, value);
    }
}

#include "pointwise.h"

static void run_pointwise(const GhostNode *node, int cheap, const void *in, void *out, int first,
                          int last) {
  switch (node->is.activation) {
    case GHOST_RELU6: run_convolution(node, cheap, in, out, first, last, BOTH); break;
    case GHOST_RELU: run_convolution(node, cheap, in, out, first, last, RELU); break;
    default: run_convolution(node, cheap, in, out, first, last, NONE); break;
  }
}
