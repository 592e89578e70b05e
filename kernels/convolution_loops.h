// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The way over pixels and output channels, the same for every fast variant of a 1x1 convolution,
// whose pixels may be patches of a larger one. Included by a file that has said what it computes
// with:
//
//   Element                             of a tensor
//   PANEL, PIXELS                       channels and pixels of a tile: its sums fill the registers
//   what convolution_panel.h makes      panels, and Work: what does not change from pixel to pixel
//   tile(work, rows, n_rows, at, step, out, n_pixels, width, is_whole, mode)
//                                       so many pixels by the channels of one panel. The window of
//                                       pixel i is what lies at rows[0 <= k < n_rows] + at + i * step,
//                                       `depth` elements in each row: a multiple of CHUNK if is_whole,
//                                       else of four
//   CHUNK                               elements that are multiplied at once
//
// and, with WIDENS defined, for a tile that reads something wider than what the tensor has:
//
//   Wide, widen(to, from, n)            what it reads, and n elements in that form
//
// and, with COPIES_PIXELS defined, for one that reads pixels in an order of its own and knows 1x1 only:
//
//   copy_pixels(to, from, depth, n)     n pixels in that order, each of `depth` filled up to IN_LANE
//
// Everything is inlined, so that the sizes of a tile are constants.

#include "options.h"

enum { PIECE = (48 + PIXELS - 1) / PIXELS * PIXELS };  // pixels that a thread takes at once

#if defined(WIDENS) || defined(COPIES_PIXELS)
enum { COPIED = 1 << 15 };  // elements that are widened or copied at once
#endif
#if !defined(WIDENS) && !defined(COPIES_PIXELS)
INLINE void widen(Element *to, const Element *from, size_t n) { memcpy(to, from, n * sizeof *to); }
#endif

// A row of a window is a multiple of four elements: no loop has a rest of its own.
static bool is_wide(const GhostNode *node) { return node->header.out_channels >= 4; }

// The last channels are in a narrower panel, of a multiple of four; the very last one of four may overlap
// the one before it.
static int panel_width(int channels_left) {
  const int fours = channels_left / 4 * 4;
  return fours > PANEL ? PANEL : fours < 4 ? 4 : fours;
}

static size_t panels_size(const GhostNode *node) {
  size_t size = 0;
  for (int left = (int)node->header.out_channels, width; left > 0; left -= width)
    size += panel_size(node, width = panel_width(left));
  return size;
}

static void pack_panels(GhostNode *node) {
  const int n = (int)node->header.out_channels;
  char *panel = node->packed;
  memset(panel, 0, panels_size(node));
  for (int start = 0, width; start < n; start += width) {
    width = panel_width(n - start);
    pack_panel(node, start + width <= n ? start : n - width, width, (void *)panel);
    panel += panel_size(node, width);
  }
}

// Some pixels of a panel: whole tiles, then smaller ones.
INLINE void pixels(const GhostNode *node, const void *panel, const Wide *const *rows, int n_rows,
                   size_t step, Element *out, int n, int width, bool is_whole, int mode) {
  const size_t pixel = node->header.out_channels;
  const Work work = work_of(node, panel, width);
  size_t at = 0;
#define TILES(SIZE)                                                                                \
  for (; n >= SIZE; n -= SIZE, at += SIZE * step, out += SIZE * pixel)                             \
  tile(&work, rows, n_rows, at, step, out, SIZE, width, is_whole, mode)
  TILES(PIXELS);
  if (PIXELS > 4) TILES(4);
  TILES(1);
#undef TILES
}

INLINE void panels(const GhostNode *node, int part, const Wide *const *rows, int n_rows, size_t step,
                   Element *out, int n, bool is_whole, int mode) {
  const char *panel = node->packed;
  int left = (int)node->header.out_channels;
  if (node->n_parts > 1) {
    int first, last;
    ghost_part(node, part, &first, &last);
    panel += (size_t)(first / PANEL) * panel_size(node, PANEL);
    out += first, left = last - first;
  }
#define PANELS(WIDTH)                                                                              \
  for (; left >= WIDTH; left -= WIDTH, out += WIDTH, panel += panel_size(node, WIDTH))             \
  pixels(node, panel, rows, n_rows, step, out, n, WIDTH, is_whole, mode)
  PANELS(PANEL);
  if (PANEL > 12) PANELS(12);
  if (PANEL > 8) PANELS(8);
  if (PANEL > 4) PANELS(4);
#undef PANELS
  if (left) pixels(node, panel, rows, n_rows, step, out + left - 4, n, 4, is_whole, mode);
}

#ifndef COPIES_PIXELS
// The rows of the windows of output row y, with their padding, one behind the other.
static __attribute__((noinline)) void copy_rows(const GhostNode *node, const Element *in, Wide *copy,
                                                const Wide **rows, int y) {
  const GhostHeader *h = &node->header;
  const size_t channels = h->channels, stripe = ghost_spanned_columns(h) * channels;
  // Elements in front of the map, of the map, and behind it: where it is narrow, a part of the first.
  const size_t front = h->pad_left * channels, width = h->in_width * channels;
  const size_t inside = width < stripe - front ? width : stripe - front;
  const size_t behind = stripe - front - inside;
  const Element *const outside = node->padding_row;
  const int top = y * (int)h->stride_h - (int)h->pad_top, end = top + (int)h->kernel_h;
  for (int k = top; k < end; k++, copy += stripe) {
    *rows++ = copy;
    widen(copy, outside, front);
    widen(copy + front, ghost_row(node, in, k, sizeof *in), inside);
    if (behind) widen(copy + front + inside, outside, behind);
  }
  memset(copy, 0, CHUNK * sizeof *copy);
}

// One output row of larger windows. A window's row may be shorter than `depth`: what is behind it meets
// weights of zero.
INLINE void run_row(const GhostNode *node, int part, const Element *in, Element *out, int y, int mode) {
  const GhostHeader *h = &node->header;
  Wide copy[GHOST_MAX_STRIPE + CHUNK];
  const Wide *rows[GHOST_MAX_KERNEL];
  copy_rows(node, in, copy, rows, y);
  panels(node, part, rows, (int)h->kernel_h, (size_t)h->stride_w * h->channels,
         out + (size_t)y * h->out_width * h->out_channels, (int)h->out_width, true, mode);
}

#endif

INLINE void run_convolution(const GhostNode *node, int part, const void *in, void *out, int first,
                            int last, int mode) {
#ifndef COPIES_PIXELS
  if (!ghost_is_pointwise(&node->header)) {
    for (int y = first; y < last; y++) run_row(node, part, in, out, y, mode);
    return;
  }
#endif
  const Element *row = (const Element *)in + (size_t)first * node->depth;
  Element *to = (Element *)out + (size_t)first * node->header.out_channels;
#if defined(WIDENS) || defined(COPIES_PIXELS)
  Wide copy[COPIED];
  const Wide *copied = copy;
  const size_t padded = padded_depth(node);
  const int most = COPIED / (int)padded / PIXELS * PIXELS;
  for (int n; first < last; first += n) {
    n = last - first < most ? last - first : most;
#ifdef WIDENS
    widen(copy, row, (size_t)n * node->depth);
#else
    copy_pixels(copy, row, node->depth, n);
#endif
    panels(node, part, &copied, 1, padded, to, n, false, mode);
    row += (size_t)n * node->depth, to += (size_t)n * node->header.out_channels;
  }
#else
  panels(node, part, &row, 1, node->depth, to, last - first, false, mode);
#endif
}
