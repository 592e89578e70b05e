// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The part of LiteRT's C interface that the runner uses, as version 2.1.6 and later have it.
// Declared here, and looked up by name at run time, so that no header package is needed and one
// source builds for every system.

#ifndef GHOSTNET_LITERT_H
#define GHOSTNET_LITERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int LiteRtStatus;  // 0 is success
typedef struct LiteRtEnvironmentT *LiteRtEnvironment;
typedef struct LiteRtModelT *LiteRtModel;
typedef struct LiteRtOptionsT *LiteRtOptions;
typedef struct LiteRtOpaqueOptionsT *LiteRtOpaqueOptions;
typedef struct LiteRtCompiledModelT *LiteRtCompiledModel;
typedef struct LiteRtSignatureT *LiteRtSignature;
typedef struct LiteRtSubgraphT *LiteRtSubgraph;
typedef struct LiteRtOpT *LiteRtOp;
typedef struct LiteRtTensorT *LiteRtTensor;
typedef struct LiteRtTensorBufferT *LiteRtTensorBuffer;
typedef struct LiteRtTensorBufferRequirementsT *LiteRtTensorBufferRequirements;
typedef struct LiteRtProfilerT *LiteRtProfiler;

enum { CPU = 1 };             // accelerators are a bit mask
enum { LOCK_READ = 0, LOCK_WRITE = 1 };
enum { FLOAT32 = 1, INT32 = 2, UINT8 = 3, INT64 = 4, BOOL = 6, INT16 = 7, INT8 = 9 };
enum { MAX_RANK = 8 };
enum { CUSTOM_OPERATOR = 32 };  // the code of what a program brings along

typedef struct {
  unsigned rank : 7;
  bool has_strides : 1;
  int32_t dimensions[MAX_RANK];
  uint32_t strides[MAX_RANK];
} Layout;  // 68 bytes

typedef struct {
  int element_type;
  Layout layout;
} TensorType;

enum { OPERATOR_EVENT = 2, DELEGATE_EVENT = 4 | 8 };  // of `type`; a bit mask

typedef struct {
  const char *tag;
  int type;
  uint64_t start_us;
  uint64_t elapsed_us;
  struct {
    int64_t resident_kb, allocated, in_use;
  } memory_before, memory_after;
  uint64_t node;
  uint64_t metadata;
  int source;
} ProfileEvent;

