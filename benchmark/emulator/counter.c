// Counts what one inference costs on an emulated Arm core: a plugin for qemu-aarch64.
// Copyright 2026 The GhostNet TF Authors. SPDX-License-Identifier: GPL-2.0-or-later
//
// This program is free software; you can redistribute it and/or modify it under the terms of the
// GNU General Public License as published by the Free Software Foundation; either version 2 of the
// License, or (at your option) any later version. It is distributed in the hope that it will be
// useful, but WITHOUT ANY WARRANTY; see LICENSE.GPL-2.0 beside this file. It is loaded into QEMU,
// hence this licence; nothing else of the project is linked with it.
//
// The emulated program marks its own time with prctl (`mark` in benchmark/runner/runner.c): ARM
// once, after its warm-up, then BEGIN and END around every run. Until ARM nothing is instrumented
// and loading goes at the emulator's full speed. What lies between BEGIN and END is written as one
// JSON document to the file given by `out=`. No unit of time appears anywhere.
//
// From CLOCK on the program's clock (clock.c) ASKs how many instructions there were, finds them + 1
// in the file given by `clock=`, and says GO_ON; what it took in between is not counted.

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// ------------------------------------------- QEMU's plugin interface, version 1 (QEMU 6.0 to 8.2)

#define EXPORT __attribute__((visibility("default")))
typedef uint64_t PluginId;
typedef struct qemu_plugin_tb Block;
typedef struct qemu_plugin_insn Instruction;
typedef uint32_t MemoryInfo;
enum { NO_REGISTERS = 0 };
enum { LOADS_AND_STORES = 3 };

EXPORT int qemu_plugin_version = 1;

