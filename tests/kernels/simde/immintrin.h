// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Stands before the compiler's own file for depthwise_int8_avx512_vnni.c: AVX-512 as functions of
// SIMDe, which compute on any processor. Only those that the kernel uses: all of them take a minute to compile.

#define SIMDE_ENABLE_NATIVE_ALIASES
#define SIMDE_NO_INLINE  // in a fifteenth of the time
#include <simde/x86/avx512/add.h>
#include <simde/x86/avx512/broadcast.h>
#include <simde/x86/avx512/cast.h>
#include <simde/x86/avx512/cvts.h>
#include <simde/x86/avx512/dpbusd.h>
#include <simde/x86/avx512/setzero.h>  // which the next one forgets to include
#include <simde/x86/avx512/insert.h>
#include <simde/x86/avx512/load.h>
#include <simde/x86/avx512/loadu.h>
#include <simde/x86/avx512/max.h>
#include <simde/x86/avx512/min.h>
#include <simde/x86/avx512/mul.h>
#include <simde/x86/avx512/permutexvar.h>
#include <simde/x86/avx512/set1.h>
#include <simde/x86/avx512/setr.h>
#include <simde/x86/avx512/shuffle.h>
#include <simde/x86/avx512/xor.h>
