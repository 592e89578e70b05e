// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// 1x1 convolutions in int8 with SMMLA: eight input channels of two pixels by eight of two output
// channels are four sums, a register. A tile is eight pixels by eight channels: 16 registers of
// sums. Pixels are copied once for all panels, side by side in the order in which a tile multiplies
// them. Larger windows and single pixels are SDOT's, which needs fewer instructions there.

#if defined(__aarch64__)

#include "compiler.h"
#include "convolution_int8_neon.h"

TARGET_BEGIN(I8MM)

enum { PIXELS = 8, PANEL = 8, CHUNK = 16, IN_LANE = 8, IN_REGISTER = 2 };

#include "convolution_int8.h"

typedef Output Limits;

INLINE Limits limits_of(const GhostNode *node, const Head *head, int width) {
  return output(node, head->scale, head->scale + (width == 8 ? 4 : 0));
}

#include "convolution_panel.h"

INLINE int8x16_t two_of(const int8_t *from) {
  return vreinterpretq_s8_s64(vld1q_dup_s64((const int64_t *)(const void *)from));
}

INLINE int32x4_t bias_of_two(const int32_t *from) {
  return vreinterpretq_s32_s64(vld1q_dup_s64((const int64_t *)(const void *)from));
}

INLINE int32x4_t low_halves(int32x4_t a, int32x4_t b) {
  return vreinterpretq_s32_s64(vzip1q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}

INLINE int32x4_t high_halves(int32x4_t a, int32x4_t b) {
  return vreinterpretq_s32_s64(vzip2q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}

// A whole tile of eight by eight in an order of its own, as that of SDOT. v0-v3: eight input
// channels of four times two pixels; v4-v7: of four times two output channels; then v8-v15.
INLINE void whole_tile(int32x4_t sum[PIXELS / 2][PANEL / 2], const int32_t *bias,
                       const int8_t *weights, const int8_t *x, size_t depth) {
#define START(C) "ld1r {%[s0" #C "].2d}, [%[bias]]\n add %[bias], %[bias], #8\n"
#define SAME(I, C) "mov %[s" #I #C "].16b, %[s0" #C "].16b\n"
#define ALL_SAME(I) SAME(I, 0) SAME(I, 1) SAME(I, 2) SAME(I, 3)
#define PRODUCT(I, X, C, W) "smmla %[s" #I #C "].4s, v" #X ".16b, v" #W ".16b\n"
#define TWO_PIXELS(I, X, W0, W1, W2, W3)                                                           \
  PRODUCT(I, X, 0, W0) PRODUCT(I, X, 1, W1) PRODUCT(I, X, 2, W2) PRODUCT(I, X, 3, W3)
#define OUT(I)                                                                                     \
  [s##I##0] "=w"(sum[I][0]), [s##I##1] "=w"(sum[I][1]), [s##I##2] "=w"(sum[I][2]),                 \
      [s##I##3] "=w"(sum[I][3])
  __asm__ volatile(
      START(0) START(1) START(2) START(3)
      ALL_SAME(1) ALL_SAME(2) ALL_SAME(3)
      "tbz %[depth], #3, .Leven%=\n"
      "ldp q4, q5, [%[weights]]\n ldp q6, q7, [%[weights], #32]\n"
      "ldp q0, q1, [%[x]]\n ldp q2, q3, [%[x], #32]\n"
      "add %[weights], %[weights], #64\n add %[x], %[x], #64\n"
      TWO_PIXELS(0, 0, 4, 5, 6, 7) TWO_PIXELS(1, 1, 4, 5, 6, 7)
      TWO_PIXELS(2, 2, 4, 5, 6, 7) TWO_PIXELS(3, 3, 4, 5, 6, 7)
      ".Leven%=:\n"
      "subs %[depth], %[depth], #16\n"
      "b.lo .Lend%=\n"
      ".Lsixteen%=:\n"
      "ldp q4, q5, [%[weights]]\n ldp q0, q1, [%[x]]\n"
      "ldp q6, q7, [%[weights], #32]\n ldp q2, q3, [%[x], #32]\n"
      TWO_PIXELS(0, 0, 4, 5, 6, 7)
      "ldp q12, q13, [%[weights], #64]\n"
      TWO_PIXELS(1, 1, 4, 5, 6, 7)
      "ldp q8, q9, [%[x], #64]\n"
      TWO_PIXELS(2, 2, 4, 5, 6, 7)
      "ldp q14, q15, [%[weights], #96]\n"
      TWO_PIXELS(3, 3, 4, 5, 6, 7)
      "ldp q10, q11, [%[x], #96]\n"
      TWO_PIXELS(0, 8, 12, 13, 14, 15)
      "add %[weights], %[weights], #128\n"
      TWO_PIXELS(1, 9, 12, 13, 14, 15)
      "add %[x], %[x], #128\n"
      TWO_PIXELS(2, 10, 12, 13, 14, 15)
      "subs %[depth], %[depth], #16\n"
      TWO_PIXELS(3, 11, 12, 13, 14, 15)
      "b.hs .Lsixteen%=\n"
      ".Lend%=:\n"
      : OUT(0), OUT(1), OUT(2), OUT(3), [bias] "+r"(bias), [weights] "+r"(weights), [x] "+r"(x),
        [depth] "+r"(depth)
      :
      : "memory", "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11",
        "v12", "v13", "v14", "v15");
#undef START
#undef SAME
#undef ALL_SAME
#undef PRODUCT
#undef TWO_PIXELS
#undef OUT
}

// `step` is the depth filled up to eights; the pixels of a tile stand where `copy_pixels` put them.
INLINE void tile(const Work *work, const int8_t *const *rows, int n_rows, size_t at, size_t step,
                 int8_t *out, int n_pixels, int width, bool is_whole, int mode) {
  (void)n_rows, (void)is_whole;
  const int n = registers(width);  // of weights, and of sums for two pixels
  const int pairs = (n_pixels + 1) / 2;
  const int8_t *weights = work->panel->weights, *x = rows[0] + at;
  const int32_t *bias = work->panel->head.bias;
  const bool is_full = n_pixels == PIXELS && width == PANEL;
  int32x4_t sum[PIXELS / 2][PANEL / 2];
  if (is_full) {
    whole_tile(sum, bias, weights, x, step);
  } else {
#pragma GCC unroll 4
    for (int c = 0; c < n; c++)
#pragma GCC unroll 4
      for (int i = 0; i < pairs; i++) sum[i][c] = bias_of_two(bias + 2 * c);
  }

#define EIGHT                                                                                      \
  do {                                                                                             \
    int8x16_t w[PANEL / 2], two[PIXELS / 2];                                                       \
    _Pragma("GCC unroll 4") for (int i = 0; i < pairs; i++) two[i] =                               \
        n_pixels == 1 ? two_of(x) : vld1q_s8(x + 16 * i);                                          \
    _Pragma("GCC unroll 4") for (int c = 0; c < n; c++) w[c] = vld1q_s8(weights + 16 * c);         \
    _Pragma("GCC unroll 4") for (int i = 0; i < pairs; i++)                                        \
        _Pragma("GCC unroll 4") for (int c = 0; c < n; c++) sum[i][c] =                            \
            vmmlaq_s32(sum[i][c], two[i], w[c]);                                                   \
    x += 8 * n_pixels;                                                                             \
    weights += 16 * n;                                                                             \
  } while (0)
  for (size_t left = is_full ? 0 : step; left; left -= 8) EIGHT;
#undef EIGHT

#pragma GCC unroll 4
  for (int i = 0; i < pairs; i++) {
    const int32x4_t *s = sum[i];
    int8_t *to = out + (size_t)(2 * i) * work->pixel;
    int32x4_t a = low_halves(s[0], s[1]), b = high_halves(s[0], s[1]);
    if (n == 2) {
      const int32x4_t both[] = {a, b};
      store_pixels(both, &work->limits, n_pixels == 1 ? 1 : 2, to, work->pixel, mode);
      continue;
    }
    store(to, requantized((Sum){a, low_halves(s[2], s[3])}, &work->limits, mode));
    if (n_pixels > 1)
      store(to + work->pixel, requantized((Sum){b, high_halves(s[2], s[3])}, &work->limits, mode));
  }
}

// So many pixels of a tile, eight input channels of each after the other; what fills `depth` up to
// eights meets weights of zero.
INLINE void copy_tile(int8_t *to, const int8_t *from, size_t depth, int n_pixels) {
  size_t k = 0;
  for (; k + 16 <= depth; k += 16, to += 16 * n_pixels) {
#pragma GCC unroll 4
    for (int i = 0; i + 1 < n_pixels; i += 2) {
      int64x2_t a = vreinterpretq_s64_s8(vld1q_s8(from + (size_t)i * depth + k));
      int64x2_t b = vreinterpretq_s64_s8(vld1q_s8(from + (size_t)(i + 1) * depth + k));
      vst1q_s8(to + 8 * i, vreinterpretq_s8_s64(vzip1q_s64(a, b)));
      vst1q_s8(to + 8 * (n_pixels + i), vreinterpretq_s8_s64(vzip2q_s64(a, b)));
    }
    if (n_pixels == 1) vst1q_s8(to, vld1q_s8(from + k));
  }
  for (; k < depth; k += 8, to += 8 * n_pixels)
#pragma GCC unroll 8
    for (int i = 0; i < n_pixels; i++) {
      const int8_t *pixel = from + (size_t)i * depth + k;
      if (k + 8 <= depth) vst1_s8(to + 8 * i, vld1_s8(pixel));
      else vst1_s8(to + 8 * i, four_of(pixel));
    }
}

// In the tiles that `pixels` of convolution_loops.h will ask for.
static __attribute__((noinline)) void copy_pixels(int8_t *to, const int8_t *from, size_t depth,
                                                  int n) {
  const size_t padded = (depth + 7) / 8 * 8;
#define TILES(SIZE)                                                                                \
  for (; n >= SIZE; n -= SIZE, to += SIZE * padded, from += SIZE * depth)                          \
  copy_tile(to, from, depth, SIZE)
  TILES(8);
  TILES(4);
  TILES(1);
#undef TILES
}

#define COPIES_PIXELS
#include "convolution_loops.h"

OF_EVERY_MODE(run_pixels, run_convolution)

static bool is_ours(const GhostNode *node) {
  return ghost_is_pointwise(&node->header) && node->header.in_height * node->header.in_width > 1 &&
         padded_depth(node) * PIXELS <= COPIED;
}

static const GhostKernel *const SDOT = &GHOST_CONVOLUTION_INT8_NEON_DOT;

static size_t packed_size(const GhostNode *node) {
  return is_ours(node) ? panels_size(node) : SDOT->packed_size(node);
}

static void pack(GhostNode *node) {
  if (is_ours(node)) pack_panels(node);
  else SDOT->pack(node);
}

static void run(const GhostNode *node, int part, const void *in, void *out, int first, int last) {
  if (is_ours(node)) run_pixels(node, part, in, out, first, last);
  else SDOT->run(node, part, in, out, first, last);
}

// What is not said by functions is SDOT's, too.
const GhostKernel GHOST_CONVOLUTION_INT8_NEON_I8MM = {
    .rows = PIECE, .tile = PIXELS, .panel = PANEL, .lanes = 1, .chunk = CHUNK, .takes = is_wide,
    .packed_size = packed_size, .pack = pack, .run = run,
};

TARGET_END

#endif