// X(name, parameters): what must be in the library.
#define LITERT_FUNCTIONS(X)                                                                       \
  X(CreateEnvironment, (int, const void *options, LiteRtEnvironment *))                           \
  X(CreateModelFromBuffer, (LiteRtEnvironment, const void *, size_t, LiteRtModel *))              \
  X(GetMainModelSubgraphIndex, (LiteRtModel, size_t *))                                           \
  X(GetModelSubgraph, (LiteRtModel, size_t, LiteRtSubgraph *))                                    \
  X(GetNumModelSubgraphs, (LiteRtModel, size_t *))                                                \
  X(GetNumSubgraphOps, (LiteRtSubgraph, size_t *))                                                \
  X(GetSubgraphOp, (LiteRtSubgraph, size_t, LiteRtOp *))                                          \
  X(GetOpCode, (LiteRtOp, int *))                                                                 \
  X(GetNumOpOutputs, (LiteRtOp, size_t *))                                                        \
  X(GetOpOutput, (LiteRtOp, size_t, LiteRtTensor *))                                              \
  X(GetTensorName, (LiteRtTensor, const char **))                                                 \
  X(GetModelSignature, (LiteRtModel, size_t, LiteRtSignature *))                                  \
  X(GetNumSignatureInputs, (LiteRtSignature, size_t *))                                           \
  X(GetNumSignatureOutputs, (LiteRtSignature, size_t *))                                          \
  X(GetSignatureInputTensorByIndex, (LiteRtSignature, size_t, LiteRtTensor *))                    \
  X(GetSignatureOutputTensorByIndex, (LiteRtSignature, size_t, LiteRtTensor *))                   \
  X(GetRankedTensorType, (LiteRtTensor, TensorType *))                                            \
  X(CreateOptions, (LiteRtOptions *))                                                             \
  X(SetOptionsHardwareAccelerators, (LiteRtOptions, int))                                         \
  X(CreateOpaqueOptions, (const char *, void *, void (*)(void *), LiteRtOpaqueOptions *))         \
  X(AddOpaqueOptions, (LiteRtOptions, LiteRtOpaqueOptions))                                       \
  X(CreateCompiledModel, (LiteRtEnvironment, LiteRtModel, LiteRtOptions, LiteRtCompiledModel *))  \
  X(GetCompiledModelInputBufferRequirements,                                                      \
    (LiteRtCompiledModel, size_t, size_t, LiteRtTensorBufferRequirements *))                      \
  X(GetCompiledModelOutputBufferRequirements,                                                     \
    (LiteRtCompiledModel, size_t, size_t, LiteRtTensorBufferRequirements *))                      \
  X(CreateManagedTensorBufferFromRequirements,                                                    \
    (LiteRtEnvironment, const TensorType *, LiteRtTensorBufferRequirements,                       \
     LiteRtTensorBuffer *))                                                                       \
  X(LockTensorBuffer, (LiteRtTensorBuffer, void **, int))                                         \
  X(UnlockTensorBuffer, (LiteRtTensorBuffer))                                                     \
  X(GetTensorBufferPackedSize, (LiteRtTensorBuffer, size_t *))                                    \
  X(RunCompiledModel, (LiteRtCompiledModel, size_t, size_t, LiteRtTensorBuffer *, size_t,         \
                       LiteRtTensorBuffer *))                                                     \
  X(CompiledModelGetProfiler, (LiteRtCompiledModel, LiteRtProfiler *))                            \
  X(StartProfiler, (LiteRtProfiler))                                                              \
  X(StopProfiler, (LiteRtProfiler))                                                               \
  X(ResetProfiler, (LiteRtProfiler))                                                              \
  X(GetNumProfilerEvents, (LiteRtProfiler, int *))                                                \
  X(GetProfilerEvents, (LiteRtProfiler, int, ProfileEvent *))

// What only some models need: NULL in a library that does not have it.
#define LITERT_EXTRAS(X)                                                                          \
  X(GetCustomCode, (LiteRtOp, const char **))                                                     \
  X(GetCustomOptions, (LiteRtOp, const uint8_t **, int32_t *))                                    \
  X(CompiledModelResizeInputTensor, (LiteRtCompiledModel, size_t, size_t, const int *, size_t))   \
  X(GetCompiledModelOutputTensorLayouts, (LiteRtCompiledModel, size_t, size_t, Layout *, bool))

// It appeared in 2.1.6, the version in which the functions that create a model began to take an
// environment first, under their old names. Whoever calls them in an older library crashes.
#define LITERT_SINCE_2_1_6 "LiteRtCreateModelFromFd"

// What is known of published builds (libLiteRt of the ai-edge-litert wheels).
static const struct {
  const char *sha256, *version;
} KNOWN_RUNTIMES[] = {
    {"d46eca60880d6e28c1992d136459f06ab642e30eb423bdc14d56e928f398ce19", "2.1.6"},  // Linux x86-64
    {"0eb5067e9fc86a622953fd3fb077db95b1010e5e5fd4dc5d31ec52bcd045c9fd", "2.2.0"},
    {"eec47eb35e2924b3166015887e652a58edc9af823ae38e02bf83bef2548300bb", "2.3.0"},
    {"c3e365e05249ea97d8dd6d0590df7f9bc817ff61e9610a355ff3937b72864d11", "2.1.6"},  // Linux aarch64
    {"fb21752e51cb9def7e154ccc65c7a12460d2c3c3116a50b4bb42e24dbc96128c", "2.2.0"},
    {"b57687dc234d2b8b0598aef5a9c961ed24263df8f8b3f56adbee1cff618e544b", "2.3.0"},
    {"f5f435ccdf154712c4bd03e0de64a9bcdd3c1cc6076f0116cf7a66fd7405ee04", "2.1.6"},  // macOS arm64
    {"5ddc3975d6d14852e07575804b36cfa6e4fd1c0c773df671377c072b180f51e2", "2.2.0"},
    {"f3d8b2c3dea5125111de6b005820088629efd13db04b5f157ffd4f2c5dbb318b", "2.3.0"},
};

#endif
