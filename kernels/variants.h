// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The variants, from the fastest to the plainest.

#ifndef GHOSTNET_VARIANTS_H
#define GHOSTNET_VARIANTS_H

#include "kernel.h"

// What a variant computes float32 nodes with where a program asks for half precision.
typedef struct {
  bool (*runs_here)(void);  // NULL: everywhere
  const GhostKernel *depthwise, *convolution;
  GhostAddFloat16 *add;
  GhostToHalves *to_halves;
  GhostToFloats *to_floats;
} GhostFloat16;

typedef struct {
  const char *name;
  bool (*runs_here)(void);  // NULL: everywhere
  const GhostKernel *depthwise_int8, *depthwise_float32;
  const GhostKernel *convolution_int8, *convolution_float32;
  GhostAddInt8 *add_int8;
  GhostAddFloat32 *add_float32;
  const GhostFloat16 *float16;  // NULL: none
} GhostVariant;

extern const GhostVariant GHOST_REFERENCE;  // "c", which takes every node

// The best that this processor has, or the one of that name; NULL if it cannot run here.
const GhostVariant *ghost_variant_named(const char *name);

// What it has for half precision, if this processor can run that; or NULL.
const GhostFloat16 *ghost_float16_of(const GhostVariant *variant);

// The Scalable Matrix Extension, version 2, for which no variant is made.
bool ghost_has_sme2(void);

#endif
