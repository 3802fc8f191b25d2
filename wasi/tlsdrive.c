// Runs operations: does what the engine asks for, and asks it again. The engine decides.

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "py/runtime.h"
#include "py/stream.h"
#include "room.h"
#include "tlsdrive.h"
#include "tlsflight.h"

// The most plaintext that waits for more.
#define MOST_GATHERED (1024)
// The most plaintext of a record.
#define RECORD (16 * 1024)

size_t tls_socket_rest(tls_socket_t *self) {
    return self->record.len - self->taken;
}

static void forget_record(tls_socket_t *self) {
    interpreter_list_u8_free(&self->record);
    self->record.len = self->taken = 0;
}

static size_t take_from_record(tls_socket_t *self, void *data, size_t length) {
    size_t count = MIN(length, tls_socket_rest(self));
    memcpy(data, self->record.ptr + self->taken, count);
    self->taken += count;
    if (tls_socket_rest(self) == 0) {
        forget_record(self);
    }
    return count;
}

void tls_socket_release(tls_socket_t *self) {
    flight_take(self);
    forget_record(self);
    engine_drop(&self->engine);
    self->buffer = NULL;
}

// Sends an alert, as far as that is possible without a wait.
static void send_last(tls_socket_t *self) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        tls_socket_flush(self);
        nlr_pop();
    }
}

// Raises the error, which every later operation raises again.
static MP_NORETURN void fail(tls_socket_t *self, tls_error_t *error) {
    forget_record(self);
    send_last(self);
    tls_context_log_keys(self->context);
    tls_raise(error);
}

// The callback's verdict about the chain: 0, or what to refuse the peer with.
static int32_t ask_callback(tls_socket_t *self, const micropython_ssl_tls_list_link_t *chain) {
    mp_obj_t callback = self->context->verify_callback; // the callback may replace it
    int32_t verdict = 0;
    for (size_t i = 0; i < chain->len && verdict == 0; i++) {
        const micropython_ssl_tls_link_t *link = &chain->ptr[i];
        byte *certificate = m_new(byte, link->certificate.len);
        memcpy(certificate, link->certificate.ptr, link->certificate.len);
        mp_obj_t view = mp_obj_new_memoryview('B', link->certificate.len, certificate);
        verdict = mp_obj_get_int(mp_call_function_2(callback, view, MP_OBJ_NEW_SMALL_INT(link->depth)));
    }
    return verdict;
}

// Asks server_psk_keys for the key of a client's identity. As on a board, any exception there
// refuses the client.
static void psk_step(tls_socket_t *self, interpreter_list_u8_t *identity) {
    mp_buffer_info_t key = { 0 };
    volatile mp_obj_t found = MP_OBJ_NULL; // the collector may run before the key was used
    volatile bool known = false;
    tls_error_t error;
    nlr_buf_t nlr;
    self->in_use = true;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t method[3];
        mp_load_method(self->context->server_psk_keys, MP_QSTR_get, method);
        method[2] = mp_obj_new_bytes(identity->ptr, identity->len);
        found = mp_call_method_n_kw(1, 0, method);
        if (mp_get_buffer(found, &key, MP_BUFFER_READ)) {
            room_for_engine(key.len);
            known = true;
        }
        nlr_pop();
    }
    self->in_use = false;
    interpreter_list_u8_free(identity);
    tls_socket_check_open(self);
    interpreter_list_u8_t list = { key.buf, key.len };
    if (!engine_provide_psk(self->engine, known ? &list : NULL, &error)) {
        fail(self, &error);
    }
}

static void verify_step(tls_socket_t *self) {
    interpreter_list_u8_t identity;
    if (engine_psk_identity(self->engine, &identity)) {
        psk_step(self, &identity);
        return;
    }
    micropython_ssl_tls_list_link_t chain;
    tls_error_t error;
    nlr_buf_t nlr;
    engine_chain(self->engine, &chain);
    self->in_use = true;
    if (nlr_push(&nlr) == 0) {
        int32_t verdict = ask_callback(self, &chain);
        nlr_pop();
        self->in_use = false;
        micropython_ssl_tls_list_link_free(&chain);
        tls_socket_check_open(self);
        if (!engine_decide(self->engine, &verdict, &error)) {
            fail(self, &error);
        }
        return;
    }
    self->in_use = false;
    micropython_ssl_tls_list_link_free(&chain);
    if (self->engine.handle != 0 && !engine_decide(self->engine, NULL, &error)) {
        micropython_ssl_tls_error_free(&error);
        send_last(self);
    }
    nlr_jump(nlr.ret_val);
}

