// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// 1x1 convolutions in int8 for x86 with AVX2: sixteen input channels of a pixel, widened to int16, meet
// sixteen weights of one output channel in a VPMADDWD. A tile is three pixels by four channels: 12
// registers of sums, each of which is added up across at the end.

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "node.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif

#define INLINE static inline __attribute__((always_inline))

typedef int8_t Element;
enum { PANEL = 4, PIXELS = 3, CHUNK = 16 };

typedef struct {
  int32_t bias[PANEL];
  float scale[PANEL];
  int16_t weights[];  // [row][sixteen input channels][channel][input channel], zeros where there are none
} Panel;

static size_t padded_depth(const GhostNode *node) { return (node->depth + 15) / 16 * 16; }

static size_t panel_size(const GhostNode *node, int width) {
  return sizeof(Panel) + sizeof(int16_t) * (size_t)width * node->is.kernel_h * padded_depth(node);
}

static void pack_panel(const GhostNode *node, int start, int width, Panel *panel) {
  for (int c = 0; c < width; c++) {
    const int8_t *from = node->weights_int8 + (size_t)(start + c) * node->is.kernel_h * node->depth;
    panel->bias[c] = node->bias_int32[start + c];
    panel->scale[c] = node->scale[start + c];
    for (size_t r = 0; r < node->is.kernel_h; r++)
      for (size_t k = 0; k < node->depth; k++) {
        size_t sixteens = (r * padded_depth(node) + k) / 16;
        panel->weights[(sixteens * PANEL + (size_t)c) * 16 + k % 16] = *from++;
      }
  }
}

// Four, eight or twelve input channels, and never a byte more.
INLINE __m256i rest_of(const int8_t *from, size_t n) {
  int32_t four;
  if (n == 4) {
    memcpy(&four, from, sizeof four);
    return _mm256_cvtepi8_epi16(_mm_cvtsi32_si128(four));
  }
  __m128i some = _mm_loadl_epi64((const __m128i *)from);
  if (n == 12) {
    memcpy(&four, from + 8, sizeof four);
    some = _mm_insert_epi32(some, four, 2);
  }
  return _mm256_cvtepi8_epi16(some);
}

// The four sums of all lanes.
INLINE __m128i across(const __m256i *sum) {
  __m256i both = _mm256_hadd_epi32(_mm256_hadd_epi32(sum[0], sum[1]),
                                   _mm256_hadd_epi32(sum[2], sum[3]));
  return _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
}

typedef struct {
  size_t depth, pixel;  // elements of a window's row, and of a pixel of the output
  const Panel *panel;
  __m128i bias, zero_point, min, max;
  __m128 scale, most;  // most: the clamp's maximum less the zero point
} Work;

INLINE Work work_of(const GhostNode *node, const void *at, int width) {
  const Panel *panel = at;
  (void)width;
  return (Work){
      .depth = node->depth,
      .pixel = node->is.out_channels,
      .panel = panel,
      .bias = _mm_loadu_si128((const __m128i *)panel->bias),
      .scale = _mm_loadu_ps(panel->scale),
      .most = _mm_set1_ps((float)(node->clamp.max - node->clamp.zero_point)),
      .zero_point = _mm_set1_epi16((int16_t)node->clamp.zero_point),
      .min = _mm_set1_epi8((int8_t)node->clamp.min),
      .max = _mm_set1_epi8((int8_t)node->clamp.max),
  };
}

INLINE void tile(const Work *work, const int8_t *const *rows, int n_rows, size_t at, size_t step,
                 int8_t *out, int n_pixels, int width, bool is_whole, int mode) {
  const size_t depth = work->depth;
  const int16_t *weights = work->panel->weights;
  __m256i sum[PIXELS][PANEL], x[PIXELS];
  (void)width, (void)mode;
#pragma GCC unroll 3
  for (int i = 0; i < n_pixels; i++)
#pragma GCC unroll 4
    for (int c = 0; c < PANEL; c++) sum[i][c] = _mm256_setzero_si256();

#define MULTIPLY(FROM)                                                                             \
  do {                                                                                             \
    _Pragma("GCC unroll 3") for (int i = 0; i < n_pixels; i++) x[i] = FROM;                        \
    _Pragma("GCC unroll 4") for (int c = 0; c < PANEL; c++)                                        \
        _Pragma("GCC unroll 3") for (int i = 0; i < n_pixels; i++) sum[i][c] = _mm256_add_epi32(   \
            sum[i][c],                                                                             \
            _mm256_madd_epi16(x[i], _mm256_loadu_si256((const __m256i *)weights + c)));            \
    weights += 16 * PANEL;                                                                         \
  } while (0)
  for (int r = 0; r < n_rows; r++) {
    const int8_t *row = rows[r] + at;
    size_t left = depth;
    for (; left >= 16; left -= 16, row += 16)
      MULTIPLY(_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(row + (size_t)i * step))));
    switch (is_whole ? 0 : left) {
      case 4: MULTIPLY(rest_of(row + (size_t)i * step, 4)); break;
      case 8: MULTIPLY(rest_of(row + (size_t)i * step, 8)); break;
      case 12: MULTIPLY(rest_of(row + (size_t)i * step, 12)); break;
    }
  }
#undef MULTIPLY

#pragma GCC unroll 3
  for (int i = 0; i < n_pixels; i++) {  // as avx2.c does it for eight
    __m128 value = _mm_cvtepi32_ps(_mm_add_epi32(across(sum[i]), work->bias));
    value = _mm_min_ps(_mm_mul_ps(value, work->scale), work->most);
    __m128i whole = _mm_cvtps_epi32(value);
    __m128i narrow = _mm_adds_epi16(_mm_packs_epi32(whole, whole), work->zero_point);
    narrow = _mm_min_epi8(_mm_max_epi8(_mm_packs_epi16(narrow, narrow), work->min), work->max);
    int32_t four = _mm_cvtsi128_si32(narrow);
    memcpy(out + (size_t)i * work->pixel, &four, sizeof four);
  }
}

#include "pointwise.h"

static void run(const GhostNode *node, int cheap, const void *in, void *out, int first, int last) {
  run_convolution(node, cheap, in, out, first, last, 0);
}

const GhostKernel GHOST_AVX2_CONVOLUTION = {
    .rows = PIECE, .lanes = 1, .chunk = CHUNK, .takes = is_wide,
    .packed_size = panels_size, .pack = pack_panels, .run = run,
};

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
