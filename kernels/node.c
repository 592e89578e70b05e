// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// From options to a node, and from buffers to a result: kernels know one convolution over some rows;
// here they become an operator.

#define _POSIX_C_SOURCE 200809L  // posix_memalign

#include "node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

// Of the weights, and of a tensor as the runtime has it.
static size_t element_size(const GhostHeader *h) {
  return h->dtype == GHOST_INT8 ? sizeof(int8_t) : sizeof(float);
}

static size_t input_elements(const GhostHeader *h) {
  return (size_t)h->in_height * h->in_width * h->channels;
}

static size_t output_elements(const GhostHeader *h) {
  return (size_t)h->out_height * h->out_width * h->out_channels;
}

size_t ghost_node_input_bytes(const GhostNode *node) {
  return element_size(&node->header) * input_elements(&node->header);
}

size_t ghost_node_output_bytes(const GhostNode *node) {
  return element_size(&node->header) * output_elements(&node->header);
}

// Not a byte more than what is asked for: sanitizers and guard pages see whoever reads one.
static void *aligned(size_t bytes) {
  void *p = NULL;
  return posix_memalign(&p, 64, bytes) ? NULL : p;
}

static void *copied(const void *from, size_t bytes) {
  void *p = aligned(bytes);
  if (p) memcpy(p, from, bytes);
  return p;
}

// Weights of two bytes each become float32, in `widened`, and the node is one of float32.
static bool widen_weights(GhostOptions *o, float **widened) {
  if (o->header.dtype != GHOST_FLOAT16) return true;
  const size_t n = ghost_convolved_channels(&o->header) * ghost_taps(&o->header);
  if (!(*widened = aligned(n * sizeof **widened))) return false;
  for (size_t i = 0; i < n; i++) {
    GhostHalf half;
    memcpy(&half, o->weights + i * sizeof half, sizeof half);
    (*widened)[i] = ghost_float_of(half);
  }
  o->weights = (const uint8_t *)*widened, o->header.dtype = GHOST_FLOAT32;
  return true;
}

// The zero point's share of every sum goes into the bias. XNNPACK's sums wrap, and so do these.
static bool fold_zero_point(GhostNode *node, const GhostOptions *o) {
  const GhostHeader *h = &node->header;
  const bool is_convolution = h->kind == GHOST_CONVOLUTION;
  const size_t n = ghost_convolved_channels(h), channels = h->channels;
  const size_t taps = is_convolution ? h->kernel_h * node->depth : ghost_taps(h);
  if (!(node->scale = aligned(n * sizeof(float)))) return false;
  node->is_bounded = true;
  for (size_t i = 0; i < n; i++) {
    size_t start = is_convolution ? i * taps : i / channels * taps * channels + i % channels;
    size_t step = is_convolution ? 1 : channels;
    int32_t sum = 0, absolute = 0;
    float weight_scale;
    for (size_t t = 0; t < taps; t++) {
      int weight = node->weights_int8[start + t * step];
      sum += weight, absolute += abs(weight);
    }
    memcpy(&weight_scale, o->weight_scale + i * sizeof weight_scale, sizeof weight_scale);
    node->scale[i] = ghost_requantization_scale(h->input.scale, weight_scale, h->conv.scale);
    double most = (fabs((double)node->bias_int32[i]) + 256.0 * absolute) * node->scale[i];
    node->is_bounded &= most < 32000 && fabs((double)node->bias_int32[i]) < 0x1p30;
    node->bias_int32[i] =
        (int32_t)((uint32_t)node->bias_int32[i] - (uint32_t)(sum * h->input.zero_point));
  }
  return true;
}

static const GhostKernel *kernel_of(const GhostHeader *h, const GhostVariant *variant) {
  if (h->kind == GHOST_CONVOLUTION)
    return h->dtype == GHOST_INT8 ? variant->convolution_int8 : variant->convolution_float32;
  return h->dtype == GHOST_INT8 ? variant->depthwise_int8 : variant->depthwise_float32;
}

// The first choice; `choose_kernel` asks whether it takes the node. What no kernel of halves takes is
// computed in float32, as fast as it can be.
static void wish_kernel(GhostNode *node) {
  const GhostHeader *h = &node->header;
  node->kernel = kernel_of(h, node->variant), node->element = element_size(h);
  if (h->dtype != GHOST_FLOAT32 || !node->float16) return;
  const GhostKernel *kernel =
      h->kind == GHOST_CONVOLUTION ? node->float16->convolution : node->float16->depthwise;
  if (kernel->takes && !kernel->takes(node)) return;
  node->kernel = kernel, node->is_half = true, node->element = sizeof(GhostHalf);
}

