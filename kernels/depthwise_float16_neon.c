// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise in half precision: eight channels.

#if defined(__aarch64__)

#include <arm_neon.h>

#include "compiler.h"
#include "depthwise_windows.h"

TARGET_BEGIN(FP16)

#include "float16_neon.h"

#include "depthwise_floats.h"

const GhostKernel GHOST_DEPTHWISE_FLOAT16_NEON = {
    .rows = 2, .lanes = LANES, .takes = ghost_is_unrolled,
    .packed_size = packed_size, .pack = pack, .run = run,
};

TARGET_END

#endif
