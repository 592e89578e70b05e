// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Which variant this processor runs. NEON is part of every aarch64; SDOT, SMMLA and
// arithmetic with halves are asked of the system.

#include "variants.h"

#include <string.h>

static const GhostFloat16 FLOAT16_REFERENCE = {
    .depthwise = &GHOST_DEPTHWISE_FLOAT16_REFERENCE,
    .convolution = &GHOST_CONVOLUTION_FLOAT16_REFERENCE,
    .add = ghost_add_float16_reference,
    .to_halves = ghost_to_halves_reference,
    .to_floats = ghost_to_floats_reference,
};

const GhostVariant GHOST_REFERENCE = {
    .name = "c",
    .depthwise_int8 = &GHOST_DEPTHWISE_INT8_REFERENCE,
    .depthwise_float32 = &GHOST_DEPTHWISE_FLOAT32_REFERENCE,
    .convolution_int8 = &GHOST_CONVOLUTION_INT8_REFERENCE,
    .convolution_float32 = &GHOST_CONVOLUTION_FLOAT32_REFERENCE,
    .add_int8 = ghost_add_int8_reference,
    .add_float32 = ghost_add_float32_reference,
    .float16 = &FLOAT16_REFERENCE,
};

#if defined(__aarch64__)
#include <sys/auxv.h>

static bool has_dot(void) {
  return getauxval(AT_HWCAP) & 1 << 20;  // HWCAP_ASIMDDP
}

static bool has_i8mm(void) {
  return has_dot() && getauxval(AT_HWCAP2) & 1 << 13;  // HWCAP2_I8MM
}

static bool has_fp16(void) {
  return getauxval(AT_HWCAP) & 1 << 10;  // HWCAP_ASIMDHP
}

bool ghost_has_sme2(void) {
  return (uint64_t)getauxval(AT_HWCAP2) >> 37 & 1;  // HWCAP2_SME2
}

// The same for all of them: it depends on no other feature.
static const GhostFloat16 FLOAT16_NEON = {
    .runs_here = has_fp16,
    .depthwise = &GHOST_DEPTHWISE_FLOAT16_NEON,
    .convolution = &GHOST_CONVOLUTION_FLOAT16_NEON,
    .add = ghost_add_float16_neon,
    .to_halves = ghost_to_halves_neon,
    .to_floats = ghost_to_floats_neon,
};

// Depthwise convolutions gain nothing by a product of matrices.
static const GhostVariant NEON_I8MM = {
    .name = "neon_i8mm",
    .runs_here = has_i8mm,
    .depthwise_int8 = &GHOST_DEPTHWISE_INT8_NEON_DOT,
    .depthwise_float32 = &GHOST_DEPTHWISE_FLOAT32_NEON,
    .convolution_int8 = &GHOST_CONVOLUTION_INT8_NEON_I8MM,
    .convolution_float32 = &GHOST_CONVOLUTION_FLOAT32_NEON,
    .add_int8 = ghost_add_int8_neon,
    .add_float32 = ghost_add_float32_neon,
    .float16 = &FLOAT16_NEON,
};

static const GhostVariant NEON_DOT = {
    .name = "neon_dot",
    .runs_here = has_dot,
    .depthwise_int8 = &GHOST_DEPTHWISE_INT8_NEON_DOT,
    .depthwise_float32 = &GHOST_DEPTHWISE_FLOAT32_NEON,
    .convolution_int8 = &GHOST_CONVOLUTION_INT8_NEON_DOT,
    .convolution_float32 = &GHOST_CONVOLUTION_FLOAT32_NEON,
    .add_int8 = ghost_add_int8_neon,
    .add_float32 = ghost_add_float32_neon,
    .float16 = &FLOAT16_NEON,
};

static const GhostVariant NEON = {
    .name = "neon",
    .depthwise_int8 = &GHOST_DEPTHWISE_INT8_NEON,
    .depthwise_float32 = &GHOST_DEPTHWISE_FLOAT32_NEON,
    .convolution_int8 = &GHOST_CONVOLUTION_INT8_NEON,
    .convolution_float32 = &GHOST_CONVOLUTION_FLOAT32_NEON,
    .add_int8 = ghost_add_int8_neon,
    .add_float32 = ghost_add_float32_neon,
    .float16 = &FLOAT16_NEON,
};

static const GhostVariant *const VARIANTS[] = {&NEON_I8MM, &NEON_DOT, &NEON, &GHOST_REFERENCE};
#elif defined(__x86_64__)
static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

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
    .depthwise_int8 = &GHOST_DEPTHWISE_INT8_AVX512_VNNI,
    .depthwise_float32 = &GHOST_DEPTHWISE_FLOAT32_AVX2,
    .convolution_int8 = &GHOST_CONVOLUTION_INT8_AVX2,
    .convolution_float32 = &GHOST_CONVOLUTION_FLOAT32_AVX2,
    .add_int8 = ghost_add_int8_avx2,
    .add_float32 = ghost_add_float32_avx2,
};

static const GhostVariant AVX2 = {
    .name = "avx2",
    .runs_here = has_avx2,
    .depthwise_int8 = &GHOST_DEPTHWISE_INT8_AVX2,
    .depthwise_float32 = &GHOST_DEPTHWISE_FLOAT32_AVX2,
    .convolution_int8 = &GHOST_CONVOLUTION_INT8_AVX2,
    .convolution_float32 = &GHOST_CONVOLUTION_FLOAT32_AVX2,
    .add_int8 = ghost_add_int8_avx2,
    .add_float32 = ghost_add_float32_avx2,
};

static const GhostVariant *const VARIANTS[] = {&AVX512_VNNI, &AVX2, &GHOST_REFERENCE};
#else
static const GhostVariant *const VARIANTS[] = {&GHOST_REFERENCE};
#endif
#if !defined(__aarch64__)
bool ghost_has_sme2(void) { return false; }
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

const GhostFloat16 *ghost_float16_of(const GhostVariant *variant) {
  const GhostFloat16 *float16 = variant->float16;
  return float16 && (!float16->runs_here || float16->runs_here()) ? float16 : NULL;
}

const char *const *ghost_variants(void) {
  static const char *names[N_VARIANTS + 1];  // the same whoever fills it
  int n = 0;
  for (int i = 0; i < N_VARIANTS; i++)
    if (runs_here(VARIANTS[i])) names[n++] = VARIANTS[i]->name;
  return names;
}
