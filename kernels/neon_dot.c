// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// int8 with SDOT, which multiplies four bytes by four bytes and adds the products to an int32. The
// bytes of one lane must belong to one channel, so four rows (or any four taps) of eight channels are
// zipped into [a0 b0 c0 d0][a1 b1 c1 d1]... first. docs/ghost_operator.md draws it.

#if defined(__aarch64__)

#include "neon.h"
#include "windows.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif

// ------------------------------------------------------------------------------- zipped taps

typedef struct {
  int8x16_t lo, hi;  // four taps of channels 0-3, and of 4-7
} Zipped;

INLINE int8x16_t load(const int8_t *from) {
  return vcombine_s8(vld1_s8(from), vcreate_s8(0));
}

INLINE Zipped zip(int8x16_t a, int8x16_t b, int8x16_t c, int8x16_t d) {
  int16x8_t ab = vreinterpretq_s16_s8(vzip1q_s8(a, b)), cd = vreinterpretq_s16_s8(vzip1q_s8(c, d));
  return (Zipped){vreinterpretq_s8_s16(vzip1q_s16(ab, cd)),
                  vreinterpretq_s8_s16(vzip2q_s16(ab, cd))};
}

typedef struct {
  int32x4_t lo, hi;
} Sum;

INLINE Sum dot(Sum sum, Zipped x, Zipped w) {
  return (Sum){vdotq_s32(sum.lo, x.lo, w.lo), vdotq_s32(sum.hi, x.hi, w.hi)};
}

typedef struct {
  Sum bias;
  float32x4_t scale_lo, scale_hi;
  NeonClamp clamp;
} Output;

INLINE int8x8_t requantized(Sum sum, Output o, Narrowing narrowing) {
  return neon_requantize(sum.lo, sum.hi, o.scale_lo, o.scale_hi, o.clamp, narrowing);
}

// ------------------------------------------------------------------------------- packing

// Eight channels of one cheap convolution. Of SAME 3x3: [column][output row][half]; the second row's
// weights are the first one's a byte later, for both look at the same four zipped rows. Of others:
// [group of four taps][half].
enum { MAX_GROUPS = 7 };
typedef struct {
  int8_t weights[2 * MAX_GROUPS][16];
  int32_t bias[8];
  float scale[8];
} Block;

static void put_weight(Block *block, int index, int lane, int place, int8_t weight) {
  block->weights[2 * index + lane / 4][lane % 4 * 4 + place] = weight;
}

static void pack_block(const GhostNode *node, int cheap, int start, Block *block) {
  const GhostHeader *h = &node->is;
  int kernel = (int)h->kernel_w, taps = kernel * kernel, channels = (int)h->channels;
  for (int lane = 0; lane < NEON_LANES && start + lane < channels; lane++) {
    size_t of = (size_t)cheap * h->channels + (size_t)(start + lane);
    block->bias[lane] = node->bias_int32[of];
    block->scale[lane] = node->scale[of];
    for (int t = 0; t < taps; t++) {
      int8_t weight = node->weights_int8[((size_t)cheap * taps + t) * channels + start + lane];
      if (ghost_is_same3(h)) {
        put_weight(block, 2 * (t % 3), lane, t / 3, weight);
        put_weight(block, 2 * (t % 3) + 1, lane, t / 3 + 1, weight);
      } else {
        put_weight(block, t / 4, lane, t % 4, weight);
      }
    }
  }
}

static size_t packed_size(const GhostNode *node) {
  return sizeof(Block) * node->is.n_cheap * (size_t)neon_blocks(&node->is);
}

static void pack(GhostNode *node) {
  Block *block = node->packed;
  memset(block, 0, packed_size(node));
  for (int cheap = 0; cheap < (int)node->is.n_cheap; cheap++)
    for (int i = 0; i < neon_blocks(&node->is); i++)
      pack_block(node, cheap, neon_block_start(&node->is, i), block++);
}

INLINE Zipped weights_of(const Block *block, int index) {
  return (Zipped){vld1q_s8(block->weights[2 * index]), vld1q_s8(block->weights[2 * index + 1])};
}