void qemu_plugin_reset(PluginId, void (*then)(PluginId));
void qemu_plugin_register_vcpu_tb_trans_cb(PluginId, void (*)(PluginId, Block *));
void qemu_plugin_register_vcpu_tb_exec_cb(Block *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_vcpu_mem_cb(Instruction *,
                                      void (*)(unsigned, MemoryInfo, uint64_t address, void *), int,
                                      int, void *);
void qemu_plugin_register_vcpu_syscall_cb(PluginId,
                                          void (*)(PluginId, unsigned, int64_t number, uint64_t,
                                                   uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                                   uint64_t, uint64_t));
void qemu_plugin_register_atexit_cb(PluginId, void (*)(PluginId, void *), void *);
size_t qemu_plugin_tb_n_insns(const Block *);
Instruction *qemu_plugin_tb_get_insn(const Block *, size_t);
const void *qemu_plugin_insn_data(const Instruction *);
unsigned qemu_plugin_mem_size_shift(MemoryInfo);
bool qemu_plugin_mem_is_store(MemoryInfo);

// ------------------------------------------- one instruction -> its class

enum Class {
  SDOT, SMMLA, MLA, FMLA, SIMD, LOAD, STORE, PREFETCH, ATOMIC, BRANCH, INTEGER, SYSTEM, OTHER,
  CLASSES
};
static const char *const NAMES[CLASSES] = {
    "sdot", "smmla", "mla", "fmla", "simd", "load", "store", "prefetch", "atomic", "branch",
    "integer", "system", "other"};

// Arm Architecture Reference Manual, chapter C4: (mask, value, class), the first that fits.
static const struct {
  uint32_t mask, value;
  enum Class class;
} CODES[] = {
    // vector and floating point; sdot stands for all dot products of four bytes
    {0x9fe0fc00, 0x0e809400, SDOT},     // SDOT, UDOT, vector
    {0x9fc0f400, 0x0f80e000, SDOT},     // by element
    {0xbfe0fc00, 0x0e809c00, SDOT},     // USDOT
    {0xbf40f400, 0x0f00f000, SDOT},     // USDOT, SUDOT, by element
    {0xdfe0fc00, 0x4e80a400, SMMLA},    // SMMLA, UMMLA
    {0xffe0fc00, 0x4e80ac00, SMMLA},    // USMMLA
    {0x9f20dc00, 0x0e208000, MLA},      // (S|U)ML(A|S)L, vector
    {0x9f20fc00, 0x0e20c000, MLA},      // SMULL, UMULL
    {0x9f20f400, 0x0e209400, MLA},      // MLA, MLS, MUL, vector
    {0x9f00b400, 0x0f002000, MLA},      // (S|U)ML(A|S)L, by element
    {0x9f00f400, 0x0f00a000, MLA},      // SMULL, UMULL, by element
    {0xbf00b400, 0x2f000000, MLA},      // MLA, MLS, by element
    {0xbf00f400, 0x0f008000, MLA},      // MUL, by element
    {0xbf20fc00, 0x0e20cc00, FMLA},     // FMLA, FMLS, vector
    {0xbf60fc00, 0x0e400c00, FMLA},     // in half precision
    {0xbf80b400, 0x0f801000, FMLA},     // by element
    {0xbfc0b400, 0x0f001000, FMLA},     // by element, in half precision
    {0xff000000, 0x1f000000, FMLA},     // scalar multiply-add
    // memory
    {0x3f000000, 0x08000000, ATOMIC},   // exclusive and ordered accesses, compare and swap
    {0x3b200c00, 0x38200000, ATOMIC},   // LDADD and its like
    {0xff000000, 0xd8000000, PREFETCH}, // PRFM, literal
    {0xffc00000, 0xf8800000, PREFETCH}, // PRFM, PRFUM
    {0xffc00000, 0xf9800000, PREFETCH},
    {0x3b000000, 0x18000000, LOAD},     // literal
    {0x3a400000, 0x28400000, LOAD},     // pairs
    {0x3a400000, 0x28000000, STORE},
    {0xbe400000, 0x0c400000, LOAD},     // LD1 to LD4
    {0xbe400000, 0x0c000000, STORE},
    {0x3e400000, 0x3c400000, LOAD},     // vector registers
    {0x3e400000, 0x3c000000, STORE},
    {0x3ec00000, 0x38000000, STORE},    // general registers
    {0x3e000000, 0x38000000, LOAD},
    {0x3fc00000, 0x19000000, STORE},    // STLUR
    {0x3f000000, 0x19000000, LOAD},     // LDAPUR
    // control
    {0x7c000000, 0x14000000, BRANCH},   // B, BL
    {0x7c000000, 0x34000000, BRANCH},   // CBZ, CBNZ, TBZ, TBNZ
    {0xfe000000, 0x54000000, BRANCH},   // B.cond
    {0xfe000000, 0xd6000000, BRANCH},   // BR, BLR, RET
    {0x1c000000, 0x14000000, SYSTEM},   // what is left of that group
    // the groups as a whole
    {0x1c000000, 0x10000000, INTEGER},  // with an immediate
    {0x0e000000, 0x0a000000, INTEGER},  // with registers
    {0x0e000000, 0x0e000000, SIMD},
};

static enum Class class_of(uint32_t code) {
  for (size_t i = 0; i < sizeof CODES / sizeof *CODES; i++)
    if ((code & CODES[i].mask) == CODES[i].value) return CODES[i].class;
  return OTHER;  // SVE and SME, which no core of ours announces
}

// ------------------------------------------- a cache: sets of lines, the oldest leaves

enum { LINE = 64, MAX_WAYS = 16 };
typedef struct {
  uint64_t sets, ways, misses;
  uint64_t *lines;  // per set, the latest first; line number + 1, 0 is empty
} Cache;
static Cache l1 = {.sets = 32 * 1024 / LINE / 4, .ways = 4};
static Cache l2 = {.sets = 512 * 1024 / LINE / 16, .ways = 16};

static bool missed(Cache *cache, uint64_t line) {
  uint64_t *set = cache->lines + line % cache->sets * cache->ways, found = line + 1;
  if (*set == found) return false;
  uint64_t way = 1;
  while (way < cache->ways && set[way] != found) way++;
  bool miss = way == cache->ways;
  memmove(set + 1, set, (miss ? way - 1 : way) * sizeof *set);
  *set = found;
  cache->misses += miss;
  return miss;
}

// ------------------------------------------- counting

typedef struct Translated {  // a basic block: what it holds, how often it ran since BEGIN
  struct Translated *next;
  uint64_t runs, instructions;
  uint32_t classes[CLASSES];
} Translated;
static Translated *blocks;
static bool counting;
static uint64_t loaded, stored;
static FILE *out;
static int n_runs;

static struct {
  bool is_on, is_asked;
  uint64_t instructions, *told;  // `told` is what the program sees
} the_clock;

static void on_block(unsigned cpu, void *data) {
  (void)cpu;
  Translated *block = data;
  block->runs++;
  if (!the_clock.is_asked) the_clock.instructions += block->instructions;
}

static void on_memory(unsigned cpu, MemoryInfo info, uint64_t address, void *unused) {
  (void)cpu, (void)unused;
  if (!counting) return;
  uint64_t bytes = 1ull << qemu_plugin_mem_size_shift(info);
  *(qemu_plugin_mem_is_store(info) ? &stored : &loaded) += bytes;
  for (uint64_t line = address / LINE; line <= (address + bytes - 1) / LINE; line++)
    if (missed(&l1, line)) missed(&l2, line);
}

static void on_translation(PluginId id, Block *translated) {
  (void)id;
  Translated *block = calloc(1, sizeof *block);
  if (!block) abort();
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(translated); i++) {
    Instruction *instruction = qemu_plugin_tb_get_insn(translated, i);
    uint32_t code;
    memcpy(&code, qemu_plugin_insn_data(instruction), sizeof code);
    block->classes[class_of(code)]++;
    block->instructions++;
    qemu_plugin_register_vcpu_mem_cb(instruction, on_memory, NO_REGISTERS, LOADS_AND_STORES, NULL);
  }
  block->next = blocks;
  blocks = block;
  qemu_plugin_register_vcpu_tb_exec_cb(translated, on_block, NO_REGISTERS, block);
}

