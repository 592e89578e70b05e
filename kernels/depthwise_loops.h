// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The way of a depthwise convolution over an image, the same for every fast variant: which pixels,
// in which order, and where the results go. Included by a file that has said what it computes with:
//
//   Element, LANES                      of a tensor; channels that are worked on at once
//   Pixel                               LANES channels of one pixel, as loaded and stored
//   Column, column(a, b, c, d)          one pixel of four rows, as the 3x3 wants it
//   padding(node)                       a column outside of the image
//   Block, pack_block                   what is packed for LANES channels, and how
//   Weights, strip_weights, window_weights   a Block in registers
//   strip_row(l, m, r, weights, row, mode)   one pixel of 3x3, of the columns' upper or lower row
//   window(taps, n_taps, weights, mode)      one pixel of any window
//   load, store, store_some             LANES channels, or fewer
//
// and, with HAS_PAIRS defined, for 5x5 at stride 2:
//
//   Five                                one column of five rows, as loaded
//   Pair, pair(left, right)             two of them, as the 5x5 wants them
//   Weights5, weights5(node, block)
//   window5(first, second, third, weights, mode)   one pixel; the third pair's right column is not
//                                       in its window
//
// Everything is inlined, so that `mode` and the other constants make loops of their own.

#include "depthwise_windows.h"

enum { MAX_TAPS = GHOST_MAX_UNROLLED * GHOST_MAX_UNROLLED };

// ------------------------------------------------------------------------------- blocks of channels

// The last block overlaps the one before it instead of being smaller.
INLINE int n_blocks(const GhostHeader *h) { return ((int)h->channels + LANES - 1) / LANES; }

INLINE int block_start(const GhostHeader *h, int block) {
  int start = block * LANES, last = (int)h->channels - LANES;
  return start <= last ? start : last < 0 ? 0 : last;
}

static size_t packed_size(const GhostNode *node) {
  return sizeof(Block) * node->header.n_cheap * (size_t)n_blocks(&node->header);
}

static void pack(GhostNode *node) {
  Block *block = node->packed;
  memset(block, 0, packed_size(node));
  for (int cheap = 0; cheap < (int)node->header.n_cheap; cheap++)
    for (int i = 0; i < n_blocks(&node->header); i++)
      pack_block(node, cheap, block_start(&node->header, i), block++);
}

INLINE void put(Element *to, Pixel value, int n, bool is_narrow) {
  if (is_narrow) store_some(to, value, n);
  else store(to, value);
}

// ------------------------------------------------------------------------------- SAME 3x3

typedef struct {
  const Element *in[4];  // rows y - 1 to y + 2
  Element *out[2];       // rows y and y + 1 of the cheap convolution
  Element *copy[2];      // the same of y'
  size_t channels, pixel;
  int width;
} Strip;

// Two output rows of some channels, column by column: each is loaded once, and is the right, the
// middle and the left one in turn. Written out three times, so that no register moves.
INLINE void strip_of_rows(const Strip *s, const GhostNode *node, const Block *block, int start,
                          int n_rows, bool copies, bool is_narrow, int mode) {
  const Weights weights = strip_weights(node, block);
  const Column outside = padding(node);
  const Element *in0 = s->in[0] + start, *in1 = s->in[1] + start;
  const Element *in2 = s->in[2] + start, *in3 = s->in[3] + start;
  Element *out0 = s->out[0] + start, *out1 = s->out[1] + start;
  Element *copy0 = s->copy[0] + start, *copy1 = s->copy[1] + start;
  const size_t channels = s->channels, pixel = s->pixel;
  int left = s->width;

#define READ(COLUMN)                                                                               \
  do {                                                                                             \
    Pixel r0 = load(in0), r1 = load(in1), r2 = load(in2), r3 = load(in3);                          \
    in0 += channels, in1 += channels, in2 += channels, in3 += channels;                            \
    COLUMN = column(r0, r1, r2, r3);                                                               \
    if (copies) {                                                                                  \
      put(copy0, r1, (int)channels, is_narrow);                                                    \
      copy0 += pixel;                                                                              \
      if (n_rows == 2) put(copy1, r2, (int)channels, is_narrow);                                   \
      copy1 += pixel;                                                                              \
    }                                                                                              \
  } while (0)
#define WRITE(LEFT, MIDDLE, RIGHT)                                                                 \
  do {                                                                                             \
    put(out0, strip_row(LEFT, MIDDLE, RIGHT, &weights, 0, mode), (int)channels, is_narrow);        \
    out0 += pixel;                                                                                 \
    if (n_rows == 2)                                                                               \
      put(out1, strip_row(LEFT, MIDDLE, RIGHT, &weights, 1, mode), (int)channels, is_narrow);      \
    out1 += pixel;                                                                                 \
    left--;                                                                                        \
  } while (0)

  Column a = outside, b, c;
  READ(b);
  for (;;) {
    if (left == 1) break;
    READ(c);
    WRITE(a, b, c);
    if (left == 1) {
      a = b, b = c;
      break;
    }
    READ(a);
    WRITE(b, c, a);
    if (left == 1) {
      b = a, a = c;
      break;
    }
    READ(b);
    WRITE(c, a, b);
  }
  WRITE(a, b, outside);
#undef READ
#undef WRITE
}