INLINE Output output_of(const GhostNode *node, const Block *block) {
  return (Output){{vld1q_s32(block->bias), vld1q_s32(block->bias + 4)},
                  vld1q_f32(block->scale), vld1q_f32(block->scale + 4), neon_clamp(node)};
}

// ------------------------------------------------------------------------------- SAME 3x3

typedef struct {
  const int8_t *in[4];  // rows y - 1 to y + 2
  int8_t *out[2];       // rows y and y + 1 of the cheap convolution
  int8_t *copy[2];      // the same of y'
  size_t channels, pixel;
  int width, n;  // pixels; channels to be stored
  int8_t padding;
} Strip;

// Two output rows of eight channels, column by column: each column is loaded and zipped once, and is
// the right, the middle and the left one in turn. Written out three times, so that no register moves.
INLINE void strip_of_rows(const Strip *s, int start, const Block *block, Output o, int n_rows,
                          bool copies, bool is_narrow, Narrowing narrowing) {
  const Zipped w00 = weights_of(block, 0), w01 = weights_of(block, 1), w10 = weights_of(block, 2),
               w11 = weights_of(block, 3), w20 = weights_of(block, 4), w21 = weights_of(block, 5);
  const int8_t *in0 = s->in[0] + start, *in1 = s->in[1] + start;
  const int8_t *in2 = s->in[2] + start, *in3 = s->in[3] + start;
  int8_t *out0 = s->out[0] + start, *out1 = s->out[1] + start;
  int8_t *copy0 = s->copy[0] + start, *copy1 = s->copy[1] + start;
  const size_t channels = s->channels, pixel = s->pixel;
  const int n = is_narrow ? s->n : NEON_LANES;
  const Zipped outside = {vdupq_n_s8(s->padding), vdupq_n_s8(s->padding)};
  int left = s->width;

#define LOAD(COLUMN)                                                                               \
  do {                                                                                             \
    int8x16_t r0 = load(in0), r1 = load(in1), r2 = load(in2), r3 = load(in3);                      \
    in0 += channels, in1 += channels, in2 += channels, in3 += channels;                            \
    COLUMN = zip(r0, r1, r2, r3);                                                                  \
    if (copies) {                                                                                  \
      neon_store(copy0, vget_low_s8(r1), n);                                                       \
      copy0 += pixel;                                                                              \
      if (n_rows == 2) neon_store(copy1, vget_low_s8(r2), n);                                      \
      copy1 += pixel;                                                                              \
    }                                                                                              \
  } while (0)
#define WRITE(LEFT, MIDDLE, RIGHT)                                                                 \
  do {                                                                                             \
    Sum sum = dot(dot(dot(o.bias, LEFT, w00), MIDDLE, w10), RIGHT, w20);                           \
    neon_store(out0, requantized(sum, o, narrowing), n);                                           \
    out0 += pixel;                                                                                 \
    if (n_rows == 2) {                                                                             \
      sum = dot(dot(dot(o.bias, LEFT, w01), MIDDLE, w11), RIGHT, w21);                             \
      neon_store(out1, requantized(sum, o, narrowing), n);                                         \
      out1 += pixel;                                                                               \
    }                                                                                              \
    left--;                                                                                        \
  } while (0)

  Zipped a = outside, b, c;
  LOAD(b);
  for (;;) {
    if (left == 1) break;
    LOAD(c);
    WRITE(a, b, c);
    if (left == 1) {
      a = b, b = c;
      break;
    }
    LOAD(a);
    WRITE(b, c, a);
    if (left == 1) {
      b = a, a = c;
      break;
    }
    LOAD(b);
    WRITE(c, a, b);
  }
  WRITE(a, b, outside);
#undef LOAD
#undef WRITE
}

