// One end of a TLS or DTLS connection over a stream, and its steps, which return 0 or an errno.

#pragma once

#include "py/obj.h"
#include "modtls.h"
#include "sockio.h"

typedef struct {
    mp_obj_base_t base;
    tls_context_t *context;
    mp_obj_t sock;
    mp_obj_t server_hostname; // as it was given
    engine_t engine;
    bool ours; // a socket of modsocket.c
    mp_obj_t closed_with; // the exception of every use after close()
    int32_t closed_code; // its number
    // The rest of a record, for programs that read byte by byte: they need not ask the engine for
    // each.
    interpreter_list_u8_t record;
    size_t taken;
    bool begun; // the handshake's last flight is kept back for more, or was sent
    size_t gathered; // the plaintext that is kept back with it, in bytes
    // Between the engine and a stream that is not ours. It is on the heap, so that it lives as long
    // as the stream's code uses it.
    byte *buffer;
    size_t buffer_size;
    bool in_use; // an operation runs code of the program
} tls_socket_t;

// Raises if the connection is closed.
void tls_socket_check_open(tls_socket_t *self);

// Sends some of what waits to be sent.
int tls_socket_send_step(tls_socket_t *self, patience_t *patience);

// Receives some ciphertext, or a datagram. It is 0 also when no datagram came for so long that the
// engine has to be asked again.
int tls_socket_receive_step(tls_socket_t *self, patience_t *patience);

// Sends what waits to be sent over a socket of ours, as far as that goes at once. 0, or an errno if
// something is left.
int tls_socket_flush(tls_socket_t *self);

// The error as an exception. Takes the error.
mp_obj_t tls_exception(tls_error_t *error);
