// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// custom_options of a node, read and judged before anything believes them.

#ifndef GHOSTNET_OPTIONS_H
#define GHOSTNET_OPTIONS_H

#include <stdbool.h>

#include "ghost_op.h"

enum { GHOST_ERROR_BYTES = 256 };

typedef struct {
  GhostHeader header;
  // Into the bytes that were given, and as unaligned as they are; weight_scale only in int8 files.
  const uint8_t *weights, *weight_scale, *bias;
} GhostOptions;

// False with a sentence in `error` where the bytes are not a whole, sound node. Reads nothing
// outside of `data[0..size)`, whatever they say.
bool ghost_options_read(GhostOptions *options, const void *data, size_t size,
                        char error[GHOST_ERROR_BYTES]);

#endif