INLINE void same3(const GhostNode *node, int cheap, const int8_t *in, int8_t *out, int first,
                  int last, bool copies, bool is_narrow, Narrowing narrowing) {
  const GhostHeader *h = &node->is;
  const size_t pixel = ghost_out_channels(h), row = h->out_width * pixel;
  const int n_blocks = neon_blocks(h), last_start = (int)h->channels - NEON_LANES;
  for (int y = first; y < last; y += 2) {
    Strip strip = {.channels = h->channels, .pixel = pixel, .width = (int)h->out_width,
                   .n = (int)h->channels, .padding = (int8_t)h->input.zero_point};
    for (int k = 0; k < 4; k++) strip.in[k] = ghost_row(node, in, y - 1 + k, 1);
    for (int k = 0; k < 2; k++) {
      strip.copy[k] = out + (size_t)(y + k) * row;
      strip.out[k] = strip.copy[k] + ghost_cheap_offset(h, cheap);
    }
    const Block *block = (const Block *)node->packed + cheap * n_blocks;
    for (int i = 0; i < n_blocks; i++, block++) {
      const Output o = output_of(node, block);
      const int start = is_narrow ? 0 : i * NEON_LANES < last_start ? i * NEON_LANES : last_start;
      if (y + 1 < last)
        strip_of_rows(&strip, start, block, o, 2, copies, is_narrow, narrowing);
      else
        strip_of_rows(&strip, start, block, o, 1, copies, is_narrow, narrowing);
    }
  }
}

// ------------------------------------------------------------------------------- other windows

// One output pixel of eight channels: `taps` point at the window, row by row.
INLINE Sum window(const int8_t *const *taps, int n_taps, const Zipped *weights, Sum sum) {
#pragma GCC unroll 7
  for (int g = 0; g < (n_taps + 3) / 4; g++) {
    int8x16_t a = load(taps[4 * g]), b = a, c = a, d = a;  // where there is no tap, the weight is 0
    if (4 * g + 1 < n_taps) b = load(taps[4 * g + 1]);
    if (4 * g + 2 < n_taps) c = load(taps[4 * g + 2]);
    if (4 * g + 3 < n_taps) d = load(taps[4 * g + 3]);
    sum = dot(sum, zip(a, b, c, d), weights[g]);
  }
  return sum;
}

// The pixel's window reaches over the side of the input: tap by tap.
INLINE void edge_pixel(const GhostNode *node, const Block *block, const int8_t *const *rows, int x,
                       int8_t *to, int kernel, Narrowing narrowing) {
  const GhostHeader *h = &node->is;
  const int8_t *taps[GHOST_MAX_UNROLLED * GHOST_MAX_UNROLLED], *at[sizeof taps / sizeof *taps];
  const int n_taps = kernel * kernel;
  for (int kx = 0; kx < kernel; kx++) {
    int column = x * (int)h->stride_w - (int)h->pad_left + kx;
    bool is_inside = column >= 0 && column < (int)h->in_width;
    for (int ky = 0; ky < kernel; ky++)
      taps[ky * kernel + kx] = is_inside ? rows[ky] + (size_t)column * h->channels
                                         : (const int8_t *)node->padding_row;
  }
  for (int i = 0; i < neon_blocks(h); i++, block++) {
    const int start = neon_block_start(h, i);
    const Output o = output_of(node, block);
#pragma GCC unroll 25
    for (int t = 0; t < n_taps; t++) at[t] = taps[t] + start;
    Zipped weights[MAX_GROUPS];
#pragma GCC unroll 7
    for (int g = 0; g < (n_taps + 3) / 4; g++) weights[g] = weights_of(block, g);
    Sum sum = window(at, n_taps, weights, o.bias);
    neon_store(to + start, requantized(sum, o, narrowing), (int)h->channels - start);
  }
}

