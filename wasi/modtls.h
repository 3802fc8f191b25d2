// What the two types of the tls module share.

#pragma once

#include "py/obj.h"
#include "engine.h"

// An SSLContext.
typedef struct {
    mp_obj_base_t base;
    micropython_ssl_tls_own_context_t context;
    bool datagram;
    mp_obj_t verify_callback;
    mp_obj_t keylog_filename;
    mp_obj_t psk_identity;
    mp_obj_t psk_key;
    mp_obj_t server_psk_keys;
    mp_int_t minimum_version;
    mp_int_t maximum_version;
} tls_context_t;

static inline micropython_ssl_tls_borrow_context_t context_of(tls_context_t *self) {
    return micropython_ssl_tls_borrow_context(self->context);
}

// Appends the secrets of the last operation to the context's key log, if it has one.
void tls_context_log_keys(tls_context_t *self);

// What is wrapped, as wrap_socket() has it.
typedef struct {
    mp_obj_t sock;
    bool server_side;
    bool handshake;
    mp_obj_t hostname;
    mp_obj_t client_id;
} tls_wrapping_t;

mp_obj_t tls_socket_new(tls_context_t *context, const tls_wrapping_t *wrapping);

// Raises the exception that the engine asks for, and frees the record. Without memory for the text
// it has only the number.
MP_NORETURN void tls_raise(tls_error_t *error);
