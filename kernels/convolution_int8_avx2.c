// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// 1x1 convolutions in int8 for x86 with AVX2: a VPMADDWD multiplies two input channels of a pixel
// by those of eight output channels, and adds them up in int32.

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "compiler.h"
#include "node.h"

TARGET_BEGIN("avx2")

#include "int8_avx2.h"

enum { PIXELS = 6, PANEL = 16, CHUNK = 2, IN_LANE = 2, IN_REGISTER = 8 };
typedef int16_t Wide;
typedef __m256i Lanes;

#include "convolution_int8.h"

INLINE Lanes in_all_lanes(const int16_t *from) {
  int32_t two;
  memcpy(&two, from, sizeof two);
  return _mm256_set1_epi32(two);
}

INLINE Lanes load_weights(const int16_t *from) {
  return _mm256_loadu_si256((const __m256i *)from);
}

INLINE Lanes add_product(Lanes sum, Lanes x, Lanes weights) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(x, weights));
}

// A multiple of four, and never a byte more.
#define WIDENS
INLINE void widen(int16_t *to, const int8_t *from, size_t n) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    __m128i some = _mm_loadu_si128((const __m128i *)(from + i));
    _mm256_storeu_si256((__m256i *)(to + i), _mm256_cvtepi8_epi16(some));
  }
  for (; i < n; i++) to[i] = from[i];
}

// ------------------------------------------------------------------------------- sixteen channels

INLINE Lanes first_sum(const Head *head, int j) {
  return _mm256_loadu_si256((const __m256i *)head->bias + j);
}

typedef struct {
  __m256 scale[2], most;  // most: the clamp's maximum less the zero point
  __m256i zero_point;
  __m128i min, max;
} Limits;

INLINE Limits limits_of(const GhostNode *node, const Head *head, int width) {
  (void)width;
  return (Limits){
      .scale = {_mm256_loadu_ps(head->scale), _mm256_loadu_ps(head->scale + 8)},
      .most = _mm256_set1_ps((float)(node->clamp.max - node->clamp.zero_point)),
      .zero_point = _mm256_set1_epi16((int16_t)node->clamp.zero_point),
      .min = _mm_set1_epi8((int8_t)node->clamp.min),
      .max = _mm_set1_epi8((int8_t)node->clamp.max),
  };
}

INLINE void store_pixel(int8_t *to, const Lanes *sum, int n, int width, const Limits *l, int mode) {
  (void)mode;
  const __m256i first = whole(sum[0], l->scale[0], l->most);
  const __m256i second = n == 2 ? whole(sum[1], l->scale[1], l->most) : first;
  __m256i narrow = _mm256_adds_epi16(_mm256_packs_epi32(first, second), l->zero_point);
  narrow = _mm256_permute4x64_epi64(narrow, 0xd8);  // a pack works on each half of its registers
  __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(narrow),
                                  _mm256_extracti128_si256(narrow, 1));
  bytes = _mm_min_epi8(_mm_max_epi8(bytes, l->min), l->max);
  if (width == 16) {
    _mm_storeu_si128((__m128i *)to, bytes);
    return;
  }
  if (width >= 8) _mm_storel_epi64((__m128i *)to, bytes);
  if (width % 8) {
    int32_t four = width < 8 ? _mm_cvtsi128_si32(bytes) : _mm_extract_epi32(bytes, 2);
    memcpy(to + width / 8 * 8, &four, sizeof four);
  }
}

#include "convolution_avx2.h"

static void run(const GhostNode *node, int part, const void *in, void *out, int first, int last) {
  run_convolution(node, part, in, out, first, last, 0);
}

static bool takes(const GhostNode *node) {
  return is_wide(node) && node->depth * PIXELS <= COPIED;
}

const GhostKernel GHOST_CONVOLUTION_INT8_AVX2 = {
    .rows = PIECE, .tile = PIXELS, .panel = PANEL, .lanes = 1, .chunk = CHUNK, .takes = takes,
    .packed_size = panels_size, .pack = pack_panels, .run = run,
};

TARGET_END

#endif
