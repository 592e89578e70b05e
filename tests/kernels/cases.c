// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Runs cases from a file through one variant and compares what comes out: on this machine with
// sanitizers, under an emulator for Arm. Compiled together with the library's sources.
//
//   cases FILE VARIANT THREADS [count] [half]    "count": every case twice more, marked for counter.c
//                                                "half": in half precision; "near": but for rounding
//
// A case: uint32 sizes of options, input, residual, expected output; then those bytes.

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "arithmetic_float16.h"
#include "ghost_op.h"

static void mark(int marker) { prctl(0x47484f53, marker, 0, 0, 0); }

// At an address of its own, with nothing before or behind it that a sanitizer would not see.
static void *part(FILE *file, uint32_t size) {
  void *data = malloc(size ? size : 1);
  if (!data || fread(data, 1, size, file) != size) exit(3);
  return data;
}

// But for rounding; what is infinite, or no number, is that in both.
static int same(float a, float b) {
  return a == b || fabsf(a - b) < 1e-4f || isnan(a) && isnan(b);
}

// In half precision every bit, but for those of NaN and the sign of zero; "near": the last one may differ.
static int is_near;

static int equal(float a, float b) {
  return a == b || isnan(a) && isnan(b) || is_near && fabsf(a - b) < 1e-4f + 1e-3f * fabsf(a);
}

static int is_half;

static uint32_t element(const GhostHeader *h, uint32_t tensor) {
  return h->dtype == GHOST_INT8 ? 1 : is_half && h->inner & tensor ? 2 : 4;
}

static long differing(const GhostHeader *h, const void *got, const void *expected, uint32_t size) {
  long n = 0;
  if (element(h, GHOST_INNER_OUTPUT) == 2)
    for (uint32_t i = 0; i < size / 2; i++)
      n += !equal(ghost_float_of(((const GhostHalf *)got)[i]),
                  ghost_float_of(((const GhostHalf *)expected)[i]));
  else if (is_half)
    for (uint32_t i = 0; i < size / 4; i++)
      n += !equal(((const float *)got)[i], ((const float *)expected)[i]);
  else if (h->dtype == GHOST_INT8)
    for (uint32_t i = 0; i < size; i++)
      n += ((const int8_t *)got)[i] != ((const int8_t *)expected)[i];
  else
    for (uint32_t i = 0; i < size / 4; i++)
      n += !same(((const float *)got)[i], ((const float *)expected)[i]);
  return n;
}

// Damaged options may be sound and of another shape, which no caller would run on these buffers.
static int fits(const GhostHeader *h, const uint32_t *sizes) {
  uint64_t in = (uint64_t)h->in_height * h->in_width * h->channels;
  uint64_t out = (uint64_t)h->out_height * h->out_width * h->out_channels;
  return in * element(h, GHOST_INNER_INPUT) == sizes[1] &&
         out * element(h, GHOST_INNER_OUTPUT) == sizes[3] &&
         (h->has_residual ? out * element(h, GHOST_INNER_RESIDUAL) : 0) == sizes[2];
}

int main(int n, char **given) {
  if (n < 4) return 2;
  FILE *file = fopen(given[1], "rb");
  GhostSession *session = ghost_open(atoi(given[3]), given[2]);
  if (!file || !session) return 2;
  int is_counted = 0;
  for (int i = 4; i < n; i++) {
    is_counted |= !strcmp(given[i], "count");
    is_half |= !strcmp(given[i], "half");
    is_near |= !strcmp(given[i], "near");
  }
  if (is_half && !ghost_use_half(session)) return 4;
  uint32_t sizes[4];
  long cases = 0, refused = 0, outputs = 0, wrong = 0, first_wrong = -1;
  for (; fread(sizes, sizeof sizes, 1, file) == 1; cases++) {
    void *options = part(file, sizes[0]), *in = part(file, sizes[1]);
    void *residual = part(file, sizes[2]), *expected = part(file, sizes[3]);
    void *out = malloc(sizes[3] ? sizes[3] : 1);
    memset(out, 0x5a, sizes[3]);
    char error[256];
    GhostNode *node = ghost_node(session, options, sizes[0], error);
    GhostHeader h;
    if (node) memcpy(&h, options, sizeof h);
    if (node && fits(&h, sizes)) {
      ghost_node_run(node, in, residual, out);
      long different = differing(&h, out, expected, sizes[3]);
      if (different && first_wrong < 0) first_wrong = cases;
      wrong += different, outputs += sizes[3] / element(&h, GHOST_INNER_OUTPUT);
      if (is_counted) {
        mark(1);
        for (int i = 0; i < 2; i++) {
          mark(2);
          ghost_node_run(node, in, residual, out);
          mark(3);
        }
      }
    }
    refused += !node;
    ghost_node_free(node);
    free(options), free(in), free(residual), free(expected), free(out);
  }
  ghost_close(session);
  printf("{\"cases\": %ld, \"refused\": %ld, \"outputs\": %ld, \"wrong\": %ld, "
         "\"first_wrong\": %ld}\n", cases, refused, outputs, wrong, first_wrong);
  return 0;
}
