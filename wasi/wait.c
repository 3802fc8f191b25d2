// Waiting for what WASI calls pollables. A poll of MicroPython's asks each stream once; those that are not ready leave here what they
// wait for, and MicroPython's wait between two rounds (MICROPY_INTERNAL_WFE) is for all of that together.

#include <stdlib.h>

#include "py/mpconfig.h"
#include "linger.h"
#include "wait.h"

// How often streams are looked at that cannot be waited for, in milliseconds.
#define INTERVAL (10)

#define MILLISECOND (1000000ULL)

static struct {
    wasi_io_poll_borrow_pollable_t *pollables;
    size_t count;
    size_t space;
    unsigned requests;
    bool briefly;
} waits;

static void forget_all(void) {
    waits.count = 0;
    waits.briefly = false;
}

// Waits for the first of these. True if it is another than the last, which is time.
static bool wait_first(wasi_io_poll_borrow_pollable_t *pollables, size_t count, int64_t timeout_ms) {
    if (timeout_ms < 0) {
        if (count == 0) {
            timeout_ms = INTERVAL; // nothing will ever happen; but a program may be scheduled to do something
        }
    }
    pollable_t time = { 0 };
    if (timeout_ms >= 0) {
        time = wasi_clocks_monotonic_clock_subscribe_duration(timeout_ms * MILLISECOND);
        pollables[count++] = wasi_io_poll_borrow_pollable(time);
    }
    wasi_io_poll_list_borrow_pollable_t list = { pollables, count };
    interpreter_list_u32_t ready;
    wasi_io_poll_poll(&list, &ready);
    bool other = ready.len > 0 && (time.__handle == 0 || ready.ptr[0] != count - 1);
    interpreter_list_u32_free(&ready);
    wait_forget(&time);
    return other;
}

// Room for one more, and for the time.
static bool reserve(void) {
    if (waits.count + 2 > waits.space) {
        size_t space = waits.space * 2 + 16;
        void *pollables = realloc(waits.pollables, space * sizeof(*waits.pollables));
        if (pollables == NULL) {
            return false;
        }
        waits.pollables = pollables;
        waits.space = space;
    }
    return true;
}

uint64_t wait_clock(void) {
    return wasi_clocks_monotonic_clock_now() / MILLISECOND;
}

bool wait_for(pollable_t pollable, int64_t timeout_ms) {
    wasi_io_poll_borrow_pollable_t pollables[2] = { wasi_io_poll_borrow_pollable(pollable) };
    while (is_lingering() && (timeout_ms < 0 || timeout_ms > INTERVAL)) {
        if (wait_first(pollables, 1, INTERVAL)) {
            return true;
        }
        timeout_ms -= timeout_ms < 0 ? 0 : INTERVAL;
    }
    return wait_first(pollables, 1, timeout_ms);
}

void wait_time(unsigned timeout_ms) {
    wasi_io_poll_borrow_pollable_t pollables[1];
    wait_first(pollables, 0, timeout_ms);
}

void wait_also_for(pollable_t pollable) {
    waits.requests += 1;
    if (reserve()) {
        waits.pollables[waits.count++] = wasi_io_poll_borrow_pollable(pollable);
    } else {
        waits.briefly = true;
    }
}

void wait_briefly(void) {
    waits.requests += 1;
    waits.briefly = true;
}

unsigned wait_requests(void) {
    return waits.requests;
}

void wait_forget(pollable_t *pollable) {
    if (pollable->__handle == 0) {
        return;
    }
    // It may be left from a poll that another stream ended.
    for (size_t i = 0; i < waits.count; i++) {
        if (waits.pollables[i].__handle == pollable->__handle) {
            waits.pollables[i--] = waits.pollables[--waits.count];
        }
    }
    wasi_io_poll_pollable_drop_own(*pollable);
    pollable->__handle = 0;
}

// MicroPython waits, for what the streams that it polled left here.
void mp_wasi_wait(int timeout_ms) {
    if ((waits.briefly || is_lingering()) && (timeout_ms < 0 || timeout_ms > INTERVAL)) {
        timeout_ms = INTERVAL;
    }
    if (reserve()) {
        wait_first(waits.pollables, waits.count, timeout_ms);
    }
    forget_all();
}
