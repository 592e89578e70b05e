// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Which of a network's files a program should open: one table for runner, app and Python.

#include <string.h>

#include "ghost_op.h"
#include "variants.h"

#define PLAIN GHOST_PLAIN_FILE
#define DEPTHWISE GHOST_DEPTHWISE_FILE
#define ALL GHOST_ALL_FILE

static const struct {
  const char *processor;  // with SME2, or else the variant that it runs
  GhostFile int8, floats, halves;
} FILES[] = {
    // The runtime has convolutions of its own for SME2, of outer products, and ours have none.
    // Nobody has measured it: such a processor was not at hand, and QEMU 7.2 has none.
    {"sme2", DEPTHWISE, DEPTHWISE, DEPTHWISE},
    // Counted on emulated cores (docs/ghost_operator.md).
    {"neon_i8mm", ALL, ALL, ALL},
    {"neon_dot", ALL, ALL, ALL},
    {"neon", ALL, ALL, ALL},
    // Timed (docs/results/ghost_operator.md).
    {"avx512_vnni", ALL, ALL, PLAIN},
    {"avx2", ALL, ALL, PLAIN},
    // The reference is there to be right; the runtime has kernels for such a processor.
    {"c", PLAIN, PLAIN, PLAIN},
};

GhostFile ghost_file_on(const GhostProcessor *processor, int dtype, int half) {
  const char *name = processor->has_sme2 ? "sme2" : processor->variant;
  if (half && !processor->has_half) return PLAIN;
  for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++)
    if (!strcmp(FILES[i].processor, name))
      return dtype == GHOST_INT8 ? FILES[i].int8 : half ? FILES[i].halves : FILES[i].floats;
  return PLAIN;
}

GhostFile ghost_file(int dtype, int half) {
  const GhostVariant *best = ghost_variant_named(NULL);
  const GhostProcessor here = {best->name, ghost_float16_of(best) != NULL, ghost_has_sme2()};
  return ghost_file_on(&here, dtype, half);
}
