// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The clock of an emulated program that profiles itself: an instruction takes a microsecond. It is
// loaded in front of the C library (LD_PRELOAD), so whoever asks for the time, LiteRT and XNNPACK
// among them, gets what counter.c has counted; before that counts, the real time.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ASK = 5, GO_ON = 6 };  // of counter.c

static const volatile uint64_t *counted;  // instructions + 1; 0: they are not counted yet

__attribute__((constructor)) static void find_counts(void) {
  const char *path = getenv("GHOSTNET_CLOCK");
  int file = path ? open(path, O_RDONLY) : -1;
  void *found = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *counted, PROT_READ, MAP_SHARED, file, 0);
  if (found != MAP_FAILED) counted = found;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  if (!counted) return (int)syscall(SYS_clock_gettime, clock, now);
  prctl(0x47484f53, ASK, 0, 0, 0);
  uint64_t n = *counted;
  if (n) *now = (struct timespec){(time_t)(n / 1000000), (long)(n % 1000000 * 1000)};
  int failed = n ? 0 : (int)syscall(SYS_clock_gettime, clock, now);
  prctl(0x47484f53, GO_ON, 0, 0, 0);
  return failed;
}
