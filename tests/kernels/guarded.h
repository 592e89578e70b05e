// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// In front of every source of the test program: with GUARD=behind in the environment, every buffer ends
// where a page begins that nobody may touch; with GUARD=before, it begins where such a page ends. The
// first byte read or written out of bounds ends the program, under an emulator, too, and in the code as
// it is shipped. Without GUARD it is malloc.

#define _GNU_SOURCE  // MAP_ANONYMOUS

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARDED static inline __attribute__((unused))

// What is mapped: its own size, a guard, the pages of the buffer, a guard.
GUARDED void *guarded(size_t size, size_t alignment) {
  const char *where = getenv("GUARD");
  if (!where) {
    void *p = NULL;
    const size_t least = sizeof(void *);
    return posix_memalign(&p, alignment < least ? least : alignment, size) ? NULL : p;
  }
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (size + page - 1) / page * page;
  const size_t all = pages + 3 * page;
  char *map = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED || mprotect(map, page, PROT_READ | PROT_WRITE) ||
      mprotect(map + 2 * page, pages, PROT_READ | PROT_WRITE))
    return NULL;
  memcpy(map, &all, sizeof all);
  const size_t room = strcmp(where, "before") ? (pages - size) / alignment * alignment : 0;
  return memset(map + 2 * page + room, 0xa5, size);
}

GUARDED void guarded_free(void *p) {
  if (!p || !getenv("GUARD")) {
    free(p);
    return;
  }
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *map = (char *)((uintptr_t)p / page * page) - 2 * page;
  size_t all;
  memcpy(&all, map, sizeof all);
  munmap(map, all);
}

GUARDED void *guarded_calloc(size_t n, size_t size) {
  void *p = guarded(n * size, 16);
  return p ? memset(p, 0, n * size) : p;
}

// As far as its size allows: of what is no multiple of the alignment, the end is what is guarded.
GUARDED int guarded_memalign(void **p, size_t alignment, size_t size) {
  const size_t own = size & -size;
  *p = guarded(size, getenv("GUARD") && own < alignment ? own : alignment);
  return *p ? 0 : 12;  // ENOMEM
}

#define malloc(SIZE) guarded(SIZE, 1)
#define calloc(N, SIZE) guarded_calloc(N, SIZE)
#define aligned_alloc(ALIGNMENT, SIZE) guarded(SIZE, ALIGNMENT)
#define posix_memalign(P, ALIGNMENT, SIZE) guarded_memalign(P, ALIGNMENT, SIZE)
#define free(P) guarded_free(P)