// Those of a larger window get zeros behind each of its rows, up to a multiple of the kernel's chunk.
static void *weights_of(GhostNode *node, const GhostOptions *o) {
  const GhostHeader *h = &node->header;
  const size_t element = element_size(h), row = element * h->kernel_w * h->channels;
  if (h->kind != GHOST_CONVOLUTION)
    return copied(o->weights, element * ghost_convolved_channels(h) * ghost_taps(h));
  node->depth = (size_t)h->kernel_w * h->channels;
  if (!ghost_is_pointwise(h)) {
    const size_t chunk = (size_t)node->kernel->chunk;
    node->depth = (node->depth + chunk - 1) / chunk * chunk;
  }
  const size_t padded = element * node->depth, n = (size_t)h->out_channels * h->kernel_h;
  char *weights = aligned(n * padded);
  if (!weights) return NULL;
  memset(weights, 0, n * padded);
  for (size_t i = 0; i < n; i++) memcpy(weights + i * padded, o->weights + i * row, row);
  return weights;
}

static bool read_arrays(GhostNode *node, const GhostOptions *o) {
  const GhostHeader *h = &node->header;
  size_t n = ghost_convolved_channels(h);
  if (h->dtype == GHOST_INT8) {
    node->weights_int8 = weights_of(node, o);
    node->bias_int32 = copied(o->bias, n * sizeof(int32_t));
    return node->weights_int8 && node->bias_int32 && fold_zero_point(node, o);
  }
  node->weights_float32 = weights_of(node, o);
  node->bias_float32 = copied(o->bias, n * sizeof(float));
  return node->weights_float32 && node->bias_float32;
}

static void read_borders(GhostNode *node) {
  const GhostHeader *h = &node->header;
  node->min = h->activation == GHOST_NO_ACTIVATION ? -INFINITY : 0;
  node->max = h->activation == GHOST_RELU6 ? 6 : INFINITY;
  if (h->dtype != GHOST_INT8) return;
  node->clamp = ghost_clamp_of(h->activation, h->conv);
  if (h->has_residual) node->sum = ghost_sum_of(ghost_summed(h), h->residual, h->output);
  if (h->kind != GHOST_GHOST) return;
  node->recast_input = ghost_recast_of(h->input, h->concat);
  node->recast_conv = ghost_recast_of(h->conv, h->concat);
}

// ------------------------------------------------------------------------------- threads

// What a kernel counts in: rows; where a convolution is pointwise, pixels.
static bool counts_pixels(const GhostHeader *h) {
  return h->kind == GHOST_CONVOLUTION && ghost_is_pointwise(h);
}

static int n_rows(const GhostHeader *h) {
  return (int)(counts_pixels(h) ? h->out_height * h->out_width : h->out_height);
}

static size_t row_elements(const GhostHeader *h) {
  return (counts_pixels(h) ? 1 : h->out_width) * (size_t)h->out_channels;
}

// Several pieces for each thread, so that none waits long for another: some rows, or whole tiles of
// pixels. All pixels of some channels, where there are few pixels for many channels, as 7x7 or 1x1: then
// no thread reads weights that another one has read.
static void divide(GhostNode *node) {
  enum { PIECES = 4, FEW = 8 };
  const GhostHeader *h = &node->header;
  const int threads = ghost_pool_threads(node->pool), most = PIECES * threads, n = n_rows(h);
  const int rows = node->kernel->rows, panel = node->kernel->panel;
  const bool is_one_band = counts_pixels(h) && n <= rows + FEW;
  node->n_parts = 1, node->piece = n;
  node->band = is_one_band ? n : h->kind == GHOST_CONVOLUTION && !counts_pixels(h) ? 1 : rows;
  if (threads == 1) return;
  const int panels = is_one_band && panel ? (int)h->out_channels / panel : 0;
  if (panels >= most || panels > 1 && n <= node->kernel->tile) {
    node->n_parts = panels < most ? panels : most;
  } else {
    const int whole = counts_pixels(h) ? node->kernel->tile : node->band;
    node->piece = (n + most * whole - 1) / (most * whole) * whole;
  }
}

// ------------------------------------------------------------------------------- the node

