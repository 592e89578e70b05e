// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// What both int8 depthwise kernels for Arm share: a function for each mode. Included as
// depthwise_int8.h, which it includes.

#include "depthwise_int8.h"

INLINE void run_wide(const GhostNode *node, int cheap, const void *in, void *out, int first,
                     int last, int mode) {
  run_channels(node, cheap, in, out, first, last, false, mode);
}

OF_EVERY_MODE(run_mode, run_wide)

static void run(const GhostNode *node, int cheap, const void *in, void *out, int first, int last) {
  if (node->header.channels < LANES) run_channels(node, cheap, in, out, first, last, true, ANY);
  else run_mode(node, cheap, in, out, first, last);
}
