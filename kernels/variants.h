// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The variants, from the fastest to the plainest.

#ifndef GHOSTNET_VARIANTS_H
#define GHOSTNET_VARIANTS_H

#include "node.h"

// The best that this processor has, or the one of that name; NULL if it cannot run here.
const GhostVariant *ghost_variant_named(const char *name);

#endif