static void begin(void) {
  for (Translated *block = blocks; block; block = block->next) block->runs = 0;
  loaded = stored = l1.misses = l2.misses = 0;  // the caches stay warm
  counting = true;
}

static void end(void) {
  uint64_t classes[CLASSES] = {0}, instructions = 0;
  if (!counting) return;
  counting = false;
  for (Translated *block = blocks; block; block = block->next)
    for (int i = 0; i < CLASSES; i++) classes[i] += block->runs * block->classes[i];
  for (int i = 0; i < CLASSES; i++) instructions += classes[i];
  fprintf(out, "%s\n {\"instructions\": %llu, \"classes\": {", n_runs++ ? "," : "",
          (unsigned long long)instructions);
  for (int i = 0; i < CLASSES; i++)
    fprintf(out, "%s\"%s\": %llu", i ? ", " : "", NAMES[i], (unsigned long long)classes[i]);
  fprintf(out,
          "}, \"loaded_bytes\": %llu, \"stored_bytes\": %llu, \"l1_misses\": %llu, "
          "\"l2_misses\": %llu}",
          (unsigned long long)loaded, (unsigned long long)stored, (unsigned long long)l1.misses,
          (unsigned long long)l2.misses);
}

static void tell(void) {
  the_clock.is_asked = true;
  if (the_clock.is_on && the_clock.told) *the_clock.told = the_clock.instructions + 1;
}

static void at_exit(PluginId id, void *unused) {
  (void)id, (void)unused;
  fprintf(out, "\n]\n");
  fclose(out);
}

static void on_syscall(PluginId id, unsigned cpu, int64_t number, uint64_t a, uint64_t b,
                       uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h);

// After ARM: every block is translated anew, now with counters in it.
static void start(PluginId id) {
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
  qemu_plugin_register_atexit_cb(id, at_exit, NULL);
}

static void on_syscall(PluginId id, unsigned cpu, int64_t number, uint64_t a, uint64_t b,
                       uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
  (void)cpu, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
  if (number != 167 || a != 0x47484f53) return;  // prctl on aarch64, "GHOS"
  if (b == 1) qemu_plugin_reset(id, start);
  if (b == 2) begin();
  if (b == 3) end();
  if (b == 4) the_clock.is_on = true;
  if (b == 5) tell();
  if (b == 6) the_clock.is_asked = false;
}

static bool set_up(Cache *cache, const char *text) {  // "kilobytes:ways"
  unsigned kilobytes, ways;
  if (sscanf(text, "%u:%u", &kilobytes, &ways) != 2 || ways < 1 || ways > MAX_WAYS ||
      kilobytes < 1 || kilobytes > 1 << 16 || kilobytes * 1024 % (LINE * ways))
    return false;
  cache->ways = ways;
  cache->sets = kilobytes * 1024 / LINE / ways;
  return true;
}

static bool set_clock(const char *path) {
  int file = open(path, O_RDWR | O_CREAT, 0600);
  if (file < 0 || ftruncate(file, sizeof *the_clock.told)) return false;
  void *shared = mmap(NULL, sizeof *the_clock.told, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (shared == MAP_FAILED) return false;
  the_clock.told = shared;
  return true;
}

EXPORT int qemu_plugin_install(PluginId id, const void *info, int n, char **given) {
  (void)info;
  for (int i = 0; i < n; i++) {
    bool good = !strncmp(given[i], "l1=", 3)   ? set_up(&l1, given[i] + 3)
                : !strncmp(given[i], "l2=", 3) ? set_up(&l2, given[i] + 3)
                : !strncmp(given[i], "clock=", 6) ? set_clock(given[i] + 6)
                : !strncmp(given[i], "out=", 4) && !out ? !!(out = fopen(given[i] + 4, "w"))
                                                        : false;
    if (!good) {
      fprintf(stderr, "counter: '%s' is not out=FILE, clock=FILE, l1=KB:WAYS or l2=KB:WAYS\n", given[i]);
      return 1;
    }
  }
  l1.lines = calloc(l1.sets * l1.ways, sizeof *l1.lines);
  l2.lines = calloc(l2.sets * l2.ways, sizeof *l2.lines);
  if (!out || !l1.lines || !l2.lines) {
    fprintf(stderr, "counter: no memory, or no out=FILE\n");
    return 1;
  }
  fprintf(out, "[");
  qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
  return 0;
}
