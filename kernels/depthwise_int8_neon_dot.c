// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise in int8 with SDOT, which multiplies four bytes by four bytes and adds the products to
// an int32. The bytes of one lane must belong to one channel, so four rows (or any four taps) of
// eight channels are zipped into [a0 b0 c0 d0][a1 b1 c1 d1]... first. docs/ghost_operator.md draws
// it.

#if defined(__aarch64__)

#include "compiler.h"
#include "depthwise_windows.h"
#include "int8_neon.h"

TARGET_BEGIN(DOTPROD)

typedef struct {
  int8x16_t lo, hi;  // four taps of channels 0-3, and of 4-7
} Column;

// Half a register loaded leaves zeros in the other half: this is no instruction.
INLINE int8x16_t wide(Pixel pixel) { return vcombine_s8(pixel, vcreate_s8(0)); }

INLINE Column column(Pixel a, Pixel b, Pixel c, Pixel d) {
  int16x8_t ab = vreinterpretq_s16_s8(vzip1q_s8(wide(a), wide(b)));
  int16x8_t cd = vreinterpretq_s16_s8(vzip1q_s8(wide(c), wide(d)));
  return (Column){vreinterpretq_s8_s16(vzip1q_s16(ab, cd)),
                  vreinterpretq_s8_s16(vzip2q_s16(ab, cd))};
}

INLINE Column padding(const GhostNode *node) {
  int8x16_t zero = vdupq_n_s8((int8_t)node->header.input.zero_point);
  return (Column){zero, zero};
}

INLINE Sum dot(Sum sum, Column x, Column w) {
  return (Sum){vdotq_s32(sum.lo, x.lo, w.lo), vdotq_s32(sum.hi, x.hi, w.hi)};
}

INLINE Column load_column(const int8_t *from) {
  return (Column){vld1q_s8(from), vld1q_s8(from + 16)};
}

#include "depthwise_int8_dot.h"

// ------------------------------------------------------------------------------- 5x5 at stride 2

#define HAS_PAIRS

// Four rows of each column, four columns of the fifth row, and the last one alone.
enum { FIFTH_ROW = 5, CORNER = 6 };

static void put_weight(const GhostHeader *h, Block *block, int lane, int t, int8_t weight) {
  const int x = t % 5, y = t / 5;
  if (!ghost_is_halving5(h)) put_in_groups(h, block, lane, t, weight);
  else if (y < 4) block->weights[x][4 * lane + y] = weight;
  else if (x < 4) block->weights[FIFTH_ROW][4 * lane + x] = weight;
  else block->weights[CORNER][lane] = weight;
}

typedef struct {
  Pixel row[5];
} Five;

typedef struct {
  Column left, right;  // four rows of each
  int16x8_t fifth;     // the fifth of both, zipped
  Pixel corner;        // the left one's once more
} Pair;

INLINE Pair pair(Five left, Five right) {
  return (Pair){column(left.row[0], left.row[1], left.row[2], left.row[3]),
                column(right.row[0], right.row[1], right.row[2], right.row[3]),
                vreinterpretq_s16_s8(vzip1q_s8(wide(left.row[4]), wide(right.row[4]))),
                left.row[4]};
}

typedef struct {
  Column of[FIFTH_ROW + 1];
  Pixel corner;
  Sum bias;
  Output output;
} Weights5;

INLINE Weights5 weights5(const GhostNode *node, const Block *block) {
  const Weights all = weights_of(node, block, FIFTH_ROW + 1);
  Weights5 w = {.corner = vld1_s8(block->weights[CORNER]), .bias = all.bias, .output = all.output};
#pragma GCC unroll 6
  for (int g = 0; g <= FIFTH_ROW; g++) w.of[g] = all.of[g];
  return w;
}

INLINE Pixel window5(const Pair *first, const Pair *second, const Pair *third, const Weights5 *w,
                     int mode) {
  Sum sum = dot(dot(w->bias, first->left, w->of[0]), first->right, w->of[1]);
  sum = dot(dot(sum, second->left, w->of[2]), second->right, w->of[3]);
  sum = dot(sum, third->left, w->of[4]);
  Column fifth = {vreinterpretq_s8_s16(vzip1q_s16(first->fifth, second->fifth)),
                  vreinterpretq_s8_s16(vzip2q_s16(first->fifth, second->fifth))};
  sum = dot(sum, fifth, w->of[FIFTH_ROW]);
  int16x8_t corner = vmull_s8(third->corner, w->corner);
  sum = (Sum){vaddw_s16(sum.lo, vget_low_s16(corner)), vaddw_high_s16(sum.hi, corner)};
  return requantized(sum, &w->output, mode);
}

// ------------------------------------------------------------------------------- the kernel

#include "depthwise_int8_neon.h"

const GhostKernel GHOST_DEPTHWISE_INT8_NEON_DOT = {
    .rows = 2, .lanes = LANES, .takes = ghost_is_unrolled,
    .packed_size = packed_size, .pack = pack, .run = run,
};

TARGET_END

#endif
