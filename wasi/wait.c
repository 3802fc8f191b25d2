// Waiting for WASI's pollables. Streams that were polled and are not ready are watched: their
// pollables are in a list, and the host is asked for the whole list at once. The list stays from
// wait to wait, so that a poll of many streams needs no call of the host for each.

#include <stdlib.h>

#include "py/mpconfig.h"
#include "py/mphal.h"
#include "py/mpstate.h"
#include "py/runtime.h"
#include "wait.h"

// How often streams are looked at that cannot be watched, in milliseconds.
#define INTERVAL (10)
// How many looks without a result there are between two that wait.
#define LOOKS (256)
// How many are looked at before all are.
#define NEWEST (32)
// The most chores that there are.
#define CHORES (2)

#define MILLISECOND (1000000ULL)

// What is watched, and the same as the host wants it, with room for the time at the end.
static struct {
    watch_t **watches;
    wasi_io_poll_borrow_pollable_t *pollables;
    size_t count;
    size_t space;
    unsigned calls; // of wait_watch()
    bool briefly;
} watched;

static bool (*chores[CHORES])(void);

bool wait_do_chores(void) {
    bool again = false;
    for (size_t i = 0; i < CHORES && chores[i] != NULL; i++) {
        again |= chores[i]();
    }
    return again;
}

// Asks the host for the first of these; the memory has room for one more. What is ready is the
// caller's to free. It may be nothing: a host that interrupts the program ends its waits.
static interpreter_list_u32_t poll(wasi_io_poll_borrow_pollable_t *pollables, size_t count, int64_t timeout_ms) {
    static pollable_t now; // always ready
    pollable_t time = { 0 };
    if (timeout_ms < 0 && count == 0) {
        timeout_ms = INTERVAL; // nothing will be ready, but code may be scheduled
    }
    if (timeout_ms == 0) {
        if (now.__handle == 0) {
            now = wasi_clocks_monotonic_clock_subscribe_duration(0);
        }
        pollables[count++] = wasi_io_poll_borrow_pollable(now);
    } else if (timeout_ms > 0) {
        time = wasi_clocks_monotonic_clock_subscribe_duration(timeout_ms * MILLISECOND);
        pollables[count++] = wasi_io_poll_borrow_pollable(time);
    }
    wasi_io_poll_list_borrow_pollable_t list = { pollables, count };
    interpreter_list_u32_t ready;
    wasi_io_poll_poll(&list, &ready);
    if (time.__handle != 0) {
        wasi_io_poll_pollable_drop_own(time);
    }
    if (timeout_ms != 0) {
        mp_wasi_check_interrupt();
    }
    return ready;
}

static void unwatch(watch_t *watch) {
    if (watch->place == 0) {
        return;
    }
    size_t last = --watched.count;
    watched.watches[watch->place - 1] = watched.watches[last];
    watched.pollables[watch->place - 1] = watched.pollables[last];
    watched.watches[last]->place = watch->place;
    watch->place = 0;
}

// Room for one more, and for the time.
static bool reserve(void) {
    if (watched.count + 2 <= watched.space) {
        return true;
    }
    size_t space = watched.space * 2 + 16;
    void *watches = realloc(watched.watches, space * sizeof(*watched.watches));
    if (watches != NULL) {
        watched.watches = watches;
    }
    void *pollables = realloc(watched.pollables, space * sizeof(*watched.pollables));
    if (pollables != NULL) {
        watched.pollables = pollables;
    }
    if (watches == NULL || pollables == NULL) {
        return false;
    }
    watched.space = space;
    return true;
}

uint64_t wait_clock(void) {
    return wasi_clocks_monotonic_clock_now() / MILLISECOND;
}

static bool wait_once(pollable_t pollable, int64_t timeout_ms) {
    wasi_io_poll_borrow_pollable_t pollables[2] = { wasi_io_poll_borrow_pollable(pollable) };
    interpreter_list_u32_t ready = poll(pollables, 1, timeout_ms);
    bool is_ready = false;
    for (size_t i = 0; i < ready.len; i++) {
        is_ready |= ready.ptr[i] == 0;
    }
    interpreter_list_u32_free(&ready);
    return is_ready;
}

bool wait_for(pollable_t pollable, int64_t timeout_ms) {
    if (timeout_ms != 0 && wait_do_chores() && (timeout_ms < 0 || timeout_ms > INTERVAL)) {
        timeout_ms = INTERVAL;
    }
    return wait_once(pollable, timeout_ms);
}

