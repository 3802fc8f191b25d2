#include <errno.h>
#include <stdlib.h>

#include "tlsflight.h"
#include "wait.h"

// How long a program may compute meanwhile, in milliseconds.
#define PATIENCE (2)

// No root of the collector: the finaliser of the connection removes it from here.
static tls_socket_t *kept;

static void send_at_exit(void) {
    flight_send();
}

void flight_keep(tls_socket_t *self) {
    static bool prepared;
    if (!prepared) {
        wait_do_before(flight_send);
        atexit(send_at_exit);
        prepared = true;
    }
    flight_send();
    kept = self;
    wait_do_by(wait_clock() + PATIENCE);
}

bool flight_take(tls_socket_t *self) {
    if (kept != self) {
        return false;
    }
    kept = NULL;
    return true;
}

bool flight_send(void) {
    tls_socket_t *self = kept;
    if (self == NULL) {
        return false;
    }
    kept = NULL;
    int number = tls_socket_flush(self);
    if (number == EAGAIN) {
        flight_keep(self);
        return true;
    }
    tls_error_t error;
    if (number != 0 && engine_stopped(self->engine, number, true, &error)) {
        micropython_ssl_tls_error_free(&error); // the next operation raises it
    }
    return false;
}
