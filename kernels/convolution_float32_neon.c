// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// 1x1 convolutions in float32 for every aarch64.

#if defined(__aarch64__)

#include <string.h>

#include "float32_neon.h"

// A tile is eight pixels by two registers of channels: one fused multiply-add per input channel.
enum { PIXELS = 8, PANEL = 2 * LANES, CHUNK = 1 };

#include "convolution_floats.h"
#include "convolution_panel.h"

// One to three input channels, and never one more.
INLINE Pixel some_of(const float *from, size_t n) {
  if (n == 1) return vld1q_dup_f32(from);
  const Pixel two = vcombine_f32(vld1_f32(from), vdup_n_f32(0));
  return n == 2 ? two : vld1q_lane_f32(from + 2, two, 2);
}

INLINE void tile(const Work *work, const float *const *rows, int n_rows, size_t at, size_t step,
                 float *out, int n_pixels, int width, bool is_whole, int mode) {
  const size_t depth = work->depth, fours = is_whole ? depth / 4 * 4 : depth;
  const int n = width / LANES;
  const float *weights = work->panel->weights;
  Pixel sum[2][PIXELS];
#pragma GCC unroll 2
  for (int j = 0; j < n; j++)
#pragma GCC unroll 8
    for (int i = 0; i < n_pixels; i++) sum[j][i] = load(work->panel->head.bias + j * LANES);

#define LOAD(FROM) _Pragma("GCC unroll 8") for (int i = 0; i < n_pixels; i++) x[i] = FROM
#define MULTIPLY(LANE)                                                                             \
  do {                                                                                             \
    Pixel w0 = load(weights), w1 = n == 2 ? load(weights + LANES) : w0;                            \
    weights += n * LANES;                                                                          \
    _Pragma("GCC unroll 8") for (int i = 0; i < n_pixels; i++) {                                   \
      sum[0][i] = vfmaq_laneq_f32(sum[0][i], w0, x[i], LANE);                                      \
      if (n == 2) sum[1][i] = vfmaq_laneq_f32(sum[1][i], w1, x[i], LANE);                          \
    }                                                                                              \
  } while (0)
  for (int r = 0; r < n_rows; r++) {
    const float *row = rows[r] + at;
    for (size_t k = 0; k < fours; k += 4) {
      Pixel x[PIXELS];
      LOAD(load(row + (size_t)i * step + k));
      MULTIPLY(0);
      MULTIPLY(1);
      MULTIPLY(2);
      MULTIPLY(3);
    }
    if (!is_whole) continue;
    Pixel x[PIXELS];  // the rest, and nothing behind it: NaN times a weight of zero is NaN
    switch (depth - fours) {
      case 1: LOAD(some_of(row + (size_t)i * step + fours, 1)); MULTIPLY(0); break;
      case 2: LOAD(some_of(row + (size_t)i * step + fours, 2)); MULTIPLY(0); MULTIPLY(1); break;
      case 3:
        LOAD(some_of(row + (size_t)i * step + fours, 3));
        MULTIPLY(0);
        MULTIPLY(1);
        MULTIPLY(2);
        break;
    }
  }
#undef LOAD
#undef MULTIPLY

#pragma GCC unroll 8
  for (int i = 0; i < n_pixels; i++)
#pragma GCC unroll 2
    for (int j = 0; j < n; j++)
      store(out + (size_t)i * work->pixel + j * LANES,
            limited(sum[j][i], work->limits.min, work->limits.max, mode));
}

#include "convolution_loops.h"

static void run_pointwise(const GhostNode *node, int part, const void *in, void *out, int first,
                          int last) {
  IN_THE_MODE_OF(node, run_convolution, node, part, in, out, first, last)
}

const GhostKernel GHOST_CONVOLUTION_FLOAT32_NEON = {
    .rows = PIECE, .tile = PIXELS, .panel = PANEL, .lanes = 1, .chunk = CHUNK, .takes = is_wide,
    .packed_size = panels_size, .pack = pack_panels, .run = run_pointwise,
};

#endif
