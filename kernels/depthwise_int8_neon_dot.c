// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// int8 with SDOT, which multiplies four bytes by four bytes and adds the products to an int32. The
// bytes of one lane must belong to one channel, so four rows (or any four taps) of eight channels are
// zipped into [a0 b0 c0 d0][a1 b1 c1 d1]... first. docs/ghost_operator.md draws it.

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

// ------------------------------------------------------------------------------- eight channels

// Weights of 3x3 by columns: [column][output row]; the second row's are the first one's a byte later, for
// both look at the same four zipped rows. Of 5x5 at stride 2: four rows of each column, four columns
// of the fifth row, and the last one alone. Of others: [group of four taps].
enum { MAX_GROUPS = 7, FIFTH_ROW = 5, CORNER = 6 };

typedef struct {
  int8_t weights[MAX_GROUPS][2][16];
  int32_t bias[8];
  float scale[8];
} Block;

typedef struct {
  Column of[MAX_GROUPS];
  Output output;
} Weights;

static void put_weight(Block *block, int group, int lane, int place, int8_t weight) {
  block->weights[group][lane / 4][lane % 4 * 4 + place] = weight;
}

static void pack_block(const GhostNode *node, int cheap, int start, Block *block) {
  const GhostHeader *h = &node->header;
  for (int lane = 0; lane < LANES && start + lane < (int)h->channels; lane++) {
    size_t of = (size_t)cheap * h->channels + (size_t)(start + lane);
    block->bias[lane] = node->bias_int32[of];
    block->scale[lane] = node->scale[of];
    for (int t = 0; t < (int)(h->kernel_h * h->kernel_w); t++) {
      const int x = t % (int)h->kernel_w, y = t / (int)h->kernel_w;
      int8_t weight = node->weights_int8[ghost_weight(node, cheap, t, start + lane)];
      if (ghost_is_strip(h)) {
        put_weight(block, 2 * x, lane, y, weight);
        put_weight(block, 2 * x + 1, lane, y + 1, weight);
      } else if (ghost_is_halving5(h)) {
        if (y < 4) put_weight(block, x, lane, y, weight);
        else if (x < 4) put_weight(block, FIFTH_ROW, lane, x, weight);
        else block->weights[CORNER][0][lane] = weight;
      } else {
        put_weight(block, t / 4, lane, t % 4, weight);
      }
    }
  }
}

INLINE Weights weights_of(const GhostNode *node, const Block *block, int n_groups) {
  Weights w;
#pragma GCC unroll 7
  for (int g = 0; g < n_groups; g++)
    w.of[g] = (Column){vld1q_s8(block->weights[g][0]), vld1q_s8(block->weights[g][1])};
  w.output = output(node, block->bias, block->scale, block->scale + 4);
  return w;
}

INLINE Weights strip_weights(const GhostNode *node, const Block *block) {
  return weights_of(node, block, 6);
}

INLINE Weights window_weights(const GhostNode *node, const Block *block, int n_taps) {
  return weights_of(node, block, (n_taps + 3) / 4);
}

INLINE Pixel strip_row(Column left, Column middle, Column right, const Weights *w, int row,
                       int mode) {
  Sum sum = dot(w->output.bias, left, w->of[row]);
  sum = dot(dot(sum, middle, w->of[2 + row]), right, w->of[4 + row]);
  return requantized(sum, &w->output, mode);
}

INLINE Pixel window(const int8_t *const *taps, int n_taps, const Weights *w, int mode) {
  Sum sum = w->output.bias;
#pragma GCC unroll 7
  for (int t = 0; t < n_taps; t += 4) {
    Pixel a = load(taps[t]), b = a, c = a, d = a;  // where there is no tap, its weight is 0
    if (t + 1 < n_taps) b = load(taps[t + 1]);
    if (t + 2 < n_taps) c = load(taps[t + 2]);
    if (t + 3 < n_taps) d = load(taps[t + 3]);
    sum = dot(sum, column(a, b, c, d), w->of[t / 4]);
  }
  return requantized(sum, &w->output, mode);
}

// ------------------------------------------------------------------------------- 5x5 at stride 2

#define HAS_PAIRS

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
  Output output;
} Weights5;

INLINE Weights5 weights5(const GhostNode *node, const Block *block) {
  const Weights all = weights_of(node, block, FIFTH_ROW + 1);
  Weights5 w = {.corner = vld1_s8(block->weights[CORNER][0]), .output = all.output};
#pragma GCC unroll 6
  for (int g = 0; g <= FIFTH_ROW; g++) w.of[g] = all.of[g];
  return w;
}

INLINE Pixel window5(const Pair *first, const Pair *second, const Pair *third, const Weights5 *w,
                     int mode) {
  Sum sum = dot(dot(w->output.bias, first->left, w->of[0]), first->right, w->of[1]);
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

#include "depthwise_loops.h"

INLINE void run_wide(const GhostNode *node, int cheap, const void *in, void *out, int first,
                     int last, int mode) {
  run_channels(node, cheap, in, out, first, last, false, mode);
}

OF_EVERY_MODE(run_mode, run_wide)

static void run(const GhostNode *node, int cheap, const void *in, void *out, int first, int last) {
  if (node->header.channels < LANES) run_channels(node, cheap, in, out, first, last, true, ANY);
  else run_mode(node, cheap, in, out, first, last);
}

const GhostKernel GHOST_DEPTHWISE_INT8_NEON_DOT = {
    .rows = 2, .lanes = LANES, .takes = ghost_is_unrolled,
    .packed_size = packed_size, .pack = pack, .run = run,
};

TARGET_END

#endif
