// A TCP socket of WASI. Nothing here waits: a step that would have to wait returns EAGAIN, and the
// socket has the pollable to wait for.

#pragma once

#include <stdbool.h>

#include "address.h"
#include "closing.h"
#include "wait.h"

typedef enum { TCP_NEW, TCP_BOUND, TCP_LISTENING, TCP_CONNECTING, TCP_CONNECTED, TCP_FAILED } tcp_state_t;

typedef struct {
    tcp_state_t state;
    uint8_t family;
    bool bound; // by the program
    bool told; // the program knows that it is connected
    bool was_writable; // or is taken for it
    unsigned changes; // counts what may change the answer of tcp_poll()
    connection_t *connection; // for its end
    wasi_sockets_tcp_own_tcp_socket_t socket;
    wasi_sockets_tcp_own_input_stream_t input;
    wasi_sockets_tcp_own_output_stream_t output;
    // Made when first needed.
    watch_t of_socket;
    watch_t of_input;
    watch_t of_output;
    int error; // why it could not connect or why it broke, until an operation has returned it
    bool ended; // the peer sends no more
    bool broken; // nothing can be sent any more
    // What was received and not read yet.
    interpreter_list_u8_t unread;
    size_t taken;
} tcp_t;

// All of these return 0 or an errno.
int tcp_open(tcp_t *tcp, int family);
int tcp_bind(tcp_t *tcp, const address_t *address);
int tcp_listen(tcp_t *tcp, int family, unsigned backlog);
int tcp_accept(tcp_t *tcp, tcp_t *accepted, address_t *peer);
// Begins to connect: EAGAIN.
int tcp_connect(tcp_t *tcp, const address_t *address);
// Goes on with connecting; EAGAIN until it is connected.
int tcp_connected(tcp_t *tcp);
// The program knows how its connect() has ended. A socket of WASI that could not connect is of no
// more use, so the next connect() finds a new one, unless it was bound.
void tcp_told(tcp_t *tcp);
// Reads up to `length` bytes; none at the end.
int tcp_read(tcp_t *tcp, void *buffer, size_t length, bool peek, size_t *count);
// The same into memory that the caller frees.
int tcp_take(tcp_t *tcp, size_t length, interpreter_list_u8_t *data);
int tcp_write(tcp_t *tcp, const void *data, size_t length, size_t *count);
// The value is its first eight bytes as a little-endian number.
int tcp_set_option(tcp_t *tcp, int level, int option, uint64_t value);

// What is ready among `wanted`. Where nothing is, it is watched from now on.
unsigned tcp_poll(tcp_t *tcp, unsigned wanted);

// What to wait for until it is readable or writable (or connected, or there is somebody to accept).
watch_t *tcp_readable(tcp_t *tcp);
watch_t *tcp_writable(tcp_t *tcp);

void tcp_close(tcp_t *tcp);
