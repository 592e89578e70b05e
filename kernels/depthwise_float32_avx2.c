// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise in float32 for x86 with AVX2 and FMA: eight channels.

#if defined(__x86_64__)

#include <immintrin.h>

#include "compiler.h"
#include "depthwise_windows.h"

TARGET_BEGIN("avx2,fma")

#include "float32_avx2.h"

#include "depthwise_floats.h"

const GhostKernel GHOST_DEPTHWISE_FLOAT32_AVX2 = {
    .rows = 2, .lanes = LANES, .takes = ghost_is_unrolled,
    .packed_size = packed_size, .pack = pack, .run = run,
};

TARGET_END

#endif