// Windows that lie inside, side by side.
INLINE void inner_pixels(const Block *block, const int8_t *const *rows, int n, size_t channels,
                         size_t step, int8_t *to, size_t pixel, int n_stored, Output o, int kernel,
                         Narrowing narrowing) {
  const int8_t *row[GHOST_MAX_UNROLLED], *taps[GHOST_MAX_UNROLLED * GHOST_MAX_UNROLLED];
  Zipped weights[MAX_GROUPS];  // a copy of our own stays in registers
#pragma GCC unroll 5
  for (int k = 0; k < kernel; k++) row[k] = rows[k];
#pragma GCC unroll 7
  for (int g = 0; g < (kernel * kernel + 3) / 4; g++) weights[g] = weights_of(block, g);
  for (; n; n--, to += pixel) {
#pragma GCC unroll 25
    for (int t = 0; t < kernel * kernel; t++)
      taps[t] = row[t / kernel] + (size_t)(t % kernel) * channels;
    neon_store(to, requantized(window(taps, kernel * kernel, weights, o.bias), o, narrowing),
               n_stored);
#pragma GCC unroll 5
    for (int k = 0; k < kernel; k++) row[k] += step;
  }
}

INLINE void windows(const GhostNode *node, int cheap, const int8_t *in, int8_t *out, int first,
                    int last, int kernel, bool is_narrow, Narrowing narrowing) {
  const GhostHeader *h = &node->is;
  const size_t channels = h->channels, pixel = ghost_out_channels(h), step = h->stride_w * channels;
  const Block *const blocks = (const Block *)node->packed + cheap * neon_blocks(h);
  int inner, end;
  ghost_inner_columns(h, &inner, &end);
  for (int y = first; y < last; y++) {
    const int8_t *rows[GHOST_MAX_UNROLLED], *at[GHOST_MAX_UNROLLED];
    for (int k = 0; k < kernel; k++)
      rows[k] = ghost_row(node, in, y * (int)h->stride_h - (int)h->pad_top + k, 1);
    int8_t *to = out + (size_t)y * h->out_width * pixel + ghost_cheap_offset(h, cheap);
    for (int x = 0; x < (int)h->out_width; x++)
      if (x < inner || x >= end)
        edge_pixel(node, blocks, rows, x, to + (size_t)x * pixel, kernel, narrowing);
    const ptrdiff_t left = (ptrdiff_t)inner * (ptrdiff_t)step - (ptrdiff_t)(h->pad_left * channels);
    for (int i = 0; i < neon_blocks(h) && inner < end; i++) {
      const int start = neon_block_start(h, i);
      for (int k = 0; k < kernel; k++) at[k] = rows[k] + left + start;
      inner_pixels(blocks + i, at, end - inner, channels, step, to + (size_t)inner * pixel + start,
                   pixel, is_narrow ? (int)channels : NEON_LANES, output_of(node, blocks + i),
                   kernel, narrowing);
    }
  }
}

// ------------------------------------------------------------------------------- the kernel

INLINE void run_narrowed(const GhostNode *node, int cheap, const int8_t *in, int8_t *out, int first,
                         int last, bool is_narrow, Narrowing narrowing) {
  const GhostHeader *h = &node->is;
  const bool copies = ghost_copies(h, cheap);
  if (ghost_is_same3(h)) {
    if (copies) same3(node, cheap, in, out, first, last, true, is_narrow, narrowing);
    else same3(node, cheap, in, out, first, last, false, is_narrow, narrowing);
    return;
  }
  if (copies) ghost_copy_rows(node, in, out, first, last, 1);
  if (h->kernel_h == 3) windows(node, cheap, in, out, first, last, 3, is_narrow, narrowing);
  else windows(node, cheap, in, out, first, last, 5, is_narrow, narrowing);
}

static void run(const GhostNode *node, int cheap, const void *in, void *out, int first, int last) {
  if (node->is.channels < NEON_LANES) {
    run_narrowed(node, cheap, in, out, first, last, true, ANY);
    return;
  }
  switch (neon_narrowing(node)) {
    case UNSIGNED: run_narrowed(node, cheap, in, out, first, last, false, UNSIGNED); break;
    case BOUNDED: run_narrowed(node, cheap, in, out, first, last, false, BOUNDED); break;
    case ANY: run_narrowed(node, cheap, in, out, first, last, false, ANY); break;
  }
}

const GhostKernel GHOST_NEON_DOT = {
    .rows = 2, .lanes = NEON_LANES, .takes = ghost_is_unrolled,
    .packed_size = packed_size, .pack = pack, .run = run,
};

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
