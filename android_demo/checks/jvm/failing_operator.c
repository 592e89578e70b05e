// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// Preloaded over libghostop.so: an operator that fails in a later run, which no sound file does.

#include <stddef.h>

enum { GOOD = 4 };  // registered, compiled, and two runs: on noise and on the first photo

const char *ghost_error(void *session) {
  static int n;
  (void)session;
  return n++ == GOOD ? "ghostnet.op.007: planted" : NULL;
}
