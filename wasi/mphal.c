// What MicroPython asks of its host: standard streams, clocks, waiting, randomness.

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/runtime.h"
#include "bindings/interpreter.h"
#include "wait.h"

#define RANDOM_AT_ONCE (256) // the most that getentropy gives

extern long heap_size; // main's

// Room for what programs receive; the unix port has 2 MiB on machines of 64 bits. -X heapsize changes it.
__attribute__((constructor)) static void enlarge_heap(void) {
    heap_size = 8 * 1024 * 1024;
}

void mp_hal_set_interrupt_char(char c) {
    // there are no signals
}

void mp_wasi_check_interrupt(void) {
    if (micropython_ssl_host_interrupted()) {
        mp_sched_keyboard_interrupt();
    }
}

int mp_hal_stdin_rx_chr(void) {
    unsigned char c;
    if (read(STDIN_FILENO, &c, 1) != 1) {
        return 4; // ctrl-D
    }
    return c == '\n' ? '\r' : c;
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

void mp_hal_delay_ms(mp_uint_t ms) {
    mp_event_handle_nowait();
    wait_time(ms);
    mp_event_handle_nowait();
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
