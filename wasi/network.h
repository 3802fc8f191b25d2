// The network of WASI, and its error codes as errnos.

#pragma once

#include "py/obj.h"
#include "bindings/interpreter.h"

// The network, which the first call asks the host for.
wasi_sockets_network_borrow_network_t network(void);

// The number of what a socket has just failed with where the host tells it, which knows more than
// WASI's codes say.
int error_number(int otherwise);
// The errno of Linux for an error of a socket.
int errno_of(wasi_sockets_network_error_code_t code);
// Raises OSError for what a socket has just failed with, in the host's words where it has some.
MP_NORETURN void raise_socket_error(int number);
