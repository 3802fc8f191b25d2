// One set of functions over the two kinds of connection that the engine has.

#include "engine.h"
#include "wait.h"

typedef micropython_ssl_tls_borrow_connection_t stream_t;
typedef micropython_ssl_tls_borrow_datagram_connection_t datagram_t;

#define STREAM ((stream_t) { engine.handle })
#define DATAGRAM ((datagram_t) { engine.handle })
#define OF(name) micropython_ssl_tls_method_connection_##name
#define DATAGRAM_OF(name) micropython_ssl_tls_method_datagram_connection_##name

bool engine_handshake(engine_t engine, progress_t *progress, tls_error_t *error) {
    if (engine.datagram) {
        return DATAGRAM_OF(handshake)(DATAGRAM, wait_clock(), progress, error);
    }
    return OF(handshake)(STREAM, progress, error);
}

bool engine_read(engine_t engine, size_t wanted, plaintext_t *plaintext, tls_error_t *error) {
    if (engine.datagram) {
        return DATAGRAM_OF(read)(DATAGRAM, wanted, wait_clock(), plaintext, error);
    }
    return OF(read)(STREAM, wanted, plaintext, error);
}

bool engine_write(engine_t engine, const void *data, size_t length, progress_t *progress, tls_error_t *error) {
    interpreter_list_u8_t list = { (uint8_t *)data, length };
    if (engine.datagram) {
        return DATAGRAM_OF(write)(DATAGRAM, &list, wait_clock(), progress, error);
    }
    return OF(write)(STREAM, &list, progress, error);
}

void engine_sent(engine_t engine, size_t count) {
    if (engine.datagram) {
        DATAGRAM_OF(sent)(DATAGRAM);
    } else {
        OF(sent)(STREAM, count);
    }
}

void engine_received(engine_t engine, const void *data, size_t length) {
    interpreter_list_u8_t list = { (uint8_t *)data, length };
    if (engine.datagram) {
        DATAGRAM_OF(received)(DATAGRAM, &list);
    } else {
        OF(received)(STREAM, &list);
    }
}

void engine_ended(engine_t engine) {
    if (engine.datagram) {
        DATAGRAM_OF(ended)(DATAGRAM);
    } else {
        engine_received(engine, NULL, 0);
    }
}

size_t engine_missing(engine_t engine) {
    return OF(missing)(STREAM);
}

int64_t engine_next_timeout(engine_t engine) {
    uint64_t timeout;
    return engine.datagram && DATAGRAM_OF(next_timeout)(DATAGRAM, wait_clock(), &timeout) ? (int64_t)timeout : -1;
}

void engine_blocked(engine_t engine, bool writing) {
    uint8_t direction = writing ? MICROPYTHON_SSL_TLS_DIRECTION_WRITE : MICROPYTHON_SSL_TLS_DIRECTION_READ;
    if (engine.datagram) {
        DATAGRAM_OF(blocked)(DATAGRAM, direction);
    } else {
        OF(blocked)(STREAM, direction);
    }
}

bool engine_alpn_protocol(engine_t engine, interpreter_list_u8_t *name) {
    return !engine.datagram && OF(alpn_protocol)(STREAM, name);
}

void engine_close(engine_t engine) {
    if (engine.datagram) {
        DATAGRAM_OF(close)(DATAGRAM);
    } else {
        OF(close)(STREAM);
    }
}

void engine_drop(engine_t *engine) {
    if (engine->datagram) {
        micropython_ssl_tls_datagram_connection_drop_own((micropython_ssl_tls_own_datagram_connection_t) { engine->handle });
    } else {
        micropython_ssl_tls_connection_drop_own((micropython_ssl_tls_own_connection_t) { engine->handle });
    }
    engine->handle = 0;
}

// The rest is the same for both.
#define SAME(type, name, parameters, ...) \
    type engine_##name parameters { \
        return engine.datagram ? DATAGRAM_OF(name)(DATAGRAM, __VA_ARGS__) : OF(name)(STREAM, __VA_ARGS__); \
    }

SAME(void, to_send, (engine_t engine, interpreter_list_u8_t *data), data)
SAME(void, transport_failed, (engine_t engine, int number, tls_error_t *error), number, error)
SAME(void, chain, (engine_t engine, micropython_ssl_tls_list_link_t *chain), chain)
SAME(bool, decide, (engine_t engine, int32_t *verdict, tls_error_t *error), verdict, error)
SAME(void, poll, (engine_t engine, uint32_t wanted, micropython_ssl_tls_readiness_t *readiness), wanted, readiness)
SAME(uint32_t, polled, (engine_t engine, uint32_t wanted, uint32_t transport), wanted, transport)
SAME(bool, cipher_suite, (engine_t engine, interpreter_string_t *name), name)
SAME(bool, version, (engine_t engine, interpreter_string_t *name), name)
SAME(bool, peer_certificate, (engine_t engine, interpreter_list_u8_t *certificate), certificate)
