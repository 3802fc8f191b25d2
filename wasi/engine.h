// The engine's TLS and DTLS connections behind the same functions. wit/micropython-ssl.wit says
// what each function does.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bindings/interpreter.h"

typedef micropython_ssl_tls_error_t tls_error_t;
typedef micropython_ssl_tls_progress_t progress_t;
typedef micropython_ssl_tls_plaintext_t plaintext_t;
typedef micropython_ssl_tls_need_t need_t;

typedef struct {
    int32_t handle; // 0 once it is dropped
    bool datagram;
} engine_t;

// Operations: false on an error.
bool engine_handshake(engine_t engine, progress_t *progress, tls_error_t *error);
bool engine_read(engine_t engine, size_t wanted, plaintext_t *plaintext, tls_error_t *error);
bool engine_write(engine_t engine, const void *data, size_t length, progress_t *progress, tls_error_t *error);

// Has the handshake still to be completed?
bool engine_handshaking(engine_t engine);
// Ends a write of a TLS connection that asked to send: how many bytes it took.
size_t engine_defer(engine_t engine);
// What waits to be sent; the caller frees it.
void engine_to_send(engine_t engine, interpreter_list_u8_t *data);
void engine_sent(engine_t engine, size_t count);
void engine_received(engine_t engine, const void *data, size_t length);
void engine_ended(engine_t engine);
// How many bytes complete a record.
size_t engine_missing(engine_t engine);
// How many milliseconds a DTLS operation whose time ends at `deadline` (-1: never) waits for a
// datagram before it is called again; -1: without end; 0: its time is over.
int64_t engine_wait(engine_t engine, int64_t deadline);
// False if the errno means that the transport would block.
bool engine_stopped(engine_t engine, int number, bool writing, tls_error_t *error);
void engine_closed_error(engine_t engine, tls_error_t *error);

void engine_chain(engine_t engine, micropython_ssl_tls_list_link_t *chain);
// `verdict` is NULL if the callback failed. False if the peer is refused.
bool engine_decide(engine_t engine, int32_t *verdict, tls_error_t *error);

// False if there is none; the caller frees it.
bool engine_psk_identity(engine_t engine, interpreter_list_u8_t *identity);
// `key` is NULL if the program has none. False if the peer is refused.
bool engine_provide_psk(engine_t engine, interpreter_list_u8_t *key, tls_error_t *error);

void engine_poll(engine_t engine, uint32_t wanted, micropython_ssl_tls_readiness_t *readiness);
uint32_t engine_polled(engine_t engine, uint32_t wanted, uint32_t transport);

void engine_close(engine_t engine);
void engine_drop(engine_t *engine);

// False if there is none.
bool engine_cipher_suite(engine_t engine, interpreter_string_t *name);
bool engine_version(engine_t engine, interpreter_string_t *name);
bool engine_alpn_protocol(engine_t engine, interpreter_list_u8_t *name);
bool engine_peer_certificate(engine_t engine, interpreter_list_u8_t *certificate);
bool engine_peer_description(engine_t engine, interpreter_string_t *json);
