// The hardware abstraction of this port; mphal.c implements it.

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "py/misc.h"
#include "shared/readline/readline.h"

// Waits for an event or for so many milliseconds (-1: without end).
#define MICROPY_INTERNAL_WFE(timeout_ms) mp_wasi_wait(timeout_ms)
void mp_wasi_wait(int timeout_ms);

// Asks the host whether the program is to be interrupted, and returns whether it is. If so, the
// next mp_handle_pending() raises KeyboardInterrupt.
bool mp_wasi_check_interrupt(void);
#define MICROPY_INTERNAL_EVENT_HOOK ((void)mp_wasi_check_interrupt())

void mp_hal_set_interrupt_char(char c);
void mp_hal_get_random(size_t n, void *buf);

#define mp_hal_stdio_poll unused // not implemented, nor needed

// The terminal gives every key while a line is read, and is as it was while the program runs.
void mp_hal_stdio_mode_raw(void);
void mp_hal_stdio_mode_orig(void);

#define mp_hal_readline mp_hal_readline
static inline int mp_hal_readline(vstr_t *line, const char *prompt) {
    mp_hal_stdio_mode_raw();
    int end = readline(line, prompt);
    mp_hal_stdio_mode_orig();
    return end;
}

void mp_hal_delay_us(mp_uint_t us);

#define mp_hal_ticks_cpu() 0

// An interrupt ends a read of standard input.
#define MP_HAL_RETRY_SYSCALL(ret, syscall, raise) { \
        while ((ret = syscall) == -1) { \
            int err = errno; \
            if (err != EINTR) { \
                raise; \
                break; \
            } \
            mp_handle_pending(true); \
        } \
}

#define RAISE_ERRNO(err_flag, error_val) \
    { if (err_flag == -1) \
      { mp_raise_OSError(error_val); } }