INLINE void same3(const GhostNode *node, int cheap, const Element *in, Element *out, int first,
                  int last, bool copies, bool is_narrow, int mode) {
  const GhostHeader *h = &node->header;
  const size_t pixel = (size_t)h->out_channels, row = h->out_width * pixel;
  for (int y = first; y < last; y += 2) {
    Strip strip = {.channels = h->channels, .pixel = pixel, .width = (int)h->out_width};
    for (int k = 0; k < 4; k++) strip.in[k] = ghost_row(node, in, y - 1 + k, sizeof *in);
    for (int k = 0; k < 2; k++) {
      strip.copy[k] = out + (size_t)(y + k) * row;
      strip.out[k] = strip.copy[k] + ghost_cheap_offset(h, cheap);
    }
    const Block *block = (const Block *)node->packed + cheap * n_blocks(h);
    for (int i = 0; i < n_blocks(h); i++, block++) {
      const int start = block_start(h, i);
      if (y + 1 < last) strip_of_rows(&strip, node, block, start, 2, copies, is_narrow, mode);
      else strip_of_rows(&strip, node, block, start, 1, copies, is_narrow, mode);
    }
  }
}

#include "depthwise_stride2.h"

// ------------------------------------------------------------------------------- other windows

// A pixel whose window reaches over the side of the input: its taps one by one.
INLINE void edge_pixel(const GhostNode *node, const Block *block, const Element *const *rows, int x,
                       Element *to, int kernel, bool is_narrow, int mode) {
  const GhostHeader *h = &node->header;
  const Element *taps[MAX_TAPS], *at[MAX_TAPS];
  for (int kx = 0; kx < kernel; kx++) {
    int place = x * (int)h->stride_w - (int)h->pad_left + kx;
    bool is_inside = place >= 0 && place < (int)h->in_width;
    for (int ky = 0; ky < kernel; ky++)
      taps[ky * kernel + kx] = is_inside ? rows[ky] + (size_t)place * h->channels
                                         : (const Element *)node->padding_row;
  }
  for (int i = 0; i < n_blocks(h); i++, block++) {
    const Weights weights = window_weights(node, block, kernel * kernel);
    const int start = block_start(h, i);
#pragma GCC unroll 25
    for (int t = 0; t < kernel * kernel; t++) at[t] = taps[t] + start;
    put(to + start, window(at, kernel * kernel, &weights, mode), (int)h->channels, is_narrow);
  }
}

// Windows that lie inside, side by side: `rows` at the first one's left side.
INLINE void inner_pixels(const GhostNode *node, const Block *block, const Element *const *rows,
                         int n, Element *to, int kernel, bool is_narrow, int mode) {
  const GhostHeader *h = &node->header;
  const Weights weights = window_weights(node, block, kernel * kernel);
  const size_t channels = h->channels, pixel = (size_t)h->out_channels, step = h->stride_w * channels;
  const Element *row[GHOST_MAX_UNROLLED], *taps[MAX_TAPS];
#pragma GCC unroll 5
  for (int k = 0; k < kernel; k++) row[k] = rows[k];
  for (; n; n--, to += pixel) {
#pragma GCC unroll 25
    for (int t = 0; t < kernel * kernel; t++)
      taps[t] = row[t / kernel] + (size_t)(t % kernel) * channels;
    put(to, window(taps, kernel * kernel, &weights, mode), (int)channels, is_narrow);
#pragma GCC unroll 5
    for (int k = 0; k < kernel; k++) row[k] += step;
  }
}

INLINE void windows(const GhostNode *node, int cheap, const Element *in, Element *out, int first,
                    int last, int kernel, bool is_narrow, int mode) {
  const GhostHeader *h = &node->header;
  const size_t pixel = (size_t)h->out_channels;
  const Block *const blocks = (const Block *)node->packed + cheap * n_blocks(h);
  int inner, end;
  ghost_inner_columns(h, &inner, &end);
  const int left = inner * (int)h->stride_w - (int)h->pad_left;  // column of the first inner window
  for (int y = first; y < last; y++) {
    const Element *rows[GHOST_MAX_UNROLLED], *at[GHOST_MAX_UNROLLED];
    const int top = y * (int)h->stride_h - (int)h->pad_top;
    for (int k = 0; k < kernel; k++) rows[k] = ghost_row(node, in, top + k, sizeof *in);
    Element *to = out + (size_t)y * h->out_width * pixel + ghost_cheap_offset(h, cheap);
    for (int x = 0; x < (int)h->out_width; x++)
      if (x < inner || x >= end)
        edge_pixel(node, blocks, rows, x, to + (size_t)x * pixel, kernel, is_narrow, mode);
    for (int i = 0; i < n_blocks(h) && inner < end; i++) {
      const int start = block_start(h, i);
      for (int k = 0; k < kernel; k++) at[k] = rows[k] + (size_t)left * h->channels + start;
      inner_pixels(node, blocks + i, at, end - inner, to + (size_t)inner * pixel + start, kernel,
                   is_narrow, mode);
    }
  }
}

INLINE void run_channels(const GhostNode *node, int cheap, const Element *in, Element *out, int first,
                         int last, bool is_narrow, int mode) {
  const GhostHeader *h = &node->header;
  const bool copies = ghost_copies(h, cheap);
  if (ghost_is_same3(h)) {
    if (copies) same3(node, cheap, in, out, first, last, true, is_narrow, mode);
    else same3(node, cheap, in, out, first, last, false, is_narrow, mode);
    return;
  }
  if (ghost_is_halving3(h)) {
    halving(node, cheap, in, out, first, last, 3, is_narrow, mode);
    return;
  }
#ifdef HAS_PAIRS
  if (ghost_is_halving5(h)) {
    halving(node, cheap, in, out, first, last, 5, is_narrow, mode);
    return;
  }
#endif
  if (copies) ghost_copy_rows(node, in, out, first, last, sizeof *in);
  if (h->kernel_h == 3) windows(node, cheap, in, out, first, last, 3, is_narrow, mode);
  else windows(node, cheap, in, out, first, last, 5, is_narrow, mode);
}
