// How deep a program recurses, instead of MicroPython's py/cstack.h. There are two stacks: the one
// in memory, which can be measured, and wasm's own, which cannot, and beyond whose end the program
// traps. wasmtime grants 512 KiB. So that the first is always used up before the second, every
// function that checks takes FRAME bytes of it in addition to what it needs.

#pragma once

#include "py/mpstate.h"

#define MP_CSTACK_LIMIT (240 * 1024)
#define MP_CSTACK_FRAME (256)

MP_NORETURN void mp_raise_recursion_depth(void);

static inline mp_uint_t mp_cstack_usage(void) {
    volatile char here;
    return MP_STATE_THREAD(stack_top) - (char *)&here;
}

static inline __attribute__((always_inline)) void mp_cstack_check(void) {
    volatile char frame[MP_CSTACK_FRAME];
    frame[0] = 0;
    if ((mp_uint_t)(MP_STATE_THREAD(stack_top) - (char *)frame) >= MP_CSTACK_LIMIT) {
        mp_raise_recursion_depth();
    }
}

// The size is main's idea, for other kinds of stacks.
void mp_cstack_init_with_sp_here(size_t stack_size);
