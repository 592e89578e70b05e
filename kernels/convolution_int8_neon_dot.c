// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// 1x1 convolutions in int8 with SDOT: four input channels of one pixel, a lane of a register, meet
// the weights of four output channels. A tile is eight pixels by eight channels: 16 registers of
// sums.

#if defined(__aarch64__)

#include "compiler.h"
#include "convolution_int8_neon.h"

TARGET_BEGIN(DOTPROD)

enum { PIXELS = 8, PANEL = 8, CHUNK = 16, IN_LANE = 4, IN_REGISTER = 4 };

#include "convolution_int8.h"

// One to four times four input channels, and never a byte more.
INLINE int8x16_t fours_of(const int8_t *from, int n) {
  if (n == 4) return vld1q_s8(from);
  if (n == 1) return vreinterpretq_s8_s32(vld1q_dup_s32((const int32_t *)(const void *)from));
  int8x16_t two = vcombine_s8(vld1_s8(from), vcreate_s8(0));
  if (n == 2) return two;
  return vreinterpretq_s8_s32(
      vld1q_lane_s32((const int32_t *)(const void *)(from + 8), vreinterpretq_s32_s8(two), 2));
}

typedef Output Limits;

INLINE Limits limits_of(const GhostNode *node, const Head *head, int width) {
  return output(node, head->scale, head->scale + (width == 8 ? 4 : 0));
}

#include "convolution_panel.h"

INLINE void tile(const Work *work, const int8_t *const *rows, int n_rows, size_t at, size_t step,
                 int8_t *out, int n_pixels, int width, bool is_whole, int mode) {
  const size_t depth = work->depth;
  const int n = registers(width);  // registers of sums for a pixel
  const int8_t *weights = work->panel->weights;
  int32x4_t sum[2][PIXELS];
#pragma GCC unroll 2
  for (int j = 0; j < n; j++)
#pragma GCC unroll 8
    for (int i = 0; i < n_pixels; i++) sum[j][i] = vld1q_s32(work->panel->head.bias + 4 * j);

#define LOAD(N)                                                                                    \
  _Pragma("GCC unroll 8") for (int i = 0; i < n_pixels; i++) x[i] =                                \
      fours_of(row + (size_t)i * step + k, N)
// Four input channels of each, the LANE-th; both registers of weights come in one load.
#define MULTIPLY(LANE)                                                                             \
  do {                                                                                             \
    int8x16_t w0 = vld1q_s8(weights), w1 = n == 2 ? vld1q_s8(weights + 16) : w0;                   \
    weights += 4 * width;                                                                          \
    _Pragma("GCC unroll 8") for (int i = 0; i < n_pixels; i++) {                                   \
      sum[0][i] = vdotq_laneq_s32(sum[0][i], w0, x[i], LANE);                                      \
      if (n == 2) sum[1][i] = vdotq_laneq_s32(sum[1][i], w1, x[i], LANE);                          \
    }                                                                                              \
  } while (0)

  for (int r = 0; r < n_rows; r++) {
    const int8_t *row = rows[r] + at;
    int8x16_t x[PIXELS];
    size_t k = 0;
    for (; k + 16 <= depth; k += 16) {
      LOAD(4);
      MULTIPLY(0);
      MULTIPLY(1);
      MULTIPLY(2);
      MULTIPLY(3);
    }
    if (is_whole) continue;
    switch (depth - k) {
      case 4: LOAD(1); MULTIPLY(0); break;
      case 8: LOAD(2); MULTIPLY(0); MULTIPLY(1); break;
      case 12: LOAD(3); MULTIPLY(0); MULTIPLY(1); MULTIPLY(2); break;
    }
  }
#undef LOAD
#undef MULTIPLY

  if (n == 1) {
    store_pixels(sum[0], &work->limits, n_pixels, out, work->pixel, mode);
    return;
  }
#pragma GCC unroll 8
  for (int i = 0; i < n_pixels; i++)
    store(out + (size_t)i * work->pixel,
          requantized((Sum){sum[0][i], sum[1][i]}, &work->limits, mode));
}

#include "convolution_loops.h"

OF_EVERY_MODE(run, run_convolution)

const GhostKernel GHOST_CONVOLUTION_INT8_NEON_DOT = {
    .rows = PIECE, .tile = PIXELS, .panel = PANEL, .lanes = 1, .chunk = CHUNK, .takes = is_wide,
    .packed_size = panels_size, .pack = pack_panels, .run = run,
};

TARGET_END

#endif
