// The host drops an output only when it has sent all that it took. It would wait for ever for a
// peer that does not read, and a program's close() must not. So sockets with unsent bytes are kept
// here. They are checked whenever the program waits, and once more at its end.

#include <stdlib.h>

#include "closing.h"
#include "wait.h"

// How long the program waits at its end for peers to read, in milliseconds.
#define PATIENCE (5000)
#define INTERVAL (10)

typedef struct _closing_t {
    struct _closing_t *next;
    wasi_sockets_tcp_own_tcp_socket_t socket;
    wasi_io_streams_own_output_stream_t output;
} closing_t;

static closing_t *all;

static bool is_sent(wasi_io_streams_own_output_stream_t output) {
    uint64_t permitted;
    wasi_io_streams_stream_error_t error;
    if (wasi_io_streams_method_output_stream_check_write(wasi_io_streams_borrow_output_stream(output), &permitted, &error)) {
        return permitted > 0;
    }
    wasi_io_streams_stream_error_free(&error);
    return true; // it failed: nothing more will be sent
}

static void drop(wasi_sockets_tcp_own_tcp_socket_t socket, wasi_io_streams_own_output_stream_t output) {
    wasi_io_streams_output_stream_drop_own(output);
    wasi_sockets_tcp_tcp_socket_drop_own(socket);
}

// Drops the sockets whose output is sent. Returns whether there are others.
static bool drop_sent(void) {
    for (closing_t **place = &all; *place != NULL;) {
        closing_t *one = *place;
        if (is_sent(one->output)) {
            *place = one->next;
            drop(one->socket, one->output);
            free(one);
        } else {
            place = &one->next;
        }
    }
    return all != NULL;
}

static void wait_for_all(void) {
    uint64_t end = wait_clock() + PATIENCE;
    while (drop_sent() && wait_clock() < end) {
        wait_time(INTERVAL);
    }
}

void close_when_sent(wasi_sockets_tcp_own_tcp_socket_t socket, wasi_io_streams_own_output_stream_t output) {
    static bool prepared;
    closing_t *one = is_sent(output) ? NULL : malloc(sizeof(*one));
    if (one == NULL) {
        drop(socket, output);
        return;
    }
    *one = (closing_t) { all, socket, output };
    all = one;
    if (!prepared) {
        atexit(wait_for_all);
        wait_do_before(drop_sent);
        prepared = true;
    }
}
