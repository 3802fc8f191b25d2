// What a program has sent arrives, also if the program closes the socket or ends at once.

#pragma once

#include <stdbool.h>

#include "bindings/interpreter.h"

typedef struct _connection_t connection_t;

// One that is not open yet; NULL without memory.
connection_t *connection_new(void);

// It is a connected socket and its streams now. What they still have to send is sent at the
// program's end.
void connection_opened(connection_t *connection, wasi_sockets_tcp_own_tcp_socket_t socket, wasi_io_streams_own_input_stream_t input, wasi_io_streams_own_output_stream_t output);

// Drops the connected socket and its streams as soon as that needs no wait and loses nothing. The
// caller must not use them any more.
void connection_closed(connection_t *connection);
