// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise in float32 for every aarch64: four channels.

#if defined(__aarch64__)

#include "depthwise_windows.h"
#include "float32_neon.h"

#include "depthwise_floats.h"

const GhostKernel GHOST_DEPTHWISE_FLOAT32_NEON = {
    .rows = 2, .lanes = LANES, .takes = ghost_is_unrolled,
    .packed_size = packed_size, .pack = pack, .run = run,
};

#endif
