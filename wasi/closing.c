// Connections that still have work to do when the program closes them, or when it ends without
// that. Those that are closed are checked whenever the program waits, because close() must not
// wait. All are checked at the program's end.
//
// The host drops an output only when it has sent all that it took, and would wait for ever for a
// peer that does not read. At the program's end it drops what it has not sent. And when bytes
// arrive at a socket that is gone, such as the tickets of TLS 1.3, the kernel resets the connection
// and loses what the peer has not received yet. So what still comes is read and dropped, until the
// peer closes too or LINGER is over.

#include <stdlib.h>

#include "closing.h"
#include "wait.h"

// How long the program waits at its end for peers to read, in milliseconds.
#define PATIENCE (5000)
#define INTERVAL (10)
// How long a peer has to close once everything is sent, in milliseconds.
#define LINGER (1000)
// The most that is dropped at once, in bytes.
#define MOST (64 * 1024)

struct _connection_t {
    connection_t *next;
    connection_t **place; // what points to this one; NULL: it is not open yet
    wasi_sockets_tcp_own_tcp_socket_t socket;
    wasi_io_streams_own_input_stream_t input;
    wasi_io_streams_own_output_stream_t output;
    uint64_t end; // when the peer's time is over; 0: not everything is sent yet
};

static connection_t *opened;
static connection_t *closing;

static void put(connection_t **list, connection_t *one) {
    one->next = *list;
    one->place = list;
    if (one->next != NULL) {
        one->next->place = &one->next;
    }
    *list = one;
}

static void take(connection_t *one) {
    *one->place = one->next;
    if (one->next != NULL) {
        one->next->place = one->place;
    }
}

static bool is_sent(wasi_io_streams_own_output_stream_t output) {
    uint64_t permitted;
    wasi_io_streams_stream_error_t error;
    if (wasi_io_streams_method_output_stream_check_write(wasi_io_streams_borrow_output_stream(output), &permitted, &error)) {
        return permitted > 0;
    }
    wasi_io_streams_stream_error_free(&error);
    return true; // it failed: nothing more will be sent
}

// Drops what has come. Whether the peer sends no more.
static bool has_ended(wasi_io_streams_own_input_stream_t input) {
    interpreter_list_u8_t data;
    wasi_io_streams_stream_error_t error;
    if (wasi_io_streams_method_input_stream_read(wasi_io_streams_borrow_input_stream(input), MOST, &data, &error)) {
        interpreter_list_u8_free(&data);
        return false;
    }
    wasi_io_streams_stream_error_free(&error);
    return true;
}

static bool is_done(connection_t *one) {
    if (one->end == 0) {
        wasi_sockets_network_error_code_t code;
        if (!is_sent(one->output)) {
            return false;
        }
        // Fails where the connection is broken, and on hosts that do all of this by themselves.
        if (!wasi_sockets_tcp_method_tcp_socket_shutdown(wasi_sockets_tcp_borrow_tcp_socket(one->socket), WASI_SOCKETS_TCP_SHUTDOWN_TYPE_SEND, &code)) {
            return true;
        }
        one->end = wait_clock() + LINGER;
    }
    return has_ended(one->input) || wait_clock() >= one->end;
}

static void drop(connection_t *one) {
    wasi_io_streams_input_stream_drop_own(one->input);
    wasi_io_streams_output_stream_drop_own(one->output);
    wasi_sockets_tcp_tcp_socket_drop_own(one->socket);
    free(one);
}

// Drops the closed connections that are done. Returns whether there are others.
static bool drop_done(void) {
    for (connection_t *one = closing, *next; one != NULL; one = next) {
        next = one->next;
        if (is_done(one)) {
            take(one);
            drop(one);
        }
    }
    return closing != NULL;
}

// Forgets the open connections that are done. They are not dropped: their sockets may be polled
// still, and the host drops all at the program's end. Returns whether there are others.
static bool forget_done(void) {
    for (connection_t *one = opened; one != NULL; one = one->next) {
        if (is_done(one)) {
            take(one);
        }
    }
    return opened != NULL;
}

static void wait_for_all(void) {
    uint64_t end = wait_clock() + PATIENCE;
    for (;;) {
        bool closing_left = drop_done();
        bool open_left = forget_done();
        if ((!closing_left && !open_left) || wait_clock() >= end) {
            return;
        }
        wait_time(INTERVAL);
    }
}

connection_t *connection_new(void) {
    connection_t *one = malloc(sizeof(*one));
    if (one != NULL) {
        one->place = NULL;
    }
    return one;
}

void connection_opened(connection_t *one, wasi_sockets_tcp_own_tcp_socket_t socket, wasi_io_streams_own_input_stream_t input, wasi_io_streams_own_output_stream_t output) {
    static bool prepared;
    *one = (connection_t) { .socket = socket, .input = input, .output = output };
    put(&opened, one);
    if (!prepared) {
        atexit(wait_for_all);
        wait_do_before(drop_done);
        prepared = true;
    }
}

void connection_closed(connection_t *one) {
    if (one->place == NULL) {
        free(one);
        return;
    }
    take(one);
    if (is_done(one)) {
        drop(one);
    } else {
        put(&closing, one);
    }
}
