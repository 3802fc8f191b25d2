// Sockets that were closed while the host still had something to send for them.

#pragma once

#include <stdbool.h>

#include "bindings/interpreter.h"

// Drops a socket and its output as soon as that needs no wait. The caller must not use them any
// more.
void close_when_sent(wasi_sockets_tcp_own_tcp_socket_t socket, wasi_io_streams_own_output_stream_t output);
