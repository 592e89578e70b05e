// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// 1x1 convolutions in int8 for every aarch64: sixteen input channels of a pixel meet sixteen
// weights of one output channel, products of two add up in int16 and pairs of those in int32. A
// tile is four pixels by four channels: 16 registers of sums, each of which is added up across at
// the end.

#if defined(__aarch64__)

#include "convolution_int8_neon.h"

enum { PIXELS = 4, PANEL = 4, CHUNK = 16, IN_LANE = 16, IN_REGISTER = 1 };

#include "convolution_int8.h"

INLINE int8x8_t four_of(const int8_t *from) {
  return vreinterpret_s8_s32(vld1_dup_s32((const int32_t *)(const void *)from));
}

INLINE int32x4_t add_eight(int32x4_t sum, int8x8_t x, int8x16_t weights) {
  return vpadalq_s16(sum, vmull_s8(x, vget_low_s8(weights)));
}

INLINE int32x4_t add_sixteen(int32x4_t sum, int8x16_t x, int8x16_t weights) {
  return vpadalq_s16(
      sum, vmlal_high_s8(vmull_s8(vget_low_s8(x), vget_low_s8(weights)), x, weights));
}

typedef struct {
  int32x4_t bias;
  Output output;
} Limits;

INLINE Limits limits_of(const GhostNode *node, const Head *head, int width) {
  (void)width;
  return (Limits){vld1q_s32(head->bias), output(node, head->scale, head->scale)};
}

#include "convolution_panel.h"

INLINE void tile(const Work *work, const int8_t *const *rows, int n_rows, size_t at, size_t step,
                 int8_t *out, int n_pixels, int width, bool is_whole, int mode) {
  const size_t depth = work->depth;
  const int8_t *weights = work->panel->weights;
  (void)width;
  int32x4_t sum[PIXELS][PANEL];
#pragma GCC unroll 4
  for (int i = 0; i < n_pixels; i++)
#pragma GCC unroll 4
    for (int c = 0; c < PANEL; c++) sum[i][c] = vdupq_n_s32(0);

#define LOAD(FROM) _Pragma("GCC unroll 4") for (int i = 0; i < n_pixels; i++) x[i] = FROM
#define MULTIPLY(ADD)                                                                              \
  do {                                                                                             \
    _Pragma("GCC unroll 4") for (int c = 0; c < PANEL; c++) {                                      \
      int8x16_t w = vld1q_s8(weights + 16 * c);                                                    \
      _Pragma("GCC unroll 4") for (int i = 0; i < n_pixels; i++) sum[i][c] =                       \
          ADD(sum[i][c], x[i], w);                                                                 \
    }                                                                                              \
    weights += 16 * PANEL;                                                                         \
  } while (0)

  for (int r = 0; r < n_rows; r++) {
    const int8_t *row = rows[r] + at;
    size_t left = depth;
    for (; left >= 16; left -= 16, row += 16) {
      int8x16_t x[PIXELS];
      LOAD(vld1q_s8(row + (size_t)i * step));
      MULTIPLY(add_sixteen);
    }
    if (is_whole) {
      continue;
    } else if (left == 12) {  // the last four meet zeros in their copies
      int8x16_t x[PIXELS];
      LOAD(vcombine_s8(vld1_s8(row + (size_t)i * step), four_of(row + (size_t)i * step + 8)));
      MULTIPLY(add_sixteen);
    } else if (left == 8) {
      int8x8_t x[PIXELS];
      LOAD(vld1_s8(row + (size_t)i * step));
      MULTIPLY(add_eight);
    } else if (left == 4) {
      int8x8_t x[PIXELS];
      LOAD(four_of(row + (size_t)i * step));
      MULTIPLY(add_eight);
    }
  }
#undef LOAD
#undef MULTIPLY

  int32x4_t sums[PIXELS];
#pragma GCC unroll 4
  for (int i = 0; i < n_pixels; i++)
    sums[i] = vaddq_s32(work->limits.bias, vpaddq_s32(vpaddq_s32(sum[i][0], sum[i][1]),
                                         vpaddq_s32(sum[i][2], sum[i][3])));
  store_pixels(sums, &work->limits.output, n_pixels, out, work->pixel, mode);
}

#include "convolution_loops.h"

OF_EVERY_MODE(run, run_convolution)

static bool takes(const GhostNode *node) {
  const size_t n = node->depth * node->header.kernel_h * node->header.out_channels;
  return pairs_fit_int16(node->weights_int8, n) && is_wide(node);
}

const GhostKernel GHOST_CONVOLUTION_INT8_NEON = {
    .rows = PIECE, .tile = PIXELS, .panel = PANEL, .lanes = 1, .chunk = CHUNK, .takes = takes,
    .packed_size = panels_size, .pack = pack_panels, .run = run,
};

#endif
