// The operations of a TLS or DTLS connection.

#pragma once

#include "tlsio.h"

// The most plaintext of a stream that is written at once.
#define MOST_PLAINTEXT (64 * 1024)

typedef enum { TLS_HANDSHAKE, TLS_READ, TLS_WRITE } operation_t;

// Runs an operation to its end: bytes, or MP_STREAM_ERROR with EAGAIN. Raises everything else.
mp_uint_t tls_socket_drive(tls_socket_t *self, operation_t operation, void *data, size_t length, int *errcode);

// How much of a record is here to be read.
size_t tls_socket_rest(tls_socket_t *self);

// Lets go of the connection and of all memory.
void tls_socket_release(tls_socket_t *self);
