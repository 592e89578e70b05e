// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The pool. Pieces are small and taken one by one, so that a thread that the system has put aside
// holds up one piece and not its share. Between two operators a thread spins for a moment: the next
// one comes within microseconds, and waking up a sleeper takes longer than that.

#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { SPINS = 2000 };

struct GhostPool {
  int n_helpers;
  pthread_t *helpers;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  atomic_uint generation;  // of jobs
  atomic_bool closing;
  // The job. `next` holds the generation above the piece, so that a thread that was late for its
  // job can never take a piece of the one after it.
  atomic_ullong next;
  atomic_int n_left;
  _Atomic(GhostPiece) piece;
  _Atomic(void *) job;
};

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Takes pieces of job `generation` until there are none.
static void work(GhostPool *pool, unsigned generation) {
  for (;;) {
    unsigned long long next = atomic_load(&pool->next);
    if ((unsigned)(next >> 32) != generation) return;
    unsigned index = (unsigned)next;
    if (index == 0) return;
    // What was read of the job belongs to `generation` if the counter has not moved on meanwhile.
    GhostPiece piece = atomic_load(&pool->piece);
    void *job = atomic_load(&pool->job);
    if (!atomic_compare_exchange_weak(&pool->next, &next, next - 1)) continue;
    piece(job, (int)index - 1);
    atomic_fetch_sub(&pool->n_left, 1);
  }
}

static void *helper(void *argument) {
  GhostPool *pool = argument;
  unsigned seen = 0;
  for (;;) {
    for (int i = 0; i < SPINS && atomic_load(&pool->generation) == seen; i++) relax();
    if (atomic_load(&pool->generation) == seen) {
      pthread_mutex_lock(&pool->mutex);
      while (atomic_load(&pool->generation) == seen && !pool->closing)
        pthread_cond_wait(&pool->wake, &pool->mutex);
      pthread_mutex_unlock(&pool->mutex);
    }
    if (pool->closing) return NULL;
    seen = atomic_load(&pool->generation);
    work(pool, seen);
  }
}

GhostPool *ghost_pool_open(int threads) {
  GhostPool *pool = calloc(1, sizeof *pool);
  if (!pool) return NULL;
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->wake, NULL);
  pool->helpers = calloc((size_t)threads, sizeof *pool->helpers);
  for (int i = 1; pool->helpers && i < threads; i++) {
    if (pthread_create(&pool->helpers[i - 1], NULL, helper, pool)) break;
    pool->n_helpers++;
  }
  if (pool->n_helpers + 1 == threads) return pool;
  ghost_pool_close(pool);
  return NULL;
}

int ghost_pool_threads(const GhostPool *pool) { return pool->n_helpers + 1; }

void ghost_pool_run(GhostPool *pool, GhostPiece piece, void *job, int n_pieces) {
  if (pool->n_helpers == 0 || n_pieces < 2) {
    for (int i = 0; i < n_pieces; i++) piece(job, i);
    return;
  }
  unsigned generation = atomic_load(&pool->generation) + 1;
  atomic_store(&pool->piece, piece);
  atomic_store(&pool->job, job);
  atomic_store(&pool->n_left, n_pieces);
  atomic_store(&pool->next, (unsigned long long)generation << 32 | (unsigned)n_pieces);
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->generation, generation);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
  work(pool, generation);
  // Where there are more threads than cores, a helper may need ours to come to its end.
  for (int i = 0; atomic_load(&pool->n_left); i++) i < SPINS ? relax() : (void)sched_yield();
}

void ghost_pool_close(GhostPool *pool) {
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->closing, true);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 0; i < pool->n_helpers; i++) pthread_join(pool->helpers[i], NULL);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->helpers);
  free(pool);
}
