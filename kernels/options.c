// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: Apache-2.0
//
// The options parser. A .tflite is a stranger's file: every field is checked against the others and
// against what the arithmetic behind it can hold, so that no kernel needs a check of its own.

#include "options.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arithmetic_int8.h"

_Static_assert(sizeof(GhostHeader) == 132, "the file format has no padding");

// Far beyond any network, and small enough that every product of theirs fits 64 bits.
enum { MAX_SIDE = 1 << 14, MAX_CHANNELS = 1 << 16, MAX_CHEAP = 256, MAX_STRIDE = 32 };
static const uint64_t MAX_BYTES = 1u << 30;  // of one tensor

__attribute__((format(printf, 2, 3))) static bool refuse(char *error, const char *text, ...) {
  va_list rest;
  va_start(rest, text);
  vsnprintf(error, GHOST_ERROR_BYTES, text, rest);
  va_end(rest);
  return false;
}

// IEEE 802.3, bit by bit: read once per node, and no table to get wrong.
static uint32_t crc32_of(const uint8_t *data, size_t size) {
  uint32_t crc = ~0u;
  for (size_t i = 0; i < size; i++) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
  }
  return ~crc;
}

static bool sound_envelope(const GhostHeader *h, const uint8_t *data, size_t size, char *error) {
  const size_t summed_from = offsetof(GhostHeader, crc32) + sizeof h->crc32;
  if (h->magic != GHOST_MAGIC)
    return refuse(error, "these are not the options of a Ghost operator: they begin with %08x",
                  (unsigned)h->magic);
  if (h->version != GHOST_VERSION)
    return refuse(error, "the options are of version %u; this library knows version %d",
                  (unsigned)h->version, GHOST_VERSION);
  if (h->size != size)
    return refuse(error, "the options have %zu bytes and say that they have %u", size,
                  (unsigned)h->size);
  uint32_t crc = crc32_of(data + summed_from, size - summed_from);
  if (h->crc32 != crc)
    return refuse(error, "the options are damaged: their checksum is %08x, not %08x", (unsigned)crc,
                  (unsigned)h->crc32);
  return true;
}

static bool within(const char *name, uint32_t value, uint32_t least, uint32_t most, char *error) {
  if (value >= least && value <= most) return true;
  return refuse(error, "%s is %u, not within %u to %u", name, (unsigned)value, (unsigned)least,
                (unsigned)most);
}

// Every window must touch the input: behind the last one lies less than a kernel of padding.
static bool sound_windows(const char *side, uint32_t in, uint32_t out, uint32_t kernel,
                          uint32_t stride, uint32_t pad, char *error) {
  uint64_t end = (uint64_t)(out - 1) * stride + kernel;  // of the last window, padding in front included
  if (pad >= kernel || end >= (uint64_t)in + pad + kernel)
    return refuse(error, "%s: %u windows of %u at stride %u do not fit %u with %u in front", side,
                  (unsigned)out, (unsigned)kernel, (unsigned)stride, (unsigned)in, (unsigned)pad);
  return true;
}

