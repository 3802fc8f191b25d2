// What MicroPython asks of its host: interrupts, standard output, clocks, sleep, randomness.

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/runtime.h"
#include "bindings/interpreter.h"
#include "wait.h"

#define RANDOM_AT_ONCE (256) // the most that getentropy gives
#define FOREVER (1000000000000LL) // seconds, whose microseconds still are a number of 64 bits

extern long heap_size; // main's

// The size of the heap. -X heapsize changes it. The unix port has 2 MiB on machines of 64 bits.
// Unused memory of it costs the host nothing.
__attribute__((constructor)) static void enlarge_heap(void) {
    heap_size = 32 * 1024 * 1024;
}

void mp_hal_set_interrupt_char(char c) {
    // there are no signals
}

bool mp_wasi_check_interrupt(void) {
    wait_do_due();
    if (micropython_ssl_host_interrupted()) {
        mp_sched_keyboard_interrupt();
    }
    return MP_STATE_MAIN_THREAD(mp_pending_exception) != MP_OBJ_NULL;
}

mp_uint_t mp_hal_stdout_tx_strn(const char *str, size_t len) {
    ssize_t written = write(STDOUT_FILENO, str, len);
    return written < 0 ? 0 : written;
}

void mp_hal_stdout_tx_strn_cooked(const char *str, size_t len) {
    mp_hal_stdout_tx_strn(str, len);
}

void mp_hal_stdout_tx_str(const char *str) {
    mp_hal_stdout_tx_strn(str, strlen(str));
}

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

mp_uint_t mp_hal_ticks_ms(void) {
    return nanoseconds(CLOCK_MONOTONIC) / 1000000;
}

mp_uint_t mp_hal_ticks_us(void) {
    return nanoseconds(CLOCK_MONOTONIC) / 1000;
}

uint64_t mp_hal_time_ns(void) {
    return nanoseconds(CLOCK_REALTIME);
}

static void sleep_us(uint64_t us) {
    uint64_t now = nanoseconds(CLOCK_MONOTONIC) / 1000, end = now + us;
    mp_event_handle_nowait();
    for (; now < end; now = nanoseconds(CLOCK_MONOTONIC) / 1000) {
        if (end - now < 1000) {
            usleep(end - now);
        } else {
            mp_event_wait_ms(MIN((end - now) / 1000, INT_MAX));
        }
    }
    mp_event_handle_nowait();
}

void mp_hal_delay_ms(mp_uint_t ms) {
    sleep_us(ms * 1000ULL);
}

void mp_hal_delay_us(mp_uint_t us) {
    sleep_us(us);
}

// The unix port's time.sleep() cuts its argument up by modf() and calls select(). The Makefile
// renames both to these. A processor converts infinity and NaN to a negative number of seconds.
// WebAssembly's instruction does not, so this function does.
double mp_wasi_modf(double seconds, double *whole) {
    if (!(fabs(seconds) < 0x1p63)) {
        *whole = -1;
        return 0;
    }
    return modf(seconds, whole);
}

// libc's select() cannot be interrupted.
int mp_wasi_sleep(int count, fd_set *readable, fd_set *writable, fd_set *exceptional, struct timeval *time) {
    if (time->tv_sec < 0 || time->tv_usec < 0) {
        errno = EINVAL;
        return -1;
    }
    sleep_us(MIN(time->tv_sec, FOREVER) * 1000000ULL + time->tv_usec);
    return 0;
}

// os.urandom() takes memory by vstr_init_len(), which the Makefile renames to this.
void mp_wasi_vstr_init_len(vstr_t *bytes, size_t length) {
    if ((mp_int_t)length < 0) {
        mp_raise_ValueError(NULL);
    }
    vstr_init_len(bytes, length);
}

void mp_hal_get_random(size_t n, void *buf) {
    for (size_t done = 0; done < n;) {
        size_t count = MIN(n - done, RANDOM_AT_ONCE);
        if (getentropy((char *)buf + done, count) != 0) {
            mp_raise_OSError(errno);
        }
        done += count;
    }
}
