// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The Ghost operators for LiteRT: what a .tflite must say of each (custom_options), and how a program
// that runs such a file gets them. One library, libghostop.so, one header, this one.
//
// An operator is one of three:
//
//   GHOST       y' -> [ y' | act(dw_1(y') + b_1) | ... | act(dw_n(y') + b_n) ]  (+ residual)
//               the cheap half of a Ghost module with its concat; stride 1
//   DEPTHWISE   x -> act(dw(x) + b)                                            (n_cheap = 1)
//               any stride, with the PAD in front of it folded in
//   CONVOLUTION x -> act(conv(x) + b)  (+ residual)                            (n_cheap = 0)
//               the primary half of a Ghost module, and any other 1x1; larger ones of few channels;
//               a FULLY_CONNECTED is one of a single pixel
//
// LiteRT gives all nodes of one custom operator's name the same user data and tells a kernel nothing
// of its node, so every node of a file has a name of its own: "ghostnet.op.000", "...001", in the
// order of execution. All that a node is stands in its custom_options.

#ifndef GHOSTNET_GHOST_OP_H
#define GHOSTNET_GHOST_OP_H

#include <stddef.h>
#include <stdint.h>

#define GHOST_OP_NAME "ghostnet.op.%03d"
enum { GHOST_MAX_NODES = 256 };

// -------------------------------------------------------------------- custom_options, little-endian

enum { GHOST_MAGIC = 0x504f4847 /* "GHOP" */, GHOST_VERSION = 4 };
enum { GHOST_GHOST = 1, GHOST_DEPTHWISE = 2, GHOST_CONVOLUTION = 3 };  // kind
// dtype, LiteRT's numbers. GHOST_FLOAT16: only the weights are; tensors and bias are float32.
enum { GHOST_FLOAT32 = 1, GHOST_INT8 = 9, GHOST_FLOAT16 = 10 };
enum { GHOST_NO_ACTIVATION = 0, GHOST_RELU = 1, GHOST_RELU6 = 3 };  // TFLite's numbers
// Tensors of a node in floating point that only Ghost operators write and read. In half precision they hold halves,
// at the start of the room that they have.
enum { GHOST_INNER_INPUT = 1, GHOST_INNER_RESIDUAL = 2, GHOST_INNER_OUTPUT = 4, GHOST_INNER_ALL = 7 };

typedef struct {
  float scale;        // 0 in float32 files
  int32_t zero_point;
} GhostQuantization;

// Then the arrays, each from a multiple of 16 bytes after the start of this header, in this order:
//   int8 files     int8  weights[n_cheap][kernel_h][kernel_w][channels]   symmetric, zero point 0
//                  float weight_scale[n_cheap][channels]
//                  int32 bias[n_cheap][channels]                          scale: input * weight
//   float32 files  float weights[n_cheap][kernel_h][kernel_w][channels]
//                  float bias[n_cheap][channels]
//   float16 files  the same, with weights of two bytes each
// CONVOLUTION: weights[out_channels][kernel_h][kernel_w][channels], the others [out_channels].
// LiteRT may hand the options over at any address: nothing in them may be read in place as aligned.
typedef struct {
  uint32_t magic, version;
  uint32_t size;               // of the whole, this header included, in bytes
  uint32_t crc32;              // IEEE 802.3 (zlib's), of all bytes behind this field
  uint32_t kind, dtype, activation;
  uint32_t has_residual;       // 1: a second input of the output's shape, added last (not DEPTHWISE)
  uint32_t in_height, in_width, channels;   // of the input; batch is 1
  uint32_t out_height, out_width, out_channels;  // of the output
  uint32_t n_cheap;            // GHOST: out_channels = (1 + n_cheap) * channels
  uint32_t kernel_h, kernel_w, stride_h, stride_w;
  uint32_t pad_top, pad_left;  // rows and columns of zeros (zero points) in front; behind: what is left
  uint32_t out_rank;           // 4; 2: the one pixel of a CONVOLUTION as [1, out_channels]
  uint32_t inner;              // GHOST_INNER_*, in one number
  // int8 only. A plain file rounds at each of these borders, and so must the operator:
  GhostQuantization input;     // of y', or x
  GhostQuantization conv;      // of the convolution's own output
  GhostQuantization concat;    // GHOST: of the concat; where `input` or `conv` differ: a QUANTIZE before it
  GhostQuantization residual;  // of the second input
  GhostQuantization output;    // of the last operator: convolution, concat, or ADD
} GhostHeader;

// ------------------------------------------------------------------------------- for programs

typedef struct GhostSession GhostSession;  // of one compiled model

// LiteRtAddCustomOpKernelOption of the very runtime that will run the model.
typedef int (*GhostAddKernel)(void *options, const char *name, int version, const void *kernel,
                              void *user_data);

// `variant`: NULL for the best that this processor has, or one of ghost_variants(). NULL on failure.
// Where there are several threads, give the runtime one: its own would spin, for milliseconds, on the
// cores that these need, and what is left to it is little.
GhostSession *ghost_open(int threads, const char *variant);

// Half precision, for nodes in floating point: 1, or 0 where the processor cannot multiply halves (Armv8.2's FP16)
// and everything stays as it was. To be asked before ghost_register. A program that means to compute in
// half precision tells the runtime, too ("flags = 7" of its options "xnnpack"), and neither of both
// without the other.
int ghost_use_half(GhostSession *session);

// Registers the names of all possible nodes with LiteRtOptions `options`. 0, or LiteRT's status.
int ghost_register(GhostSession *session, void *options, GhostAddKernel add);

// LiteRT ignores errors of custom operators and calls the run a success: after creating the compiled
// model and after every run, ask here. The first error since the last call, as a sentence; or NULL.
const char *ghost_error(GhostSession *session);

// "neon_dot", "neon", "avx2", ..., "c"; in half precision "neon_dot_fp16" and so on
const char *ghost_variant(const GhostSession *session);
const char *const *ghost_variants(void);                 // those this processor can run; NULL ends it
void ghost_close(GhostSession *session);                 // after the compiled model is gone

// A network may have three files: a plain one, one with operators for Ghost modules and depthwise
// convolutions alone, and one with operators wherever one fits. Which this processor should open, for
// a file of this `dtype` (GHOST_INT8, GHOST_FLOAT32, GHOST_FLOAT16), in half precision or not.
typedef enum { GHOST_PLAIN_FILE = 0, GHOST_DEPTHWISE_FILE = 1, GHOST_ALL_FILE = 2 } GhostFile;
GhostFile ghost_file(int dtype, int half);

// ---------------------------------------------------------------------------------- for tests

// The same for another processor: the first of the ghost_variants() there, whether that has halves,
// and whether the processor has SME2.
typedef struct {
  const char *variant;
  int has_half, has_sme2;
} GhostProcessor;
GhostFile ghost_file_on(const GhostProcessor *processor, int dtype, int half);

typedef struct GhostNode GhostNode;

// One node without LiteRT. NULL with a sentence in `error` where the options are not sound.
GhostNode *ghost_node(GhostSession *session, const void *custom_options, size_t size,
                      char error[256]);
// Buffers in NHWC; `residual` NULL unless the header has one. In half precision, inner ones of halves.
void ghost_node_run(GhostNode *node, const void *input, const void *residual, void *output);
void ghost_node_free(GhostNode *node);

#endif
