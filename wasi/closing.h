// Sockets that were closed before the host has sent everything and the peer has closed too.

#pragma once

#include <stdbool.h>

#include "bindings/interpreter.h"

// Drops a connected socket and its streams as soon as that needs no wait and loses nothing. The
// caller must not use them any more.
void close_when_done(wasi_sockets_tcp_own_tcp_socket_t socket, wasi_io_streams_own_input_stream_t input, wasi_io_streams_own_output_stream_t output);
