// Sockets as other modules see them: modtls.c goes round the stream protocol to save copies.

#pragma once

#include "py/obj.h"
#include "bindings/interpreter.h"

extern const mp_obj_type_t socket_type;

// Milliseconds that an operation may wait; 0: non-blocking, negative: without end.
int32_t socket_timeout(mp_obj_t socket);

// Receives up to `length` bytes or one datagram, into memory that the caller frees. Waits as the socket's timeout says and at most `patience`
// milliseconds (negative: no limit). Returns 0, EAGAIN, ETIMEDOUT or another errno.
int socket_receive(mp_obj_t socket, size_t length, int64_t patience, interpreter_list_u8_t *data);

// Sends some of it, or all of it as one datagram. `wait` as the timeout says, or not at all.
int socket_send(mp_obj_t socket, const void *data, size_t length, bool wait, size_t *count);