void wait_time(unsigned timeout_ms) {
    uint64_t end = wait_clock() + timeout_ms;
    for (uint64_t now; (now = wait_clock()) < end && MP_STATE_MAIN_THREAD(mp_pending_exception) == MP_OBJ_NULL;) {
        wasi_io_poll_borrow_pollable_t time[1];
        interpreter_list_u32_t ready = poll(time, 0, wait_do_chores() ? MIN(INTERVAL, end - now) : end - now);
        interpreter_list_u32_free(&ready);
    }
}

// Asks for what is watched from the place `first` on. What is ready is not watched any more then.
static bool poll_watched(size_t first, int64_t timeout_ms) {
    size_t count = watched.count - first;
    interpreter_list_u32_t ready = poll(watched.pollables + first, count, timeout_ms);
    // Taking one out of the list moves another, so all are found first; a pointer is as long as an
    // index.
    size_t found = 0;
    for (size_t i = 0; i < ready.len; i++) {
        if (ready.ptr[i] < count) {
            ready.ptr[found++] = (uintptr_t)watched.watches[first + ready.ptr[i]];
        }
    }
    for (size_t i = 0; i < found; i++) {
        watch_t *watch = (watch_t *)(uintptr_t)ready.ptr[i];
        unwatch(watch);
        watch->ready = true;
        *watch->changes += 1;
    }
    interpreter_list_u32_free(&ready);
    return found > 0;
}

// When the whole list may be asked for again. A long list takes the host long. It may take a fifth
// of the time.
static uint64_t next_look;
static uint64_t cost_of_look;

static void looked(void) {
    next_look = wasi_clocks_monotonic_clock_now() + 4 * cost_of_look;
}

bool wait_look(void) {
    uint64_t begin = wasi_clocks_monotonic_clock_now();
    if (begin < next_look || watched.count == 0 || !reserve()) {
        return false;
    }
    // Now and then it waits, for the reason given at wait_is_ready().
    static unsigned in_vain;
    bool found = poll_watched(0, ++in_vain % LOOKS == 0 ? 1 : 0);
    in_vain = found ? 0 : in_vain;
    cost_of_look = wasi_clocks_monotonic_clock_now() - begin;
    looked();
    return found;
}

bool wait_for_watched(int64_t timeout_ms) {
    bool soon = timeout_ms != 0 && wait_do_chores();
    if ((soon || watched.briefly) && (timeout_ms < 0 || timeout_ms > INTERVAL)) {
        timeout_ms = INTERVAL;
    }
    watched.briefly = false;
    if (!reserve()) {
        return false;
    }
    // What came into the list last is what the program has just used, and likely to be ready first.
    if (timeout_ms != 0 && watched.count > 2 * NEWEST && wasi_clocks_monotonic_clock_now() < next_look
        && poll_watched(watched.count - NEWEST, 0)) {
        return true;
    }
    bool found = poll_watched(0, timeout_ms);
    looked();
    return found;
}

bool wait_run_scheduled(void) {
    bool pending = MP_STATE_VM(sched_state) == MP_SCHED_PENDING;
    mp_event_handle_nowait();
    return pending;
}

// wasmtime reports 128 pollables as ready, and no other until the program has waited. So one that
// was reported is not asked again.
bool wait_is_ready(watch_t *watch) {
    if (watch->ready) {
        watch->ready = false;
        return true;
    }
    return watch->place == 0 && wasi_io_poll_method_pollable_ready(wasi_io_poll_borrow_pollable(watch->pollable));
}

void wait_watch(watch_t *watch) {
    watched.calls += 1;
    if (watch->place != 0) {
        return;
    }
    if (!reserve()) {
        watched.briefly = true;
        *watch->changes += 1; // so that it is asked again
        return;
    }
    watched.watches[watched.count] = watch;
    watched.pollables[watched.count] = wasi_io_poll_borrow_pollable(watch->pollable);
    watch->place = ++watched.count;
}

void wait_briefly(void) {
    watched.briefly = true;
}

unsigned wait_watches(void) {
    return watched.calls;
}

void wait_forget(watch_t *watch) {
    unwatch(watch);
    if (watch->pollable.__handle != 0) {
        wasi_io_poll_pollable_drop_own(watch->pollable);
        watch->pollable.__handle = 0;
    }
}

void wait_do_before(bool (*chore)(void)) {
    for (size_t i = 0; i < CHORES; i++) {
        if (chores[i] == NULL || chores[i] == chore) {
            chores[i] = chore;
            return;
        }
    }
}

static uint64_t due;

void wait_do_by(uint64_t time) {
    due = time;
}

void wait_do_due(void) {
    if (due != 0 && wait_clock() >= due) {
        due = 0;
        wait_do_chores();
    }
}

// How MicroPython waits when it waits for no stream.
void mp_wasi_wait(int timeout_ms) {
    wait_for_watched(timeout_ms);
}