// Does what an operation needs. Returns 0 to go on, or EAGAIN. Raises if the transport fails.
static int satisfy(tls_socket_t *self, need_t need, patience_t *patience) {
    if (need == MICROPYTHON_SSL_TLS_NEED_VERIFY) {
        verify_step(self);
        return 0;
    }
    bool sending = need == MICROPYTHON_SSL_TLS_NEED_SEND;
    int number = sending ? tls_socket_send_step(self, patience) : tls_socket_receive_step(self, patience);
    if (number == 0) {
        return 0;
    }
    tls_error_t error;
    if (!engine_stopped(self->engine, number, sending, &error)) {
        return EAGAIN;
    }
    forget_record(self);
    tls_raise(&error);
}

// Is this the first to be sent since the handshake is complete? Over a socket of ours it may wait
// for more.
static bool is_first(tls_socket_t *self, need_t need) {
    if (need != MICROPYTHON_SSL_TLS_NEED_SEND || self->begun || engine_handshaking(self->engine)) {
        return false;
    }
    self->begun = true;
    return self->ours && !self->engine.datagram;
}

// May the written bytes be kept back too? They may as long as one segment carries all.
static bool gather(tls_socket_t *self, size_t length) {
    if (length > MOST_GATHERED - self->gathered) {
        return false;
    }
    self->gathered += length;
    return true;
}

// Raises MemoryError where an operation could not hand over its bytes.
static void look_for_room(operation_t operation, size_t length) {
    if (operation == TLS_WRITE && length > MOST_PLAINTEXT) {
        room_for_engine(length); // a datagram, which is not cut
    } else if (!room_for_answer()) {
        room_for_engine(0);
    }
}

// The engine has failed. Where it has no memory, nothing has happened, and it is called again if
// there is some. `keep` is as of flight_keep().
static bool make_room(tls_socket_t *self, bool keep, tls_error_t *error) {
    if (error->kind != MICROPYTHON_SSL_TLS_EXCEPTION_MEMORY_ERROR) {
        fail(self, error);
    }
    micropython_ssl_tls_error_free(error);
    if (keep) {
        flight_keep(self);
    }
    room_for_engine(0);
    return keep && flight_take(self);
}

// An operation is done.
static mp_uint_t done(tls_socket_t *self, bool keep, mp_uint_t count) {
    if (keep) {
        flight_keep(self);
    }
    tls_context_log_keys(self->context);
    return count;
}

mp_uint_t tls_socket_drive(tls_socket_t *self, operation_t operation, void *data, size_t length, int *errcode) {
    patience_t patience = { 0 };
    tls_socket_check_open(self);
    if (self->in_use) {
        mp_raise_OSError(EALREADY);
    }
    if (self->ours) {
        patience = socket_patience(self->sock);
        socket_changed(self->sock);
    }
    if (operation == TLS_READ && tls_socket_rest(self) > 0) {
        return take_from_record(self, data, length);
    }
    look_for_room(operation, length);
    bool keep = flight_take(self);
    for (;;) {
        tls_error_t error;
        need_t need;
        if (operation == TLS_READ) {
            plaintext_t plaintext;
            // A read of a datagram takes all of it.
            size_t wanted = self->engine.datagram || length == 0 ? length : MAX(length, RECORD);
            if (!engine_read(self->engine, wanted, &plaintext, &error)) {
                keep = make_room(self, keep, &error);
                continue;
            }
            if (plaintext.tag == MICROPYTHON_SSL_TLS_PLAINTEXT_DATA) {
                self->record = plaintext.val.data;
                return done(self, keep, take_from_record(self, data, length));
            }
            need = plaintext.val.again;
        } else {
            progress_t progress;
            bool good = operation == TLS_HANDSHAKE ? engine_handshake(self->engine, &progress, &error)
                                               : engine_write(self->engine, data, length, &progress, &error);
            if (!good) {
                keep = make_room(self, keep, &error);
                continue;
            }
            if (progress.tag == MICROPYTHON_SSL_TLS_PROGRESS_DONE) {
                return done(self, keep, progress.val.done);
            }
            need = progress.val.again;
        }
        if (is_first(self, need)) {
            keep = true;
            if (operation == TLS_HANDSHAKE) {
                return done(self, keep, 0);
            }
            continue; // a read sends it only if there is nothing to read
        }
        if (keep && operation == TLS_WRITE && gather(self, length)) {
            return done(self, keep, engine_defer(self->engine));
        }
        keep &= need != MICROPYTHON_SSL_TLS_NEED_SEND;
        *errcode = satisfy(self, need, &patience);
        if (*errcode) {
            return MP_STREAM_ERROR;
        }
    }
}
