// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// 1x1 convolutions for AVX2, the same for int8 and float32: 32 bits of a pixel (two input channels,
// widened to int16, or one float) stand in every lane and meet the weights of eight output
// channels. A tile is six pixels by two registers of channels: 12 registers of sums, two of
// weights, one of a pixel, and one for a product. Included by a file that has said
//
//   what convolution_panel.h wants      of 32 bits in every lane: int16_t, 2 or float, 1
//   Lanes                               a register of sums
//   in_all_lanes(from)                  IN_LANE elements from there
//   load_weights(from)                  of eight channels
//   add_product(sum, x, weights)
//   first_sum(head, j)                  the bias of register j
//   store_pixel(to, sums, n, width, limits, mode)   n registers of one pixel

#include "convolution_panel.h"

INLINE void tile(const Work *work, const Wide *const *rows, int n_rows, size_t at, size_t step,
                 Element *out, int n_pixels, int width, bool is_whole, int mode) {
  const int n = registers(width);
  const Wide *weights = work->panel->weights;
  Lanes sum[PIXELS][2];
  (void)is_whole;  // it knows nothing but whole lanes
#pragma GCC unroll 6
  for (int i = 0; i < n_pixels; i++)
#pragma GCC unroll 2
    for (int j = 0; j < n; j++) sum[i][j] = first_sum(&work->panel->head, j);
  for (int r = 0; r < n_rows; r++) {
    const Wide *x = rows[r] + at, *const end = x + work->depth, *x3 = x + 3 * step;
    for (; x < end; x += IN_LANE, x3 += IN_LANE) {
      const Lanes w0 = load_weights(weights);
      const Lanes w1 = n == 2 ? load_weights(weights + IN_REGISTER * IN_LANE) : w0;
      weights += n * IN_REGISTER * IN_LANE;
#pragma GCC unroll 6
      for (int i = 0; i < n_pixels; i++) {
        const Lanes pixel = in_all_lanes(i < 3 ? x + (size_t)i * step : x3 + (size_t)(i - 3) * step);
        sum[i][0] = add_product(sum[i][0], pixel, w0);
        if (n == 2) sum[i][1] = add_product(sum[i][1], pixel, w1);
      }
    }
  }
#pragma GCC unroll 6
  for (int i = 0; i < n_pixels; i++)
    store_pixel(out + (size_t)i * work->pixel, sum[i], n, width, &work->limits, mode);
}

#include "convolution_loops.h"
