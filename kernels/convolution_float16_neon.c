// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// 1x1 convolutions in half precision: a half of one pixel meets the weights of eight output channels.
// A tile is eight pixels by two registers of channels. A multiplication by one lane takes its pixel
// from v0 to v15 only, so the sums lie in v16 to v31.

#if defined(__aarch64__)

#include <arm_neon.h>
#include <string.h>

#include "compiler.h"
#include "node.h"

TARGET_BEGIN(FP16)

#include "float16_neon.h"

enum { PIXELS = 8, PANEL = 2 * LANES, CHUNK = 1 };

#include "convolution_floats.h"
#include "convolution_panel.h"

static const Element ZEROS[PANEL];

// Bias and whole eights of input channels of a whole tile, in this order whichever compiler reads it.
// v0-v7: eight input channels of eight pixels. v8-v11: weights, the next ones loaded while others are in
// use. Returns where the next weights are.
INLINE const Element *eights(Pixel sum[2][PIXELS], const Element *bias, const Element *weights,
                             const Element *from, size_t step, size_t depth) {
#define LOAD(I, FROM) "ldr q" #I ", " FROM "\n"
#define BOTH(LANE, W0, W1, I)                                                                      \
  "fmla %[a" #I "].8h, v" #W0 ".8h, v" #I ".h[" #LANE "]\n"                                        \
  "fmla %[b" #I "].8h, v" #W1 ".8h, v" #I ".h[" #LANE "]\n"
#define FIRST_FOUR(LANE, W0, W1)                                                                   \
  BOTH(LANE, W0, W1, 0) BOTH(LANE, W0, W1, 1) BOTH(LANE, W0, W1, 2) BOTH(LANE, W0, W1, 3)
#define LAST_FOUR(LANE, W0, W1)                                                                    \
  BOTH(LANE, W0, W1, 4) BOTH(LANE, W0, W1, 5) BOTH(LANE, W0, W1, 6) BOTH(LANE, W0, W1, 7)
#define WEIGHTS(W0, W1, AT) "ldp q" #W0 ", q" #W1 ", [%[weights], #" #AT "]\n"
#define START(I) "mov %[a" #I "].16b, %[a0].16b\n mov %[b" #I "].16b, %[b0].16b\n"
#define OUT(I) [a##I] "=w"(sum[0][I]), [b##I] "=w"(sum[1][I])
  const Element *last = from + 4 * step;
  __asm__ volatile(
      "ldp %q[a0], %q[b0], [%[bias]]\n"
      START(1) START(2) START(3) START(4) START(5) START(6) START(7)
      "subs x9, %[depth], #8\n"
      "b.lo .Lend%=\n"
      ".Leight%=:\n"
      WEIGHTS(8, 9, 0)
      LOAD(0, "[%[from]]") LOAD(1, "[%[from], %[step]]") LOAD(2, "[%[from], %[step2]]")
      BOTH(0, 8, 9, 0) LOAD(3, "[%[from], %[step3]]")
      BOTH(0, 8, 9, 1) LOAD(4, "[%[last]]")
      BOTH(0, 8, 9, 2) LOAD(5, "[%[last], %[step]]")
      BOTH(0, 8, 9, 3) LOAD(6, "[%[last], %[step2]]")
      BOTH(0, 8, 9, 4) LOAD(7, "[%[last], %[step3]]")
      BOTH(0, 8, 9, 5) WEIGHTS(10, 11, 32)
      BOTH(0, 8, 9, 6) BOTH(0, 8, 9, 7)
      FIRST_FOUR(1, 10, 11) WEIGHTS(8, 9, 64) LAST_FOUR(1, 10, 11)
      FIRST_FOUR(2, 8, 9) WEIGHTS(10, 11, 96) LAST_FOUR(2, 8, 9)
      FIRST_FOUR(3, 10, 11) WEIGHTS(8, 9, 128) LAST_FOUR(3, 10, 11)
      FIRST_FOUR(4, 8, 9) WEIGHTS(10, 11, 160) LAST_FOUR(4, 8, 9)
      FIRST_FOUR(5, 10, 11) WEIGHTS(8, 9, 192) LAST_FOUR(5, 10, 11)
      FIRST_FOUR(6, 8, 9) WEIGHTS(10, 11, 224) LAST_FOUR(6, 8, 9)
      "add %[from], %[from], #16\n"
      FIRST_FOUR(7, 10, 11)
      "add %[last], %[last], #16\n"
      "add %[weights], %[weights], #256\n"
      "subs x9, x9, #8\n"
      LAST_FOUR(7, 10, 11)
      "b.hs .Leight%=\n"
      ".Lend%=:\n"
      : OUT(0), OUT(1), OUT(2), OUT(3), OUT(4), OUT(5), OUT(6), OUT(7), [weights] "+r"(weights),
        [from] "+r"(from), [last] "+r"(last)
      : [bias] "r"(bias), [depth] "r"(depth), [step] "r"(2 * step), [step2] "r"(4 * step),
        [step3] "r"(6 * step)
      : "memory", "cc", "x9", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11");
#undef LOAD
#undef BOTH
#undef FIRST_FOUR
#undef LAST_FOUR
#undef WEIGHTS
#undef START
#undef OUT
  return weights;
}

// One, two or four input channels, and never one more.
INLINE Pixel some_of(const Element *from, size_t n) {
  if (n == 1) return vld1q_dup_f16(from);
  if (n == 4) return vcombine_f16(vld1_f16(from), vdup_n_f16(0));
  uint32_t two;
  memcpy(&two, from, sizeof two);
  return vreinterpretq_f16_u32(vdupq_n_u32(two));
}

// sum + weights * a lane of x. GCC 12 knows no such instruction for halves, and copies the lane first.
#define ADD_PRODUCT(SUM, WEIGHTS, X, LANE)                                                         \
  __asm__("fmla %0.8h, %1.8h, %2.h[" #LANE "]" : "+w"(SUM) : "w"(WEIGHTS), "x"(X))

// Long sums lose the last bits of what is added to them, so a new one begins every GHOST_HALF_BLOCK input
// channels, and these are added up.
INLINE void tile(const Work *work, const Element *const *rows, int n_rows, size_t at, size_t step,
                 Element *out, int n_pixels, int width, bool is_whole, int mode) {
  const size_t depth = work->depth;
  const int n = registers(width);  // of sums for a pixel
  const bool is_full = n == 2 && n_pixels == PIXELS && !is_whole;
  const Element *weights = work->panel->weights, *bias = work->panel->head.bias;
  Pixel sum[2][PIXELS], total[2][PIXELS];
  bool has_total = false;
#define ALL(STATEMENT)                                                                             \
  _Pragma("GCC unroll 2") for (int j = 0; j < n; j++)                                              \
  _Pragma("GCC unroll 8") for (int i = 0; i < n_pixels; i++) STATEMENT
#define LOAD(FROM) _Pragma("GCC unroll 8") for (int i = 0; i < n_pixels; i++) x[i] = FROM
#define MULTIPLY(LANE)                                                                             \
  do {                                                                                             \
    const Pixel w0 = load(weights), w1 = n == 2 ? load(weights + LANES) : w0;                      \
    weights += n * LANES;                                                                          \
    _Pragma("GCC unroll 8") for (int i = 0; i < n_pixels; i++) {                                   \
      ADD_PRODUCT(sum[0][i], w0, x[i], LANE);                                                      \
      if (n == 2) ADD_PRODUCT(sum[1][i], w1, x[i], LANE);                                          \
    }                                                                                              \
  } while (0)
  if (!is_full) ALL(sum[j][i] = load(bias + j * LANES));
  for (int r = 0; r < n_rows; r++) {
    const Element *row = rows[r] + at;
    for (size_t block = 0; block < depth; block += GHOST_HALF_BLOCK) {
      const size_t end = depth - block < GHOST_HALF_BLOCK ? depth : block + GHOST_HALF_BLOCK;
      size_t k = block;
      Pixel x[PIXELS];
      if (block) {
        if (has_total) ALL(total[j][i] = plus(total[j][i], sum[j][i]));
        else ALL(total[j][i] = sum[j][i]);
        has_total = true;
        if (!is_full) ALL(sum[j][i] = all(0));
      }
      if (is_full) {
        weights = eights(sum, block ? ZEROS : bias, weights, row + block, step, end - block);
        k = end / 8 * 8;
      }
      for (; !is_full && k + 8 <= end; k += 8) {
        LOAD(load(row + (size_t)i * step + k));
        MULTIPLY(0);
        MULTIPLY(1);
        MULTIPLY(2);
        MULTIPLY(3);
        MULTIPLY(4);
        MULTIPLY(5);
        MULTIPLY(6);
        MULTIPLY(7);
      }
      if (end & 4) {  // the rest, and nothing behind it: NaN times a weight of zero is NaN
        LOAD(some_of(row + (size_t)i * step + k, 4));
        MULTIPLY(0);
        MULTIPLY(1);
        MULTIPLY(2);
        MULTIPLY(3);
        k += 4;
      }
      if (!is_whole) continue;  // a multiple of four
      if (end & 2) {
        LOAD(some_of(row + (size_t)i * step + k, 2));
        MULTIPLY(0);
        MULTIPLY(1);
        k += 2;
      }
      if (end & 1) {
        LOAD(some_of(row + (size_t)i * step + k, 1));
        MULTIPLY(0);
      }
    }
  }
  if (has_total) ALL(sum[j][i] = plus(total[j][i], sum[j][i]));
#undef ALL
#undef LOAD
#undef MULTIPLY

#pragma GCC unroll 8
  for (int i = 0; i < n_pixels; i++)
#pragma GCC unroll 2
    for (int j = 0; j < n; j++) {
      Element *to = out + (size_t)i * work->pixel + j * LANES;
      const Pixel value = limited(sum[j][i], work->limits.min, work->limits.max, mode);
      if (width - j * LANES < LANES) vst1_f16(to, vget_low_f16(value));
      else store(to, value);
    }
}

#include "convolution_loops.h"

static void run(const GhostNode *node, int part, const void *in, void *out, int first, int last) {
  IN_THE_MODE_OF(node, run_convolution, node, part, in, out, first, last)
}

const GhostKernel GHOST_CONVOLUTION_FLOAT16_NEON = {
    .rows = PIECE, .tile = PIXELS, .panel = PANEL, .lanes = 1, .chunk = CHUNK, .takes = is_wide,
    .packed_size = panels_size, .pack = pack_panels, .run = run,
};

TARGET_END

#endif
