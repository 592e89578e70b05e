// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The way over an image at stride 2, for windows of 3x3 and, where a file has pairs, of 5x5. A part
// of depthwise_loops.h, which says what it is made of.

// ------------------------------------------------------------------------------- 3x3 at stride 2

// One output row of some channels: the right column of a window is the left one of the next.
INLINE void halved_row(const GhostNode *node, const Block *block, const Element *const *rows,
                       Element *to, int start, bool is_narrow, int mode) {
  const GhostHeader *h = &node->header;
  const Weights weights = strip_weights(node, block);
  const Column outside = padding(node);
  const Element *in0 = rows[0] + start, *in1 = rows[1] + start, *in2 = rows[2] + start;
  const size_t channels = h->channels, pixel = h->out_channels;
  const int last = (int)h->out_width * 2 - (int)h->pad_left;  // the last window's right column
  int n = (int)h->out_width - (last >= (int)h->in_width);     // windows that have one
  to += start;
#define READ(COLUMN)                                                                               \
  do {                                                                                             \
    Pixel r0 = load(in0), r1 = load(in1), r2 = load(in2);                                          \
    in0 += channels, in1 += channels, in2 += channels;                                             \
    COLUMN = column(r0, r1, r2, r2); /* the fourth row's weight is 0 */                            \
  } while (0)
#define WRITE(LEFT, MIDDLE, RIGHT)                                                                 \
  do {                                                                                             \
    put(to, strip_row(LEFT, MIDDLE, RIGHT, &weights, 0, mode), (int)channels, is_narrow);          \
    to += pixel;                                                                                   \
  } while (0)
  Column a = outside, b, c;
  if (h->pad_left == 0) READ(a);
  for (; n >= 2; n -= 2) {
    READ(b);
    READ(c);
    WRITE(a, b, c);
    READ(b);
    READ(a);
    WRITE(c, b, a);
  }
  if (n) {
    READ(b);
    READ(c);
    WRITE(a, b, c);
    a = c;
  }
  if (last >= (int)h->in_width) {
    READ(b);
    WRITE(a, b, outside);
  }
#undef READ
#undef WRITE
}

// ------------------------------------------------------------------------------- 5x5 at stride 2

#ifdef HAS_PAIRS
INLINE Five five_at(const GhostNode *node, const Element *const *rows, int x) {
  const bool is_inside = x >= 0 && x < (int)node->header.in_width;
  Five five;
#pragma GCC unroll 5
  for (int k = 0; k < 5; k++)
    five.row[k] = load(is_inside ? rows[k] + (size_t)x * node->header.channels
                                 : (const Element *)node->padding_row);
  return five;
}

// One output row of some channels: windows move by two columns, so columns are read in pairs, and
// each pair is the third, the second and the first one of a window in turn.
INLINE void halved_row5(const GhostNode *node, const Block *block, const Element *const *all_rows,
                        Element *to, int start, bool is_narrow, int mode) {
  const GhostHeader *h = &node->header;
  const Weights5 weights = weights5(node, block);
  const size_t channels = h->channels, pixel = h->out_channels;
  const Element *rows[5];
  int x = -(int)h->pad_left, left = (int)h->out_width;
  const unsigned pairs_end = h->in_width - 1;
  for (int k = 0; k < 5; k++) rows[k] = all_rows[k] + start;
  to += start;
#define READ(PAIR)                                                                                 \
  do {                                                                                             \
    if ((unsigned)x < pairs_end) {                                                                 \
      const size_t at = (size_t)x * channels;                                                      \
      PAIR = pair((Five){{load(rows[0] + at), load(rows[1] + at), load(rows[2] + at),              \
                          load(rows[3] + at), load(rows[4] + at)}},                                \
                  (Five){{load(rows[0] + at + channels), load(rows[1] + at + channels),            \
                          load(rows[2] + at + channels), load(rows[3] + at + channels),            \
                          load(rows[4] + at + channels)}});                                        \
    } else {                                                                                       \
      PAIR = pair(five_at(node, rows, x), five_at(node, rows, x + 1));                             \
    }                                                                                              \
    x += 2;                                                                                        \
  } while (0)
#define WRITE(FIRST, SECOND, THIRD)                                                                \
  put(to, window5(&FIRST, &SECOND, &THIRD, &weights, mode), (int)channels, is_narrow);             \
  to += pixel;                                                                                     \
  if (--left == 0) break
  Pair a, b, c;
  READ(a);
  READ(b);
  for (;;) {
    READ(c);
    WRITE(a, b, c);
    READ(a);
    WRITE(b, c, a);
    READ(b);
    WRITE(c, a, b);
  }
#undef READ
#undef WRITE
}
#endif

// ------------------------------------------------------------------------------- a row at stride 2

INLINE void halving(const GhostNode *node, int cheap, const Element *in, Element *out, int first,
                    int last, int kernel, bool is_narrow, int mode) {
  const GhostHeader *h = &node->header;
  for (int y = first; y < last; y++) {
    const Element *rows[GHOST_MAX_UNROLLED];
    for (int k = 0; k < kernel; k++)
      rows[k] = ghost_row(node, in, 2 * y - (int)h->pad_top + k, sizeof *in);
    Element *to = out + (size_t)y * h->out_width * h->out_channels + ghost_cheap_offset(h, cheap);
    const Block *block = (const Block *)node->packed + cheap * n_blocks(h);
    for (int i = 0; i < n_blocks(h); i++, block++) {
      if (kernel == 3) halved_row(node, block, rows, to, block_start(h, i), is_narrow, mode);
#ifdef HAS_PAIRS
      else halved_row5(node, block, rows, to, block_start(h, i), is_narrow, mode);
#endif
    }
  }
}
