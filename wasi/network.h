// The network of WASI, and its error codes as errnos.

#pragma once

#include "py/obj.h"
#include "bindings/interpreter.h"

// The network, which the first call asks the host for.
wasi_sockets_network_borrow_network_t network(void);

// The errno of the error that a socket has just had, if the host has one that WASI's codes lack;
// otherwise `otherwise`.
int error_number(int otherwise);
// The errno of Linux for an error of a socket.
int errno_of(wasi_sockets_network_error_code_t code);
// The errno of an option that WASI lacks, by what the host has answered: 0 if it has set it.
int option_error(int answer);
// Raises OSError for the error that a socket has just had, with the host's text if it has one.
MP_NORETURN void raise_socket_error(int number);
