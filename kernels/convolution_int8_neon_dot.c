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

// Bias and whole sixteens of a tile of eight by eight, in this order whichever compiler reads it:
// cores that run in order wait where a compiler has a load next to its use, and GCC moves sums about
// if it may. v0-v7: sixteen input channels of eight pixels. v8-v11: weights, the next ones loaded
// while others are in use.
// Returns where the next weights are.
INLINE const int8_t *sixteens(int32x4_t sum[2][PIXELS], const int32_t *bias, const int8_t *weights,
                              const int8_t *const *rows, int n_rows, size_t at, size_t step,
                              size_t depth) {
#define LOAD(I, FROM) "ldr q" #I ", " FROM "\n"
#define BOTH(LANE, W0, W1, I)                                                                      \
  "sdot %[a" #I "].4s, v" #W0 ".16b, v" #I ".4b[" #LANE "]\n"                                      \
  "sdot %[b" #I "].4s, v" #W1 ".16b, v" #I ".4b[" #LANE "]\n"
#define FIRST_FOUR(LANE, W0, W1)                                                                   \
  BOTH(LANE, W0, W1, 0) BOTH(LANE, W0, W1, 1) BOTH(LANE, W0, W1, 2) BOTH(LANE, W0, W1, 3)
#define LAST_FOUR(LANE, W0, W1)                                                                    \
  BOTH(LANE, W0, W1, 4) BOTH(LANE, W0, W1, 5) BOTH(LANE, W0, W1, 6) BOTH(LANE, W0, W1, 7)
#define START(I) "mov %[a" #I "].16b, %[a0].16b\n mov %[b" #I "].16b, %[b0].16b\n"
#define OUT(I) [a##I] "=w"(sum[0][I]), [b##I] "=w"(sum[1][I])
  __asm__ volatile(
      "ldp %q[a0], %q[b0], [%[bias]]\n"
      START(1) START(2) START(3) START(4) START(5) START(6) START(7)
      ".Lrow%=:\n"
      "ldr x9, [%[rows]], #8\n"
      "subs x11, %[depth], #16\n"
      "add x9, x9, %[at]\n"
      "add x10, x9, %[step], lsl #2\n"
      "b.lo .Lend%=\n"
      ".Lsixteen%=:\n"
      "ldp q8, q9, [%[weights]]\n"
      LOAD(0, "[x9]") LOAD(1, "[x9, %[step]]") LOAD(2, "[x9, %[step2]]")
      BOTH(0, 8, 9, 0) LOAD(3, "[x9, %[step3]]")
      BOTH(0, 8, 9, 1) LOAD(4, "[x10]")
      BOTH(0, 8, 9, 2) LOAD(5, "[x10, %[step]]")
      BOTH(0, 8, 9, 3) LOAD(6, "[x10, %[step2]]")
      BOTH(0, 8, 9, 4) LOAD(7, "[x10, %[step3]]")
      BOTH(0, 8, 9, 5) "ldp q10, q11, [%[weights], #32]\n"
      BOTH(0, 8, 9, 6) BOTH(0, 8, 9, 7)
      FIRST_FOUR(1, 10, 11) "ldp q8, q9, [%[weights], #64]\n" LAST_FOUR(1, 10, 11)
      FIRST_FOUR(2, 8, 9) "ldp q10, q11, [%[weights], #96]\n" LAST_FOUR(2, 8, 9)
      "add x9, x9, #16\n"
      FIRST_FOUR(3, 10, 11)
      "add x10, x10, #16\n"
      "add %[weights], %[weights], #128\n"
      "subs x11, x11, #16\n"
      LAST_FOUR(3, 10, 11)
      "b.hs .Lsixteen%=\n"
      ".Lend%=:\n"
      "subs %w[n_rows], %w[n_rows], #1\n"
      "b.ne .Lrow%=\n"
      : OUT(0), OUT(1), OUT(2), OUT(3), OUT(4), OUT(5), OUT(6), OUT(7), [weights] "+r"(weights),
        [rows] "+r"(rows), [n_rows] "+r"(n_rows)
      : [bias] "r"(bias), [at] "r"(at), [depth] "r"(depth), [step] "r"(step), [step2] "r"(2 * step),
        [step3] "r"(3 * step)
      : "memory", "cc", "x9", "x10", "x11", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8",
        "v9", "v10", "v11");
#undef LOAD
#undef BOTH
#undef FIRST_FOUR
#undef LAST_FOUR
#undef START
#undef OUT
  return weights;
}

INLINE void tile(const Work *work, const int8_t *const *rows, int n_rows, size_t at, size_t step,
                 int8_t *out, int n_pixels, int width, bool is_whole, int mode) {
  const size_t depth = work->depth;
  const int n = registers(width);  // registers of sums for a pixel
  const int8_t *weights = work->panel->weights;
  const int32_t *bias = work->panel->head.bias;
  const bool is_full = n == 2 && n_pixels == PIXELS;
  int32x4_t sum[2][PIXELS];
  if (is_full) {
    weights = sixteens(sum, bias, weights, rows, n_rows, at, step, depth);
  } else {
#pragma GCC unroll 2
    for (int j = 0; j < n; j++)
#pragma GCC unroll 8
      for (int i = 0; i < n_pixels; i++) sum[j][i] = vld1q_s32(bias + 4 * j);
  }

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

  for (int r = 0; r < n_rows && !(is_full && is_whole); r++) {
    const int8_t *row = rows[r] + at;
    int8x16_t x[PIXELS];
    size_t k = is_full ? depth / 16 * 16 : 0;
    for (; !is_full && k + 16 <= depth; k += 16) {
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
