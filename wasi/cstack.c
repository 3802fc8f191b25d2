// See include/py/cstack.h.

#include "py/cstack.h"

void mp_cstack_init_with_sp_here(size_t stack_size) {
    volatile char here;
    MP_STATE_THREAD(stack_top) = (char *)&here;
    MP_STATE_THREAD(stack_limit) = MP_CSTACK_LIMIT; // shown by micropython.mem_info
}
