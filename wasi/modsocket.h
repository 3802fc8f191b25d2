// Sockets as other modules see them: modtls.c goes round the stream protocol to save copies.

#pragma once

#include "py/obj.h"
#include "bindings/interpreter.h"

extern const mp_obj_type_t socket_type;

// Called while a blocking connect() has nothing else to do but to wait.
extern void (*socket_connecting)(void);

// How long an operation may take in all, however often it waits.
typedef struct {
    int64_t timeout; // milliseconds from its first wait on; 0: it does not wait, negative: without end
    uint64_t end; // by wait_clock(); 0: it has not begun
    bool asked; // the host, for certain
    bool interrupted; // by what was scheduled, since the last wait
} patience_t;

// As long as the socket's timeout says.
patience_t socket_patience(mp_obj_t socket);

// Something over it has changed what polls of that say.
void socket_changed(mp_obj_t socket);

// Receives up to `length` bytes or one datagram, into memory that the caller frees. Returns 0,
// EAGAIN, ETIMEDOUT or another errno; EINTR if `limit` milliseconds (negative: no limit) are over
// before the operation's time is.
int socket_receive(mp_obj_t socket, size_t length, patience_t *patience, int64_t limit, interpreter_list_u8_t *data);

// Sends some of it, or all of it as one datagram.
int socket_send(mp_obj_t socket, const void *data, size_t length, patience_t *patience, size_t *count);
