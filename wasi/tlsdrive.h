// One end of a TLS or DTLS connection over a stream, and how it is moved on.

#pragma once

#include "py/obj.h"
#include "modtls.h"

typedef struct {
    mp_obj_base_t base;
    tls_context_t *context;
    mp_obj_t sock;
    mp_obj_t server_hostname; // as it was given
    engine_t engine;
    bool ours; // a socket of modsocket.c
    mp_obj_t closed_with; // the exception of every use after close()
    int32_t closed_code; // its number
    // The rest of a record that is being read, so that a program which reads byte by byte does not
    // ask the engine for each.
    interpreter_list_u8_t record;
    size_t taken;
    bool begun; // what follows the handshake is gathered, or was sent
    size_t gathered; // how much plaintext there is in it
    // Between the engine and a stream that is not ours. The collector's, so that it stays while the
    // stream's code has it.
    byte *buffer;
    size_t buffer_size;
    bool in_use; // code of the program's runs in the middle of an operation
} tls_socket_t;

typedef enum { TLS_HANDSHAKE, TLS_READ, TLS_WRITE } operation_t;

// Runs an operation to its end: bytes, or MP_STREAM_ERROR with EAGAIN. Raises everything else.
mp_uint_t tls_socket_drive(tls_socket_t *self, operation_t operation, void *data, size_t length, int *errcode);

// How much of a record is here to be read.
size_t tls_socket_rest(tls_socket_t *self);

// Sends what waits to be sent over a socket of ours, as far as that goes at once. 0, or an errno if
// something is left.
int tls_socket_flush(tls_socket_t *self);

// Lets go of the connection and of all memory.
void tls_socket_release(tls_socket_t *self);

// The error as an exception. Takes the error.
mp_obj_t tls_exception(tls_error_t *error);
