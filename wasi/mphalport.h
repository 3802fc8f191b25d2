// The hardware abstraction of this port; mphal.c implements it.

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "py/misc.h"
#include "input.h"

#define CHAR_CTRL_C (3)

// Waits for an event or for so many milliseconds (-1: without end).
#define MICROPY_INTERNAL_WFE(timeout_ms) mp_wasi_wait(timeout_ms)
void mp_wasi_wait(int timeout_ms);

// Asks the host whether the program is to be interrupted. If so, the next mp_handle_pending() raises KeyboardInterrupt. Whoever has
// waited calls it.
void mp_wasi_check_interrupt(void);

void mp_hal_set_interrupt_char(char c);
void mp_hal_get_random(size_t n, void *buf);

#define mp_hal_stdio_poll unused // not implemented, nor needed

#define mp_hal_readline mp_hal_readline
static inline int mp_hal_readline(vstr_t *vstr, const char *p) {
    char *line = prompt((char *)p);
    if (line == NULL) {
        return 4; // ctrl-D, which input() takes for the end of the file
    }
    vstr_add_str(vstr, line);
    free(line);
    return 0;
}

static inline void mp_hal_delay_us(mp_uint_t us) {
    usleep(us);
}

#define mp_hal_ticks_cpu() 0

// Nothing interrupts a system call here; the name is what the unix port's sources use.
#define MP_HAL_RETRY_SYSCALL(ret, syscall, raise) { \
        ret = syscall; \
        if (ret == -1) { \
            int err = errno; \
            (void)err; \
            raise; \
        } \
}

#define RAISE_ERRNO(err_flag, error_val) \
    { if (err_flag == -1) \
      { mp_raise_OSError(error_val); } }
