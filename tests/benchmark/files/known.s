// Instructions that are counted by hand: see test_the_plugin_counts_what_was_written.
.arch armv8.2-a+dotprod
.macro mark what
    mov x0, #0x4f53
    movk x0, #0x4748, lsl 16
    mov x1, #\what
    svc #0
.endm
.global _start
_start:
    mov x8, #167            // prctl
    mark 1
    mark 2                  // the first run: 10 passes over 32 cache lines of 64 bytes
    mov x2, #10
passes:
    adrp x3, data
    mov x4, #32
lines:
    ldr q0, [x3], #64
    subs x4, x4, #1
    b.ne lines
    subs x2, x2, #1
    b.ne passes
    mark 3
    mark 2                  // the second: 1000 of each
    mov x2, #1000
    adrp x3, data
each:
    ldp q0, q1, [x3]
    str w2, [x3, #32]
    sdot v1.4s, v0.16b, v0.16b
    smlal v2.8h, v0.8b, v1.8b
    fmla v3.4s, v0.4s, v1.4s
    dup v4.4s, v0.s[0]
    subs x2, x2, #1
    b.ne each
    mark 3
    mov x0, #0
    mov x8, #93             // exit
    svc #0
.bss
.balign 4096
data:
    .skip 4096
