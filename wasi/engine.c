// One set of functions for the engine's two kinds of connection. The bytes of streams are passed in
// words (the interface bulk), and those of datagrams as they are.

#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "wait.h"

#define WORD (sizeof(uint64_t))
// Fewer bytes are passed as they are.
#define FEW (256)

typedef micropython_ssl_tls_borrow_connection_t stream_t;
typedef micropython_ssl_tls_borrow_datagram_connection_t datagram_t;

#define STREAM ((stream_t) { engine.handle })
#define DATAGRAM ((datagram_t) { engine.handle })
#define OF(name) micropython_ssl_tls_method_connection_##name
#define DATAGRAM_OF(name) micropython_ssl_tls_method_datagram_connection_##name

// The words as bytes. The memory now belongs to the bytes.
static interpreter_list_u8_t bytes_of(const micropython_ssl_bulk_packed_t *packed) {
    return (interpreter_list_u8_t) { (uint8_t *)packed->words.ptr, packed->length };
}

// So many bytes of a word-aligned memory.
static micropython_ssl_bulk_packed_t packed(const void *data, size_t length) {
    return (micropython_ssl_bulk_packed_t) { { (uint64_t *)data, (length + WORD - 1) / WORD }, length };
}

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
    micropython_ssl_bulk_plaintext_t words;
    bool good = micropython_ssl_bulk_read(STREAM, wanted, &words, error);
    if (good && words.tag == MICROPYTHON_SSL_BULK_PLAINTEXT_DATA) {
        plaintext->tag = MICROPYTHON_SSL_TLS_PLAINTEXT_DATA;
        plaintext->val.data = bytes_of(&words.val.data);
    } else if (good) {
        plaintext->tag = MICROPYTHON_SSL_TLS_PLAINTEXT_AGAIN;
        plaintext->val.again = words.val.again;
    }
    return good;
}

bool engine_write(engine_t engine, const void *data, size_t length, progress_t *progress, tls_error_t *error) {
    interpreter_list_u8_t list = { (uint8_t *)data, length };
    if (engine.datagram) {
        return DATAGRAM_OF(write)(DATAGRAM, &list, wait_clock(), progress, error);
    }
    // The program's memory is not aligned to words.
    void *words = length < FEW ? NULL : malloc(length + WORD);
    if (words == NULL) {
        return OF(write)(STREAM, &list, progress, error);
    }
    memcpy(words, data, length);
    micropython_ssl_bulk_packed_t plaintext = packed(words, length);
    bool good = micropython_ssl_bulk_write(STREAM, &plaintext, progress, error);
    free(words);
    return good;
}

void engine_to_send(engine_t engine, interpreter_list_u8_t *data) {
    if (engine.datagram) {
        DATAGRAM_OF(to_send)(DATAGRAM, data);
        return;
    }
    micropython_ssl_bulk_packed_t ciphertext;
    micropython_ssl_bulk_to_send(STREAM, &ciphertext);
    *data = bytes_of(&ciphertext);
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
        return;
    }
    if (length >= FEW && (uintptr_t)data % WORD == 0) {
        // Whole words. The bytes after the last whole word are passed as they are.
        list.len = length % WORD;
        list.ptr += length - list.len;
        micropython_ssl_bulk_packed_t ciphertext = packed(data, length - list.len);
        micropython_ssl_bulk_received(STREAM, &ciphertext);
        if (list.len == 0) {
            return; // an empty list would mean the end
        }
    }
    OF(received)(STREAM, &list);
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

int64_t engine_wait(engine_t engine, int64_t deadline) {
    uint64_t end = deadline, wait;
    return DATAGRAM_OF(wait)(DATAGRAM, wait_clock(), deadline < 0 ? NULL : &end, &wait) ? (int64_t)wait : -1;
}

bool engine_stopped(engine_t engine, int number, bool writing, tls_error_t *error) {
    uint8_t direction = writing ? MICROPYTHON_SSL_TLS_DIRECTION_WRITE : MICROPYTHON_SSL_TLS_DIRECTION_READ;
    return engine.datagram ? DATAGRAM_OF(stopped)(DATAGRAM, number, direction, error) : OF(stopped)(STREAM, number, direction, error);
}

bool engine_handshaking(engine_t engine) {
    return engine.datagram ? DATAGRAM_OF(handshaking)(DATAGRAM) : OF(handshaking)(STREAM);
}

size_t engine_defer(engine_t engine) {
    return OF(defer)(STREAM);
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

SAME(void, closed_error, (engine_t engine, tls_error_t *error), error)
SAME(void, chain, (engine_t engine, micropython_ssl_tls_list_link_t *chain), chain)
SAME(bool, decide, (engine_t engine, int32_t *verdict, tls_error_t *error), verdict, error)
SAME(bool, psk_identity, (engine_t engine, interpreter_list_u8_t *identity), identity)
SAME(bool, provide_psk, (engine_t engine, interpreter_list_u8_t *key, tls_error_t *error), key, error)
SAME(void, poll, (engine_t engine, uint32_t wanted, micropython_ssl_tls_readiness_t *readiness), wanted, readiness)
SAME(uint32_t, polled, (engine_t engine, uint32_t wanted, uint32_t transport), wanted, transport)
SAME(bool, cipher_suite, (engine_t engine, interpreter_string_t *name), name)
SAME(bool, version, (engine_t engine, interpreter_string_t *name), name)
SAME(bool, peer_certificate, (engine_t engine, interpreter_list_u8_t *certificate), certificate)
SAME(bool, peer_description, (engine_t engine, interpreter_string_t *json), json)