static bool choose_kernel(GhostNode *node) {
  const GhostHeader *h = &node->header;
  const bool is_int8 = h->dtype == GHOST_INT8;
  if (node->kernel->takes && !node->kernel->takes(node))
    node->kernel = kernel_of(h, &GHOST_REFERENCE);
  divide(node);
  const GhostKernel *kernel = node->kernel;
  size_t element = node->element, row = element * h->in_width * h->channels;
  size_t slack = element * (size_t)kernel->lanes;
  // In front of a row and behind it there is less padding than a window is wide, which may be more than
  // the row has.
  size_t widest = h->in_width > h->kernel_w ? h->in_width : h->kernel_w;
  size_t padding = element * widest * h->channels + slack;
  if (!(node->padding_row = aligned(padding))) return false;
  memset(node->padding_row, is_int8 ? h->input.zero_point : 0, padding);
  if (kernel->lanes > (int)h->channels) {  // a load may reach over as many rows as fit its lanes
    size_t n = 1 + slack / row;
    node->tail_row = n < h->in_height ? (int)(h->in_height - n) : 0;
    size_t bytes = (h->in_height - (size_t)node->tail_row) * row + slack;
    if (!(node->tail = aligned(bytes))) return false;
    memset(node->tail, 0, bytes);
  }
  if (!kernel->packed_size) return true;
  if (!(node->packed = aligned(kernel->packed_size(node)))) return false;
  kernel->pack(node);
  free(node->weights_int8), free(node->weights_float32);  // what a kernel packs it does not read again
  node->weights_int8 = NULL, node->weights_float32 = NULL;
  return true;
}

// In half precision inner tensors hold halves, and others floats.
static bool is_converted(const GhostNode *node, uint32_t tensor) {
  const GhostHeader *h = &node->header;
  return h->dtype == GHOST_FLOAT32 && node->float16 && node->is_half != !!(h->inner & tensor);
}

static bool make_room(GhostNode *node) {
  const GhostHeader *h = &node->header;
  const size_t out = node->element * output_elements(h);
  if (is_converted(node, GHOST_INNER_INPUT) &&
      !(node->input = aligned(node->element * input_elements(h))))
    return false;
  if (h->has_residual && is_converted(node, GHOST_INNER_RESIDUAL) &&
      !(node->residual = aligned(out)))
    return false;
  return !is_converted(node, GHOST_INNER_OUTPUT) || (node->output = aligned(out));
}

GhostNode *ghost_node_of(const GhostVariant *variant, const GhostFloat16 *float16, GhostPool *pool,
                         const void *custom_options, size_t size, char error[256]) {
  GhostOptions options;
  float *widened = NULL;
  if (!ghost_options_read(&options, custom_options, size, error)) return NULL;
  GhostNode *node = calloc(1, sizeof *node);
  if (node && widen_weights(&options, &widened)) {
    node->header = options.header, node->variant = variant, node->pool = pool;
    node->float16 = float16;
    read_borders(node);
    wish_kernel(node);
    bool is_ready = read_arrays(node, &options) && choose_kernel(node) && make_room(node);
    free(widened);
    if (is_ready) return node;
  }
  ghost_node_free(node);
  snprintf(error, GHOST_ERROR_BYTES, "there is no memory for the node");
  return NULL;
}

void ghost_node_free(GhostNode *node) {
  if (!node) return;
  free(node->weights_int8);
  free(node->weights_float32);
  free(node->bias_float32);
  free(node->bias_int32);
  free(node->scale);
  free(node->packed);
  free(node->padding_row);
  free(node->tail);
  free(node->input);
  free(node->residual);
  free(node->output);
  free(node);
}

// ------------------------------------------------------------------------------- running

typedef struct {
  const GhostNode *node;
  const void *in, *residual;
  void *out;
  void *to;  // the output tensor, where what is in `out` must be converted; or NULL
} Job;

// ------------------------------------------------------------------------------- half precision

// Elements start <= i < start + n of a tensor, in the form of the kernel or, of the output, out of it.
static void convert(const GhostNode *node, void *to, const void *from, size_t start, size_t n,
                    bool to_halves) {
  if (to_halves) node->float16->to_halves((GhostHalf *)to + start, (const float *)from + start, n);
  else node->float16->to_floats((float *)to + start, (const GhostHalf *)from + start, n);
}

enum { CONVERTED = 1 << 14 };  // elements that a thread takes at once

typedef struct {
  const GhostNode *node;
  void *to;
  const void *from;
  size_t n;
} Conversion;

