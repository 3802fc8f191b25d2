// Waiting for what WASI calls pollables: sockets, standard input, time.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bindings/interpreter.h"

typedef wasi_io_poll_own_pollable_t pollable_t;

// Milliseconds of a clock that runs on.
uint64_t wait_clock(void);

// Waits for one of them, at most so many milliseconds (negative: without end). False when the time is over.
bool wait_for(pollable_t pollable, int64_t timeout_ms);

// Waits so many milliseconds.
void wait_time(unsigned timeout_ms);

// A stream was polled and is not ready: the next wait is also for this.
void wait_also_for(pollable_t pollable);

// A stream was polled and is not ready, and nothing tells when it will be: the next wait is short.
void wait_briefly(void);

// How often wait_also_for() and wait_briefly() were called.
unsigned wait_requests(void);

// Drops a pollable, if there is one. It is not waited for any more.
void wait_forget(pollable_t *pollable);
