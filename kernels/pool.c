// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The pool. Each thread has a share of the pieces and takes them from its front; who is done takes from
// the backs of the others. So a thread meets the same part of the picture in one operator after another,
// which its cache still has, and one that the system has put aside holds up one piece and not its share.
// Between two operators a thread spins for a moment: the next one comes within microseconds, and waking
// up a sleeper takes longer than that.

#define _POSIX_C_SOURCE 200809L  // clock_gettime

#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CACHE_LINE = 64, SPINS = 64 };
static const long long PATIENCE = 300 * 1000;  // ns; most of what the runtime does between two of ours

typedef struct {
  // first | last << 16 | generation << 32: who is late for a job can never take a piece of the next.
  _Alignas(CACHE_LINE) atomic_ullong left;
  GhostPool *pool;
  pthread_t thread;  // the caller's share has none
} Share;

struct GhostPool {
  int n_threads;  // that there are, the caller's included
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  atomic_bool closing;
  GhostPiece piece;
  void *job;
  _Alignas(CACHE_LINE) atomic_uint generation;  // of jobs
  _Alignas(CACHE_LINE) atomic_int n_left;
  Share shares[];
};

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static unsigned long long packed(unsigned generation, unsigned first, unsigned last) {
  return (unsigned long long)generation << 32 | last << 16 | first;
}

// The next piece of a share, from its front or its back; -1 where there is none.
static int taken(Share *share, unsigned generation, bool is_own) {
  unsigned long long left = atomic_load(&share->left);
  for (;;) {
    unsigned first = left & 0xffff, last = left >> 16 & 0xffff;
    if (left >> 32 != generation || first == last) return -1;
    unsigned long long rest =
        is_own ? packed(generation, first + 1, last) : packed(generation, first, last - 1);
    if (atomic_compare_exchange_weak(&share->left, &left, rest))
      return (int)(is_own ? first : last - 1);
  }
}

// Takes pieces of job `generation` until there are none. Whoever has one may read what the job is: it
// does not end before the piece.
static void work(Share *own, unsigned generation) {
  GhostPool *pool = own->pool;
  const int me = (int)(own - pool->shares);
  for (int i = 0; i < pool->n_threads; i++) {
    Share *share = &pool->shares[(me + i) % pool->n_threads];
    for (int index; (index = taken(share, generation, i == 0)) >= 0;) {
      pool->piece(pool->job, index);
      atomic_fetch_sub(&pool->n_left, 1);
    }
  }
}

static void *helper(void *argument) {
  Share *own = argument;
  GhostPool *pool = own->pool;
  unsigned seen = 0;
  for (;;) {
    const long long end = now() + PATIENCE;
    for (int i = 1; atomic_load(&pool->generation) == seen; i++) {
      relax();
      if (i % SPINS) continue;
      if (now() > end) break;
      sched_yield();  // to a thread that has a piece, where there are more threads than cores
    }
    if (atomic_load(&pool->generation) == seen) {
      pthread_mutex_lock(&pool->mutex);
      while (atomic_load(&pool->generation) == seen && !pool->closing)
        pthread_cond_wait(&pool->wake, &pool->mutex);
      pthread_mutex_unlock(&pool->mutex);
    }
    if (pool->closing) return NULL;
    seen = atomic_load(&pool->generation);
    work(own, seen);
  }
}

GhostPool *ghost_pool_open(int threads) {
  const size_t size = sizeof(GhostPool) + (size_t)threads * sizeof(Share);
  GhostPool *pool = aligned_alloc(CACHE_LINE, size);
  if (!pool) return NULL;
  memset(pool, 0, size);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->wake, NULL);
  for (int i = 0; i < threads; i++, pool->n_threads++) {
    Share *share = &pool->shares[i];
    share->pool = pool;
    if (i > 0 && pthread_create(&share->thread, NULL, helper, share)) break;
  }
  if (pool->n_threads == threads) return pool;
  ghost_pool_close(pool);
  return NULL;
}

int ghost_pool_threads(const GhostPool *pool) { return pool->n_threads; }

void ghost_pool_run(GhostPool *pool, GhostPiece piece, void *job, int n_pieces) {
  const int n = pool->n_threads;
  if (n == 1 || n_pieces < 2) {
    for (int i = 0; i < n_pieces; i++) piece(job, i);
    return;
  }
  const unsigned generation = atomic_load(&pool->generation) + 1;
  pool->piece = piece, pool->job = job;
  atomic_store(&pool->n_left, n_pieces);
  for (int i = 0; i < n; i++)
    atomic_store(&pool->shares[i].left,
                 packed(generation, (unsigned)(i * n_pieces / n), (unsigned)((i + 1) * n_pieces / n)));
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->generation, generation);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
  work(&pool->shares[0], generation);
  // Where there are more threads than cores, a helper may need ours to come to its end.
  for (int i = 0; atomic_load(&pool->n_left); i++) i < SPINS ? relax() : (void)sched_yield();
}

void ghost_pool_close(GhostPool *pool) {
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->closing, true);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 1; i < pool->n_threads; i++) pthread_join(pool->shares[i].thread, NULL);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->mutex);
  free(pool);
}
