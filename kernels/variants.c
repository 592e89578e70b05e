// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Which variant this processor runs. NEON is part of every aarch64; SDOT is asked of the system.

#include "variants.h"

#include <string.h>

static const GhostVariant C = {
    .name = "c",
    .int8 = &GHOST_REFERENCE_INT8,
    .float32 = &GHOST_REFERENCE_FLOAT32,
    .convolution_int8 = &GHOST_REFERENCE_CONVOLUTION_INT8,
    .convolution_float32 = &GHOST_REFERENCE_CONVOLUTION_FLOAT32,
    .add_int8 = ghost_reference_add_int8,
    .add_float32 = ghost_reference_add_float32,
};

#if defined(__aarch64__)
#include <sys/auxv.h>

extern const GhostKernel GHOST_NEON_DOT, GHOST_NEON, GHOST_NEON_FLOAT32;
extern const GhostKernel GHOST_NEON_DOT_CONVOLUTION, GHOST_NEON_CONVOLUTION;
extern const GhostKernel GHOST_NEON_CONVOLUTION_FLOAT32;
void ghost_neon_add_int8(int8_t *x, const int8_t *y, size_t n, const GhostSum *sum);
void ghost_neon_add_float32(float *x, const float *y, size_t n);

static bool has_dot(void) {
  return getauxval(AT_HWCAP) & 1 << 20;  // HWCAP_ASIMDDP
}

static const GhostVariant NEON_DOT = {
    .name = "neon_dot",
    .runs_here = has_dot,
    .int8 = &GHOST_NEON_DOT,
    .float32 = &GHOST_NEON_FLOAT32,
    .convolution_int8 = &GHOST_NEON_DOT_CONVOLUTION,
    .convolution_float32 = &GHOST_NEON_CONVOLUTION_FLOAT32,
    .add_int8 = ghost_neon_add_int8,
    .add_float32 = ghost_neon_add_float32,
};

static const GhostVariant NEON = {
    .name = "neon",
    .int8 = &GHOST_NEON,
    .float32 = &GHOST_NEON_FLOAT32,
    .convolution_int8 = &GHOST_NEON_CONVOLUTION,
    .convolution_float32 = &GHOST_NEON_CONVOLUTION_FLOAT32,
    .add_int8 = ghost_neon_add_int8,
    .add_float32 = ghost_neon_add_float32,
};

static const GhostVariant *const VARIANTS[] = {&NEON_DOT, &NEON, &C};
#elif defined(__x86_64__)
extern const GhostKernel GHOST_AVX2, GHOST_AVX2_FLOAT32;
extern const GhostKernel GHOST_AVX2_CONVOLUTION, GHOST_AVX2_CONVOLUTION_FLOAT32;
void ghost_avx2_add_int8(int8_t *x, const int8_t *y, size_t n, const GhostSum *sum);
void ghost_avx2_add_float32(float *x, const float *y, size_t n);

static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

extern const GhostKernel GHOST_AVX512_VNNI;

// Asks whether the system saves the registers, too.
static bool has_avx512_vnni(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

// Many modules have fewer channels than AVX-512 has floats: float32 stays as it is. So do the
// convolutions, which nobody could time here.
static const GhostVariant AVX512_VNNI = {
    .name = "avx512_vnni",
    .runs_here = has_avx512_vnni,
    .int8 = &GHOST_AVX512_VNNI,
    .float32 = &GHOST_AVX2_FLOAT32,
    .convolution_int8 = &GHOST_AVX2_CONVOLUTION,
    .convolution_float32 = &GHOST_AVX2_CONVOLUTION_FLOAT32,
    .add_int8 = ghost_avx2_add_int8,
    .add_float32 = ghost_avx2_add_float32,
};

static const GhostVariant AVX2 = {
    .name = "avx2",
    .runs_here = has_avx2,
    .int8 = &GHOST_AVX2,
    .float32 = &GHOST_AVX2_FLOAT32,
    .convolution_int8 = &GHOST_AVX2_CONVOLUTION,
    .convolution_float32 = &GHOST_AVX2_CONVOLUTION_FLOAT32,
    .add_int8 = ghost_avx2_add_int8,
    .add_float32 = ghost_avx2_add_float32,
};

static const GhostVariant *const VARIANTS[] = {&AVX512_VNNI, &AVX2, &C};
#else
static const GhostVariant *const VARIANTS[] = {&C};
#endif
enum { N_VARIANTS = sizeof VARIANTS / sizeof *VARIANTS };

static bool runs_here(const GhostVariant *variant) {
  return !variant->runs_here || variant->runs_here();
}

const GhostVariant *ghost_variant_named(const char *name) {
  for (int i = 0; i < N_VARIANTS; i++)
    if (runs_here(VARIANTS[i]) && (!name || !strcmp(name, VARIANTS[i]->name))) return VARIANTS[i];
  return NULL;
}

const char *const *ghost_variants(void) {
  static const char *names[N_VARIANTS + 1];  // the same whoever fills it
  int n = 0;
  for (int i = 0; i < N_VARIANTS; i++)
    if (runs_here(VARIANTS[i])) names[n++] = VARIANTS[i]->name;
  return names;
}
