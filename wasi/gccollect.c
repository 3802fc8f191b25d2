// Where the garbage collector looks for pointers. It cannot see the locals of wasm. So binaryen's
// pass --spill-pointers stores every local that lives across a call in the stack in memory, before
// the call (scripts/lib/wasi-build.js). All pointers are in that stack then.
//
// The compiler may keep a pointer to an object's second member and drop the one to its beginning.
// MicroPython's collector knows pointers to beginnings only. So each pointer into the heap that is
// in the stack is first moved back to the beginning of its object.

#include "py/gc.h"
#include "py/mpstate.h"

#define TAIL (2) // a block that is not the first of an object; see AT_TAIL in py/gc.c

static unsigned kind_of(const mp_state_mem_area_t *area, size_t block) {
    return area->gc_alloc_table_start[block / 4] >> 2 * (block % 4) & 3;
}

static void *beginning(void *pointer) {
    const mp_state_mem_area_t *area = &MP_STATE_MEM(area);
    if ((byte *)pointer < area->gc_pool_start || (byte *)pointer >= area->gc_pool_end) {
        return pointer;
    }
    size_t block = ((byte *)pointer - area->gc_pool_start) / MICROPY_BYTES_PER_GC_BLOCK;
    while (kind_of(area, block) == TAIL) {
        --block;
    }
    return area->gc_pool_start + block * MICROPY_BYTES_PER_GC_BLOCK;
}

MP_NOINLINE void gc_collect(void) {
    void *volatile here; // in memory, below all frames of the callers
    gc_collect_start();
    for (void **slot = (void **)&here; slot < (void **)MP_STATE_THREAD(stack_top); ++slot) {
        void *pointer = beginning(*slot);
        gc_collect_root(&pointer, 1);
    }
    gc_collect_end();
}