static void convert_piece(void *argument, int index) {
  const Conversion *c = argument;
  const size_t start = (size_t)index * CONVERTED, left = c->n - start;
  convert(c->node, c->to, c->from, start, left < CONVERTED ? left : CONVERTED, c->node->is_half);
}

// The input or residual `from` as the kernel wants it: in `room`, where there is one.
static const void *taken(const GhostNode *node, void *room, const void *from, size_t n) {
  if (!room) return from;
  Conversion conversion = {node, room, from, n};
  ghost_pool_run(node->pool, convert_piece, &conversion, (int)((n + CONVERTED - 1) / CONVERTED));
  return room;
}

static void give(const Job *job, size_t start, size_t n) {
  if (job->to) convert(job->node, job->to, job->out, start, n, !job->node->is_half);
}

// ------------------------------------------------------------------------------- pieces

// Where the halves of a concat have scales of their own: a QUANTIZE of each.
static void recast_rows(const GhostNode *node, int8_t *out, int first, int last) {
  const GhostHeader *h = &node->header;
  size_t channels = h->channels;
  int8_t *end = out + (size_t)last * row_elements(h);
  for (int8_t *half = out + (size_t)first * row_elements(h); half < end;)
    for (uint32_t i = 0; i <= h->n_cheap; i++, half += channels) {
      const GhostRecast *recast = i ? &node->recast_conv : &node->recast_input;
      for (size_t c = 0; recast->is_needed && c < channels; c++)
        half[c] = ghost_recast(half[c], recast);
    }
}

static void add_residual(const GhostNode *node, const void *residual, void *out, size_t start,
                         size_t n) {
  if (node->header.dtype == GHOST_INT8) {
    node->variant->add_int8((int8_t *)out + start, (const int8_t *)residual + start, n, &node->sum);
  } else if (node->is_half) {
    node->float16->add((GhostHalf *)out + start, (const GhostHalf *)residual + start, n);
  } else {
    node->variant->add_float32((float *)out + start, (const float *)residual + start, n);
  }
}

// What follows a convolution, for the channels of one part.
static void finish_part(const Job *job, int part, int n_pixels) {
  const GhostHeader *h = &job->node->header;
  int first, last;
  ghost_part(job->node, part, &first, &last);
  const size_t n = (size_t)(last - first);
  for (int i = 0; i < n_pixels; i++) {
    const size_t start = (size_t)i * h->out_channels + (size_t)first;
    if (h->has_residual) add_residual(job->node, job->residual, job->out, start, n);
    give(job, start, n);
  }
}

// Some rows from end to end, while they are in the cache.
static void run_band(const Job *job, int first, int last) {
  const GhostNode *node = job->node;
  const int n = node->header.kind == GHOST_CONVOLUTION ? 1 : (int)node->header.n_cheap;
  for (int i = 0; i < n; i++) node->kernel->run(node, i, job->in, job->out, first, last);
  if (node->recast_input.is_needed || node->recast_conv.is_needed)
    recast_rows(node, job->out, first, last);
  const size_t row = row_elements(&node->header);
  const size_t start = (size_t)first * row, size = (size_t)(last - first) * row;
  if (node->header.has_residual) add_residual(node, job->residual, job->out, start, size);
  give(job, start, size);
}

static void run_piece(void *argument, int index) {
  const Job *job = argument;
  const GhostNode *node = job->node;
  const int n = n_rows(&node->header);
  if (node->n_parts > 1) {
    node->kernel->run(node, index, job->in, job->out, 0, n);
    if (node->header.has_residual || job->to) finish_part(job, index, n);
    return;
  }
  const int first = index * node->piece, end = first + node->piece < n ? first + node->piece : n;
  for (int y = first; y < end; y += node->band)
    run_band(job, y, y + node->band < end ? y + node->band : end);
}

void ghost_node_run(GhostNode *node, const void *input, const void *residual, void *output) {
  const GhostHeader *h = &node->header;
  Job job = {.node = node, .out = output};
  job.in = taken(node, node->input, input, input_elements(h));
  job.residual = taken(node, node->residual, residual, output_elements(h));
  if (node->output) job.out = node->output, job.to = output;
  if (node->tail) {
    size_t row = node->element * h->in_width * h->channels, at = (size_t)node->tail_row * row;
    memcpy(node->tail, (const char *)job.in + at, node->element * input_elements(h) - at);
  }
  const int n_pieces = (n_rows(h) + node->piece - 1) / node->piece;
  ghost_pool_run(node->pool, run_piece, &job, n_pieces * node->n_parts);
}
