// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// What GCC and Clang must be told, each in words of its own.

#ifndef GHOSTNET_COMPILER_H
#define GHOSTNET_COMPILER_H

#define INLINE static inline __attribute__((always_inline))

// The functions between both are for processors that have these instructions: names for
// __attribute__((target)). GCC's begin holds to the end of the file.
#define GHOST_PRAGMA(WORDS) _Pragma(#WORDS)
#if defined(GHOST_EMULATED)  // tests put functions in place of the instructions, for any processor
#define TARGET_BEGIN(NAMES)
#define TARGET_END
#elif defined(__clang__)
#define TARGET_BEGIN(NAMES)                                                                        \
  GHOST_PRAGMA(clang attribute push(__attribute__((target(NAMES))), apply_to = function))
#define TARGET_END GHOST_PRAGMA(clang attribute pop)
#else
#define TARGET_BEGIN(NAMES) GHOST_PRAGMA(GCC target(NAMES))
#define TARGET_END
#endif

// SDOT, SMMLA and arithmetic with halves, by the name that each knows them under.
#if defined(__clang__)
#define DOTPROD "dotprod"
#define I8MM "i8mm"
#define FP16 "fullfp16"
#else
#define DOTPROD "arch=armv8.2-a+dotprod"
#define I8MM "arch=armv8.2-a+i8mm"
#define FP16 "arch=armv8.2-a+fp16"
#endif

#endif
