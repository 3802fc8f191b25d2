// Waiting for what WASI calls pollables: sockets, standard input, time.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bindings/interpreter.h"

typedef wasi_io_poll_own_pollable_t pollable_t;

// One direction of a stream, and the pollable to wait for.
typedef struct {
    pollable_t pollable; // made when first needed
    unsigned *changes; // of the stream
    size_t place; // in the list of watched pollables, counted from 1; 0: it is not watched
    bool ready; // the host has reported it, and nobody has asked since
} watch_t;

// An ioctl: the address of the stream's count of changes. A stream that was not ready is not ready
// until the count changes: by an operation, or because its pollable is ready.
#define STREAM_CHANGES (0x77)

// Milliseconds of a monotonic clock.
uint64_t wait_clock(void);

// Waits for it, at most so many milliseconds (negative: without end). False if it is not ready: the
// time may be over, or not yet.
bool wait_for(pollable_t pollable, int64_t timeout_ms);

// Waits so many milliseconds, unless the program is interrupted.
void wait_time(unsigned timeout_ms);

// As wait_for(), for all that is watched. What is ready is not watched any more then.
bool wait_for_watched(int64_t timeout_ms);

// The same without a wait. It does nothing if it would take most of the program's time.
bool wait_look(void);

// Runs scheduled code (micropython.schedule). False if there was none. It may do anything, such as
// close the stream that is to be waited for.
bool wait_run_scheduled(void);

// A stream was polled and is not ready: it is watched from now on until it is, however often it is
// polled.
void wait_watch(watch_t *watch);

// Is it ready? What is watched is asked for with all others, in wait_for_watched().
bool wait_is_ready(watch_t *watch);

// Is it watched, and has the host not reported it as ready?
static inline bool wait_is_watched(const watch_t *watch) {
    return watch->place != 0;
}

// A stream was polled and is not ready, and it has no pollable: the next wait is short.
void wait_briefly(void);

// How often wait_watch() was called.
unsigned wait_watches(void);

// Drops the pollable, if there is one. It is not watched any more.
void wait_forget(watch_t *watch);

// Has this done before each wait. It returns whether it is to be done again soon.
void wait_do_before(bool (*chore)(void));

// Does it all now.
bool wait_do_chores(void);

// Has it all done at this time of wait_clock() at the latest, even if the program does not wait.
void wait_do_by(uint64_t time);

// The program runs, so what is due is done.
void wait_do_due(void);
