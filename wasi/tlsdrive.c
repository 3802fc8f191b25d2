// Moves bytes between the engine and a stream below, as operations need it. What they mean is
// decided in the engine.

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "py/objexcept.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "modsocket.h"
#include "tlsdrive.h"
#include "tlsflight.h"
#include "wait.h"

// The most ciphertext that is received at once.
#define RECEIVE_AHEAD (64 * 1024)
// The most plaintext that waits for more.
#define MOST_GATHERED (1024)
// The most plaintext of a record.
#define RECORD (16 * 1024)

mp_obj_t tls_exception(tls_error_t *error) {
    static const mp_obj_type_t *const types[] = {
        [MICROPYTHON_SSL_TLS_EXCEPTION_OS_ERROR] = &mp_type_OSError,
        [MICROPYTHON_SSL_TLS_EXCEPTION_VALUE_ERROR] = &mp_type_ValueError,
    };
    const mp_obj_type_t *type = types[error->kind];
    mp_obj_t args[2];
    size_t count = 0;
    if (error->code.is_some) {
        args[count++] = MP_OBJ_NEW_SMALL_INT(error->code.val);
    }
    if (error->text.len > 0) {
        // The heap may be locked.
        mp_obj_str_t *text = m_new_obj_maybe(mp_obj_str_t);
        byte *data = text == NULL ? NULL : m_new_maybe(byte, error->text.len + 1);
        if (data != NULL) {
            memcpy(data, error->text.ptr, error->text.len);
            data[error->text.len] = 0;
            *text = (mp_obj_str_t) { { &mp_type_str }, qstr_compute_hash(data, error->text.len), error->text.len, data };
            args[count++] = MP_OBJ_FROM_PTR(text);
        }
    }
    micropython_ssl_tls_error_free(error);
    return mp_obj_exception_make_new(type, count, 0, args);
}

MP_NORETURN void tls_raise(tls_error_t *error) {
    nlr_raise(tls_exception(error));
}

static MP_NORETURN void raise_closed(tls_socket_t *self) {
    if (self->closed_with != MP_OBJ_NULL) {
        // A new one, because an exception keeps where it was raised.
        mp_obj_exception_t *exception = MP_OBJ_TO_PTR(self->closed_with);
        nlr_raise(mp_obj_exception_make_new(exception->base.type, exception->args->len, 0, exception->args->items));
    }
    mp_raise_OSError(self->closed_code); // there was no memory for the exception
}

static void check_open(tls_socket_t *self) {
    if (self->engine.handle == 0) {
        raise_closed(self);
    }
}

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

/* Steps: 0 to go on, or an errno */

// Has the program's own stream read to the buffer or write from it, which may do anything but use
// this connection meanwhile.
static mp_uint_t call_stream(tls_socket_t *self, bool writing, size_t length, int *error) {
    const mp_stream_p_t *stream = mp_get_stream(self->sock);
    byte *buffer = self->buffer;
    mp_uint_t count;
    nlr_buf_t nlr;
    self->in_use = true;
    if (nlr_push(&nlr) != 0) {
        self->in_use = false;
        nlr_jump(nlr.ret_val);
    }
    if (writing) {
        count = stream->write(self->sock, buffer, length, error);
    } else {
        count = stream->read(self->sock, buffer, length, error);
    }
    nlr_pop();
    self->in_use = false;
    check_open(self);
    return count == MP_STREAM_ERROR ? count : MIN(count, length);
}

static int send_step(tls_socket_t *self, patience_t *patience) {
    interpreter_list_u8_t data;
    size_t count;
    int error = 0;
    engine_to_send(self->engine, &data);
    if (data.len == 0) {
        return 0;
    }
    if (self->ours) {
        error = socket_send(self->sock, data.ptr, data.len, patience, &count);
        interpreter_list_u8_free(&data);
        check_open(self);
    } else {
        // A copy, because a program's own stream may raise.
        count = MIN(data.len, self->buffer_size);
        memcpy(self->buffer, data.ptr, count);
        interpreter_list_u8_free(&data);
        count = call_stream(self, true, count, &error);
        error = count == MP_STREAM_ERROR ? error : count == 0 ? EAGAIN : 0;
    }
    if (error == 0) {
        engine_sent(self->engine, count);
    }
    return error;
}

// Returns 0 also when nothing came for so long that a datagram has to be repeated.
static int receive_from_socket(tls_socket_t *self, patience_t *patience) {
    interpreter_list_u8_t data;
    int64_t limit = patience->timeout == 0 ? -1 : engine_next_timeout(self->engine);
    int error = socket_receive(self->sock, RECEIVE_AHEAD, patience, limit, &data);
    if (error == EINTR) {
        return 0;
    }
    if (error == 0 && self->engine.handle != 0) {
        engine_received(self->engine, data.ptr, data.len);
    }
    if (error == 0) {
        interpreter_list_u8_free(&data);
    }
    check_open(self);
    return error;
}

