// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// A few threads that share the pieces of one job.

#ifndef GHOSTNET_POOL_H
#define GHOSTNET_POOL_H

typedef struct GhostPool GhostPool;
typedef void (*GhostPiece)(void *job, int index);

GhostPool *ghost_pool_open(int threads);  // the caller is one of them; NULL on failure
int ghost_pool_threads(const GhostPool *pool);
// Returns when piece(job, 0..n_pieces) are all done; there may be 65,535. One job at a time.
void ghost_pool_run(GhostPool *pool, GhostPiece piece, void *job, int n_pieces);
void ghost_pool_close(GhostPool *pool);

#endif
