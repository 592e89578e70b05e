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

// Whole sixteens of a tile of four by four, in this order whichever compiler reads it: products of
// two channels are made of all pixels before the first is added up, because a core that runs in
// order waits four cycles for each of the three steps. v0-v3: sixteen input channels of four pixels.
// v4, v5: weights of two channels; the next two come in while products, v8-v15, are added up.
// Returns where the next weights are.
INLINE const int8_t *sixteens(int32x4_t sum[PIXELS][PANEL], const int8_t *weights,
                              const int8_t *const *rows, int n_rows, size_t at, size_t step,
                              size_t depth) {
#define LOW(P, I, W) "smull v" #P ".8h, v" #I ".8b, v" #W ".8b\n"
#define HIGH(P, I, W) "smlal2 v" #P ".8h, v" #I ".16b, v" #W ".16b\n"
#define ADD(P, I, C) "sadalp %[s" #I #C "].4s, v" #P ".8h\n"
#define PRODUCTS(STEP)                                                                             \
  STEP(8, 0, 4) STEP(9, 1, 4) STEP(10, 2, 4) STEP(11, 3, 4)                                        \
  STEP(12, 0, 5) STEP(13, 1, 5) STEP(14, 2, 5) STEP(15, 3, 5)
#define ADD_UP(C, D)                                                                               \
  ADD(8, 0, C) ADD(9, 1, C) ADD(10, 2, C) ADD(11, 3, C)                                            \
  ADD(12, 0, D) ADD(13, 1, D) ADD(14, 2, D) ADD(15, 3, D)
#define START(I, C) "movi %[s" #I #C "].4s, #0\n"
#define EVERY_SUM(DO, I) DO(I, 0) DO(I, 1) DO(I, 2) DO(I, 3)
#define OUT(I)                                                                                     \
  [s##I##0] "=w"(sum[I][0]), [s##I##1] "=w"(sum[I][1]), [s##I##2] "=w"(sum[I][2]),                 \
      [s##I##3] "=w"(sum[I][3])
  __asm__ volatile(
      EVERY_SUM(START, 0) EVERY_SUM(START, 1) EVERY_SUM(START, 2) EVERY_SUM(START, 3)
      ".Lrow%=:\n"
      "ldr x9, [%[rows]], #8\n"
      "subs x10, %[depth], #16\n"
      "add x9, x9, %[at]\n"
      "b.lo .Lend%=\n"
      ".Lsixteen%=:\n"
      "ldp q4, q5, [%[weights]]\n"
      "ldr q0, [x9]\n"
      "ldr q1, [x9, %[step]]\n"
      "ldr q2, [x9, %[step2]]\n"
      "ldr q3, [x9, %[step3]]\n"
      "add x9, x9, #16\n"
      PRODUCTS(LOW) PRODUCTS(HIGH)
      "ldp q4, q5, [%[weights], #32]\n"
      ADD_UP(0, 1)
      "add %[weights], %[weights], #64\n"
      PRODUCTS(LOW) PRODUCTS(HIGH)
      "subs x10, x10, #16\n"
      ADD_UP(2, 3)
      "b.hs .Lsixteen%=\n"
      ".Lend%=:\n"
      "subs %w[n_rows], %w[n_rows], #1\n"
      "b.ne .Lrow%=\n"
      : OUT(0), OUT(1), OUT(2), OUT(3), [weights] "+r"(weights), [rows] "+r"(rows),
        [n_rows] "+r"(n_rows)
      : [at] "r"(at), [depth] "r"(depth), [step] "r"(step), [step2] "r"(2 * step),
        [step3] "r"(3 * step)
      : "memory", "cc", "x9", "x10", "v0", "v1", "v2", "v3", "v4", "v5", "v8", "v9", "v10", "v11",
        "v12", "v13", "v14", "v15");
#undef LOW
#undef HIGH
#undef ADD
#undef PRODUCTS
#undef ADD_UP
#undef START
#undef EVERY_SUM
#undef OUT
  return weights;
}

INLINE void tile(const Work *work, const int8_t *const *rows, int n_rows, size_t at, size_t step,
                 int8_t *out, int n_pixels, int width, bool is_whole, int mode) {
  const size_t depth = work->depth;
  const int8_t *weights = work->panel->weights;
  (void)width;
  const bool is_full = n_pixels == PIXELS;
  int32x4_t sum[PIXELS][PANEL];
  if (is_full) {
    weights = sixteens(sum, weights, rows, n_rows, at, step, depth);
  } else {
#pragma GCC unroll 4
    for (int c = 0; c < PANEL; c++) sum[0][c] = vdupq_n_s32(0);
  }

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

  for (int r = 0; r < n_rows && !(is_full && is_whole); r++) {
    const int8_t *row = rows[r] + at + (is_full ? depth / 16 * 16 : 0);
    size_t left = is_full ? depth % 16 : depth;
    for (; !is_full && left >= 16; left -= 16, row += 16) {
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