static int receive_from_stream(tls_socket_t *self) {
    int error;
    size_t wanted = self->engine.datagram ? self->buffer_size : MIN(engine_missing(self->engine), self->buffer_size);
    mp_uint_t count = call_stream(self, false, wanted, &error);
    if (count == MP_STREAM_ERROR) {
        return error;
    }
    if (count == 0) {
        engine_ended(self->engine);
    } else {
        engine_received(self->engine, self->buffer, count);
    }
    return 0;
}

static bool has_to_send(tls_socket_t *self) {
    interpreter_list_u8_t data;
    engine_to_send(self->engine, &data);
    interpreter_list_u8_free(&data);
    return data.len > 0;
}

int tls_socket_flush(tls_socket_t *self) {
    int error = 0;
    while (error == 0 && has_to_send(self)) {
        patience_t none = { 0 };
        error = send_step(self, &none);
    }
    return error;
}

// Sends an alert, as far as that goes at once.
static void send_last(tls_socket_t *self) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        tls_socket_flush(self);
        nlr_pop();
    }
}

// Raises what every later operation fails with, too.
static MP_NORETURN void fail(tls_socket_t *self, tls_error_t *error) {
    forget_record(self);
    send_last(self);
    tls_context_log_keys(self->context);
    tls_raise(error);
}

// The callback's verdict about the chain: 0, or what to refuse the peer with.
static int32_t ask_callback(tls_socket_t *self, const micropython_ssl_tls_list_link_t *chain) {
    mp_obj_t callback = self->context->verify_callback; // which it may replace
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

// Asks server_psk_keys for the key of a client's identity. As on a board all that goes wrong there
// refuses the client.
static void psk_step(tls_socket_t *self, interpreter_list_u8_t *identity) {
    mp_buffer_info_t key = { 0 };
    volatile bool known = false;
    tls_error_t error;
    nlr_buf_t nlr;
    self->in_use = true;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t method[3];
        mp_load_method(self->context->server_psk_keys, MP_QSTR_get, method);
        method[2] = mp_obj_new_bytes(identity->ptr, identity->len);
        mp_obj_t found = mp_call_method_n_kw(1, 0, method);
        known = found != mp_const_none;
        if (known) {
            known = mp_get_buffer(found, &key, MP_BUFFER_READ);
        }
        nlr_pop();
    }
    self->in_use = false;
    interpreter_list_u8_free(identity);
    check_open(self);
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
        check_open(self);
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

// What an operation needs: 0 to go on, or EAGAIN. Raises where the transport fails.
static int satisfy(tls_socket_t *self, need_t need, patience_t *patience) {
    if (need == MICROPYTHON_SSL_TLS_NEED_VERIFY) {
        verify_step(self);
        return 0;
    }
    bool sending = need == MICROPYTHON_SSL_TLS_NEED_SEND;
    int number = sending ? send_step(self, patience) : self->ours ? receive_from_socket(self, patience) : receive_from_stream(self);
    if (number == 0) {
        return 0;
    }
    if (self->ours && number == EINPROGRESS) {
        number = EAGAIN; // it is not connected yet
    }
    tls_error_t error;
    if (!engine_stopped(self->engine, number, sending, &error)) {
        return EAGAIN;
    }
    forget_record(self);
    tls_raise(&error);
}

// Is it the first that has to be sent when the handshake is complete? Over a socket of ours it may
// wait.
static bool is_first(tls_socket_t *self, need_t need) {
    if (need != MICROPYTHON_SSL_TLS_NEED_SEND || self->begun || engine_handshaking(self->engine)) {
        return false;
    }
    self->begun = true;
    return self->ours && !self->engine.datagram;
}

// What was written goes with what waits, unless it is too much for one segment.
static bool gather(tls_socket_t *self, size_t length) {
    if (length > MOST_GATHERED - self->gathered) {
        return false;
    }
    self->gathered += length;
    return true;
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
    check_open(self);
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
    bool keep = flight_take(self);
    for (;;) {
        tls_error_t error;
        need_t need;
        if (operation == TLS_READ) {
            plaintext_t plaintext;
            // A read of a datagram takes all of it.
            size_t wanted = self->engine.datagram || length == 0 ? length : MAX(length, RECORD);
            if (!engine_read(self->engine, wanted, &plaintext, &error)) {
                fail(self, &error);
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
                fail(self, &error);
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
            continue; // a read has it sent unless there is something to be read
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