static bool sound_shape(const GhostHeader *h, char *error) {
  const bool is_ghost = h->kind == GHOST_GHOST, is_depthwise = h->kind == GHOST_DEPTHWISE;
  const bool is_convolution = h->kind == GHOST_CONVOLUTION;
  const struct {
    const char *name;
    uint32_t value, least, most;
  } fields[] = {
      {"kind", h->kind, GHOST_GHOST, GHOST_CONVOLUTION},
      {"has_residual", h->has_residual, 0, !is_depthwise},
      {"in_height", h->in_height, 1, MAX_SIDE},
      {"in_width", h->in_width, 1, MAX_SIDE},
      {"channels", h->channels, 1, MAX_CHANNELS},
      {"out_height", h->out_height, 1, MAX_SIDE},
      {"out_width", h->out_width, 1, MAX_SIDE},
      {"out_channels", h->out_channels, 1, MAX_CHANNELS * (1 + MAX_CHEAP)},
      {"n_cheap", h->n_cheap, !is_convolution, is_ghost ? MAX_CHEAP : is_depthwise},
      {"kernel_h", h->kernel_h, 1, GHOST_MAX_KERNEL},
      {"kernel_w", h->kernel_w, 1, GHOST_MAX_KERNEL},
      {"stride_h", h->stride_h, 1, is_ghost ? 1 : MAX_STRIDE},
      {"stride_w", h->stride_w, 1, is_ghost ? 1 : MAX_STRIDE},
      {"inner", h->inner, 0, h->dtype == GHOST_INT8 ? 0 : GHOST_INNER_ALL},
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (!within(fields[i].name, fields[i].value, fields[i].least, fields[i].most, error))
      return false;
  if (h->dtype != GHOST_FLOAT32 && h->dtype != GHOST_INT8 && h->dtype != GHOST_FLOAT16)
    return refuse(error, "element type %u is neither float32 nor float16 nor int8",
                  (unsigned)h->dtype);
  if (h->activation != GHOST_NO_ACTIVATION && h->activation != GHOST_RELU &&
      h->activation != GHOST_RELU6)
    return refuse(error, "activation %u is neither none nor ReLU nor ReLU6",
                  (unsigned)h->activation);
  const bool is_row = is_convolution && h->out_height == 1 && h->out_width == 1;
  if (h->out_rank != 4 && !(h->out_rank == 2 && is_row))
    return refuse(error, "an output of %u x %u pixels has %u dimensions", (unsigned)h->out_height,
                  (unsigned)h->out_width, (unsigned)h->out_rank);
  if (is_ghost && (h->in_height != h->out_height || h->in_width != h->out_width))
    return refuse(error, "a Ghost operator of %u x %u writes %u x %u",
                  (unsigned)h->in_height, (unsigned)h->in_width, (unsigned)h->out_height,
                  (unsigned)h->out_width);
  if (is_convolution && !ghost_is_pointwise(h) &&
      (uint64_t)h->kernel_h * ghost_spanned_columns(h) * h->channels > GHOST_MAX_STRIPE)
    return refuse(error, "windows of %u rows of %zu x %u elements are larger than %d",
                  (unsigned)h->kernel_h, ghost_spanned_columns(h), (unsigned)h->channels,
                  GHOST_MAX_STRIPE);
  if (!is_convolution && h->out_channels != h->channels * (is_ghost + h->n_cheap))
    return refuse(error, "%u channels and %u convolutions of them write %u channels",
                  (unsigned)h->channels, (unsigned)h->n_cheap, (unsigned)h->out_channels);
  uint64_t element = h->dtype == GHOST_INT8 ? 1 : sizeof(float);
  uint64_t in = element * h->in_height * h->in_width * h->channels;
  uint64_t out = element * h->out_height * h->out_width * h->out_channels;
  if (in > MAX_BYTES || out > MAX_BYTES) return refuse(error, "the tensors are larger than 1 GiB");
  return sound_windows("rows", h->in_height, h->out_height, h->kernel_h, h->stride_h, h->pad_top,
                       error) &&
         sound_windows("columns", h->in_width, h->out_width, h->kernel_w, h->stride_w, h->pad_left,
                       error);
}

// Places the arrays, and wants them to end where the options end.
static bool sound_arrays(GhostOptions *o, const uint8_t *data, char *error) {
  const GhostHeader *h = &o->header;
  uint64_t n = ghost_convolved_channels(h), taps = ghost_taps(h);
  uint64_t element = h->dtype == GHOST_INT8      ? 1
                     : h->dtype == GHOST_FLOAT16 ? sizeof(uint16_t)
                                                 : sizeof(float);
  uint64_t weights = sizeof *h + 15 & ~15ull, end = weights + n * taps * element;
  uint64_t weight_scale = end + 15 & ~15ull;
  if (h->dtype == GHOST_INT8) end = weight_scale + n * sizeof(float);
  uint64_t bias = end + 15 & ~15ull;
  end = bias + n * 4;
  if (end != h->size)
    return refuse(error, "the arrays end at byte %llu of %u", (unsigned long long)end,
                  (unsigned)h->size);
  o->weights = data + weights, o->weight_scale = data + weight_scale, o->bias = data + bias;
  return true;
}

static bool sound_quantization(const char *name, GhostQuantization q, char *error) {
  if (!(isnormal(q.scale) && q.scale > 0))
    return refuse(error, "the scale of %s is %g", name, q.scale);
  if (q.zero_point < -128 || q.zero_point > 127)
    return refuse(error, "the zero point of %s is %d", name, (int)q.zero_point);
  return true;
}

// The ratios that the runtime's own operators take; outside of them its fixed point has no room.
static bool sound_ratio(const char *name, float ratio, float least, float most, char *error) {
  if (ratio >= least && ratio < most) return true;
  return refuse(error, "the ratio of scales of %s is %g, not within %g to %g", name, ratio, least,
                most);
}

static bool sound_scales(const GhostOptions *o, char *error) {
  const GhostHeader *h = &o->header;
  if (!sound_quantization("the input", h->input, error) ||
      !sound_quantization("the convolution", h->conv, error))
    return false;
  for (size_t i = 0; i < ghost_convolved_channels(h); i++) {
    float weight_scale;
    memcpy(&weight_scale, o->weight_scale + i * sizeof weight_scale, sizeof weight_scale);
    float ratio = ghost_requantization_scale(h->input.scale, weight_scale, h->conv.scale);
    if (!sound_ratio("a channel", ratio, 0x1p-32f, 256.0f, error)) return false;
  }
  if (h->kind == GHOST_GHOST &&
      (!sound_quantization("the concat", h->concat, error) ||
       !sound_ratio("input and concat", h->input.scale / h->concat.scale, 0x1p-8f, 0x1p7f, error) ||
       !sound_ratio("convolution and concat", h->conv.scale / h->concat.scale, 0x1p-8f, 0x1p7f,
                    error)))
    return false;
  return !h->has_residual ||
         (sound_quantization("the residual", h->residual, error) &&
          sound_quantization("the output", h->output, error) &&
          sound_ratio("the sum and output", ghost_summed(h).scale / h->output.scale, 0x1p-10f,
                      0x1p8f, error) &&
          sound_ratio("residual and output", h->residual.scale / h->output.scale, 0x1p-10f, 0x1p8f,
                      error));
}

bool ghost_options_read(GhostOptions *options, const void *data, size_t size,
                        char error[GHOST_ERROR_BYTES]) {
  if (!data || size < sizeof options->header)
    return refuse(error, "the options have %zu bytes; their header alone has %zu", data ? size : 0,
                  sizeof options->header);
  memcpy(&options->header, data, sizeof options->header);
  return sound_envelope(&options->header, data, size, error) &&
         sound_shape(&options->header, error) && sound_arrays(options, data, error) &&
         (options->header.dtype != GHOST_INT8 || sound_scales(options, error));
}
