// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// What a kernel is, and which there are: each stands in the file of its name.

#ifndef GHOSTNET_KERNEL_H
#define GHOSTNET_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arithmetic_float16.h"
#include "arithmetic_int8.h"
#include "ghost_op.h"

// One convolution of one element type, in the way of one processor. A pointwise one knows no rows: there,
// first and last are pixels.
typedef struct {
  int rows;   // output rows that it works on at once; pixels
  int lanes;  // channels at once; it may read this many elements from any pixel, so rows have slack
  int chunk;  // of larger windows: a row of them is a multiple of this, filled up with zero weights
  // Of a CONVOLUTION: a thread takes a multiple of so many pixels, or of so many output channels (0: all).
  int tile, panel;
  bool (*takes)(const GhostNode *);      // NULL: all
  size_t (*packed_size)(const GhostNode *);  // NULL: it packs nothing
  void (*pack)(GhostNode *);             // fills `packed`
  // Output rows first <= y < last of cheap convolution `part`, with the first one of a GHOST the copy
  // of y', too; of a CONVOLUTION, its part `part` of the output channels.
  void (*run)(const GhostNode *, int part, const void *in, void *out, int first, int last);
} GhostKernel;

extern const GhostKernel GHOST_DEPTHWISE_INT8_REFERENCE, GHOST_DEPTHWISE_FLOAT32_REFERENCE;
extern const GhostKernel GHOST_CONVOLUTION_INT8_REFERENCE, GHOST_CONVOLUTION_FLOAT32_REFERENCE;
extern const GhostKernel GHOST_DEPTHWISE_FLOAT16_REFERENCE, GHOST_CONVOLUTION_FLOAT16_REFERENCE;

extern const GhostKernel GHOST_DEPTHWISE_INT8_NEON, GHOST_DEPTHWISE_INT8_NEON_DOT;
extern const GhostKernel GHOST_DEPTHWISE_INT8_AVX2, GHOST_DEPTHWISE_INT8_AVX512_VNNI;
extern const GhostKernel GHOST_DEPTHWISE_FLOAT32_NEON, GHOST_DEPTHWISE_FLOAT32_AVX2;

extern const GhostKernel GHOST_CONVOLUTION_INT8_NEON, GHOST_CONVOLUTION_INT8_NEON_DOT;
extern const GhostKernel GHOST_CONVOLUTION_INT8_NEON_I8MM;
extern const GhostKernel GHOST_CONVOLUTION_INT8_AVX2;
extern const GhostKernel GHOST_CONVOLUTION_FLOAT32_NEON, GHOST_CONVOLUTION_FLOAT32_AVX2;

extern const GhostKernel GHOST_DEPTHWISE_FLOAT16_NEON, GHOST_CONVOLUTION_FLOAT16_NEON;

// The residual: x = x + y.
typedef void GhostAddInt8(int8_t *x, const int8_t *y, size_t n, const GhostSum *);
typedef void GhostAddFloat32(float *x, const float *y, size_t n);
typedef void GhostAddFloat16(GhostHalf *x, const GhostHalf *y, size_t n);
GhostAddInt8 ghost_add_int8_reference, ghost_add_int8_neon, ghost_add_int8_avx2;
GhostAddFloat32 ghost_add_float32_reference, ghost_add_float32_neon, ghost_add_float32_avx2;
GhostAddFloat16 ghost_add_float16_reference, ghost_add_float16_neon;

// n elements in the other precision.
typedef void GhostToHalves(GhostHalf *to, const float *from, size_t n);
typedef void GhostToFloats(float *to, const GhostHalf *from, size_t n);
GhostToHalves ghost_to_halves_reference, ghost_to_halves_neon;
GhostToFloats ghost_to_floats_reference, ghost_to_floats_neon;

#endif
