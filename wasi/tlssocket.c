// SSLSocket: moves bytes between the engine, a stream below and the program. What they mean is decided in the engine.

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "py/gc.h"
#include "py/objexcept.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "modsocket.h"
#include "modtls.h"
#include "wait.h"

// The most ciphertext that is received, and the most plaintext that is encrypted, at once.
#define RECEIVE_AHEAD (64 * 1024)
#define MOST_PLAINTEXT (64 * 1024)
// The most plaintext of a record.
#define RECORD (16 * 1024)
// MBEDTLS_SSL_OUT_CONTENT_LEN: the most that one send() takes.
#define MAX_SEND (4096)
// What goes through a stream that is no socket of ours.
#define TRANSPORT_BUFFER (4096)
#define DATAGRAM_BUFFER (16717)

#define BAD_INPUT_DATA (-0x7100)

typedef struct {
    mp_obj_base_t base;
    tls_context_t *context;
    mp_obj_t sock;
    engine_t engine;
    bool ours; // a socket of modsocket.c
    mp_obj_t closed_with; // the exception of every use after close(); MP_OBJ_NULL for the usual one
    uint64_t waiting_since; // for a datagram; 0: not
    // The rest of a record that is being read, so that a program which reads byte by byte does not ask the engine for each.
    interpreter_list_u8_t record;
    size_t taken;
    // Between the engine and a stream that is not ours.
    uint8_t *buffer;
    size_t buffer_size;
} tls_socket_t;

typedef enum { HANDSHAKE, READ, WRITE } operation_t;

static const mp_obj_type_t tls_socket_type;

// The error as an exception. Takes the error.
static mp_obj_t exception_of(tls_error_t *error) {
    static const mp_obj_type_t *const types[] = {
        [MICROPYTHON_SSL_TLS_EXCEPTION_OS_ERROR] = &mp_type_OSError,
        [MICROPYTHON_SSL_TLS_EXCEPTION_VALUE_ERROR] = &mp_type_ValueError,
        [MICROPYTHON_SSL_TLS_EXCEPTION_TYPE_ERROR] = &mp_type_TypeError,
        [MICROPYTHON_SSL_TLS_EXCEPTION_NOT_IMPLEMENTED_ERROR] = &mp_type_NotImplementedError,
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
    nlr_raise(exception_of(error));
}

static MP_NORETURN void raise_closed(tls_socket_t *self) {
    if (self->closed_with != MP_OBJ_NULL) {
        // A new one, because an exception keeps where it was raised.
        mp_obj_exception_t *exception = MP_OBJ_TO_PTR(self->closed_with);
        nlr_raise(mp_obj_exception_make_new(exception->base.type, exception->args->len, 0, exception->args->items));
    }
    static const char text[] = "MBEDTLS_ERR_SSL_BAD_INPUT_DATA";
    tls_error_t error = { MICROPYTHON_SSL_TLS_EXCEPTION_OS_ERROR, { true, BAD_INPUT_DATA }, { NULL, 0 } };
    error.text.ptr = (uint8_t *)strdup(text);
    error.text.len = error.text.ptr == NULL ? 0 : strlen(text);
    tls_raise(&error);
}

static void check_open(tls_socket_t *self) {
    if (self->engine.handle == 0) {
        raise_closed(self);
    }
}

static size_t rest_of_record(tls_socket_t *self) {
    return self->record.len - self->taken;
}

static void forget_record(tls_socket_t *self) {
    interpreter_list_u8_free(&self->record);
    self->record.len = self->taken = 0;
}

static size_t take_from_record(tls_socket_t *self, void *data, size_t length) {
    size_t count = MIN(length, rest_of_record(self));
    memcpy(data, self->record.ptr + self->taken, count);
    self->taken += count;
    if (rest_of_record(self) == 0) {
        forget_record(self);
    }
    return count;
}

static void release(tls_socket_t *self) {
    forget_record(self);
    engine_drop(&self->engine);
    free(self->buffer);
    self->buffer = NULL;
}

/* Steps: 0 to go on, or an errno */

static int send_step(tls_socket_t *self, bool wait) {
    interpreter_list_u8_t data;
    size_t count;
    int error = 0;
    engine_to_send(self->engine, &data);
    if (data.len == 0) {
        return 0;
    }
    if (self->ours) {
        error = socket_send(self->sock, data.ptr, data.len, wait, &count);
        interpreter_list_u8_free(&data);
    } else {
        // A copy, because a program's own stream may raise.
        count = MIN(data.len, self->buffer_size);
        memcpy(self->buffer, data.ptr, count);
        interpreter_list_u8_free(&data);
        mp_uint_t written = mp_get_stream(self->sock)->write(self->sock, self->buffer, count, &error);
        check_open(self);
        error = written == MP_STREAM_ERROR ? error : written == 0 ? EAGAIN : 0;
        count = MIN(written, count);
    }
    if (error == 0) {
        engine_sent(self->engine, count);
    }
    return error;
}

// Receives a datagram, or does not for as long as nothing has to be repeated.
static int receive_datagram(tls_socket_t *self, interpreter_list_u8_t *data) {
    int64_t patience = engine_next_timeout(self->engine);
    int64_t timeout = socket_timeout(self->sock);
    if (patience < 0 || timeout == 0) {
        return socket_receive(self->sock, RECEIVE_AHEAD, -1, data);
    }
    int64_t left = patience + 1;
    if (timeout > 0) {
        uint64_t now = wait_clock();
        if (self->waiting_since == 0) {
            self->waiting_since = now;
        }
        left = (int64_t)(self->waiting_since + timeout - now);
        if (left <= 0) {
            return ETIMEDOUT;
        }
    }
    int error = socket_receive(self->sock, RECEIVE_AHEAD, MAX(1, MIN(left, patience)), data);
    return error == ETIMEDOUT && patience < left ? EINTR : error;
}

static int receive_step(tls_socket_t *self) {
    int error = 0;
    if (self->ours) {
        interpreter_list_u8_t data;
        error = self->engine.datagram ? receive_datagram(self, &data) : socket_receive(self->sock, RECEIVE_AHEAD, -1, &data);
        if (error == EINTR) {
            return 0; // time to repeat what was sent
        }
        self->waiting_since = 0;
        if (error == 0) {
            engine_received(self->engine, data.ptr, data.len);
            interpreter_list_u8_free(&data);
        }
        return error;
    }
    size_t wanted = self->engine.datagram ? self->buffer_size : MIN(engine_missing(self->engine), self->buffer_size);
    mp_uint_t count = mp_get_stream(self->sock)->read(self->sock, self->buffer, wanted, &error);
    check_open(self);
    if (count == MP_STREAM_ERROR) {
        return error;
    }
    if (count == 0) {
        engine_ended(self->engine);
    } else {
        engine_received(self->engine, self->buffer, MIN(count, wanted));
    }
    return 0;
}

// Sends an alert or close_notify, as far as that goes at once.
static void send_last(tls_socket_t *self) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        while (send_step(self, false) == 0) {
            interpreter_list_u8_t rest;
            engine_to_send(self->engine, &rest);
            interpreter_list_u8_free(&rest);
            if (rest.len == 0) {
                break;
            }
        }
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

static void verify_step(tls_socket_t *self) {
    micropython_ssl_tls_list_link_t chain;
    tls_error_t error;
    nlr_buf_t nlr;
    engine_chain(self->engine, &chain);
    if (nlr_push(&nlr) == 0) {
        int32_t verdict = ask_callback(self, &chain);
        nlr_pop();
        micropython_ssl_tls_list_link_free(&chain);
        check_open(self);
        if (!engine_decide(self->engine, &verdict, &error)) {
            fail(self, &error);
        }
        return;
    }
    micropython_ssl_tls_list_link_free(&chain);
    if (self->engine.handle != 0 && !engine_decide(self->engine, NULL, &error)) {
        micropython_ssl_tls_error_free(&error);
        send_last(self);
    }
    nlr_jump(nlr.ret_val);
}

// What an operation needs: 0 to go on, or EAGAIN. Raises where the transport fails.
static int satisfy(tls_socket_t *self, need_t need) {
    if (need == MICROPYTHON_SSL_TLS_NEED_VERIFY) {
        verify_step(self);
        return 0;
    }
    bool sending = need == MICROPYTHON_SSL_TLS_NEED_SEND;
    int number = sending ? send_step(self, true) : receive_step(self);
    if (number == 0) {
        return 0;
    }
    if (number == EAGAIN || number == EINTR || (self->ours && number == EINPROGRESS)) {
        engine_blocked(self->engine, sending);
        return EAGAIN;
    }
    tls_error_t error;
    engine_transport_failed(self->engine, number, &error);
    forget_record(self);
    tls_raise(&error);
}

// Runs an operation to its end: bytes, or MP_STREAM_ERROR with EAGAIN. Raises everything else.
static mp_uint_t drive(tls_socket_t *self, operation_t operation, void *data, size_t length, int *errcode) {
    for (;;) {
        check_open(self);
        tls_error_t error;
        need_t need;
        if (operation == READ) {
            if (rest_of_record(self) > 0) {
                return take_from_record(self, data, length);
            }
            plaintext_t plaintext;
            // A read of a datagram takes all of it.
            size_t wanted = self->engine.datagram || length == 0 ? length : MAX(length, RECORD);
            if (!engine_read(self->engine, wanted, &plaintext, &error)) {
                fail(self, &error);
            }
            if (plaintext.tag == MICROPYTHON_SSL_TLS_PLAINTEXT_DATA) {
                self->record = plaintext.val.data;
                tls_context_log_keys(self->context);
                return take_from_record(self, data, length);
            }
            need = plaintext.val.again;
        } else {
            progress_t progress;
            bool good = operation == HANDSHAKE ? engine_handshake(self->engine, &progress, &error)
                                               : engine_write(self->engine, data, length, &progress, &error);
            if (!good) {
                fail(self, &error);
            }
            if (progress.tag == MICROPYTHON_SSL_TLS_PROGRESS_DONE) {
                tls_context_log_keys(self->context);
                return progress.val.done;
            }
            need = progress.val.again;
        }
        *errcode = satisfy(self, need);
        if (*errcode) {
            return MP_STREAM_ERROR;
        }
    }
}

/* The stream protocol */

static mp_uint_t stream_read(mp_obj_t self_in, void *buffer, mp_uint_t size, int *errcode) {
    return drive(MP_OBJ_TO_PTR(self_in), READ, buffer, size, errcode);
}

static mp_uint_t stream_write(mp_obj_t self_in, const void *data, mp_uint_t size, int *errcode) {
    tls_socket_t *self = MP_OBJ_TO_PTR(self_in);
    // A datagram is sent whole or not at all.
    return drive(self, WRITE, (void *)data, self->engine.datagram ? size : MIN(size, MOST_PLAINTEXT), errcode);
}

static mp_uint_t poll_stream(tls_socket_t *self, uintptr_t wanted, int *errcode) {
    if (self->engine.handle == 0) {
        return MP_STREAM_POLL_NVAL;
    }
    micropython_ssl_tls_readiness_t readiness;
    engine_poll(self->engine, wanted, &readiness);
    readiness.ready |= rest_of_record(self) > 0 ? wanted & MP_STREAM_POLL_RD : 0;
    if (readiness.ask == 0 || readiness.ready == wanted) {
        return readiness.ready;
    }
    mp_uint_t answer = mp_get_stream(self->sock)->ioctl(self->sock, MP_STREAM_POLL, readiness.ask, errcode);
    if (answer == MP_STREAM_ERROR || self->engine.handle == 0) {
        return answer;
    }
    return readiness.ready | engine_polled(self->engine, wanted, answer);
}

static mp_uint_t close_stream(tls_socket_t *self, int *errcode) {
    if (self->engine.handle == 0) {
        return 0;
    }
    engine_close(self->engine);
    if (self->ours) {
        send_last(self);
    }
    // What later uses fail with. A finaliser has nobody to tell.
    progress_t progress;
    tls_error_t error;
    if (!gc_is_locked() && !engine_handshake(self->engine, &progress, &error)) {
        self->closed_with = exception_of(&error);
    }
    release(self);
    return mp_get_stream(self->sock)->ioctl(self->sock, MP_STREAM_CLOSE, 0, errcode);
}

static mp_uint_t stream_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    switch (request) {
        case MP_STREAM_POLL:
            return poll_stream(MP_OBJ_TO_PTR(self_in), arg, errcode);
        case MP_STREAM_CLOSE:
            return close_stream(MP_OBJ_TO_PTR(self_in), errcode);
        default:
            *errcode = EINVAL;
            return MP_STREAM_ERROR;
    }
}

static const mp_stream_p_t stream_protocol = { .read = stream_read, .write = stream_write, .ioctl = stream_ioctl };

/* SSLSocket */

static void shake_hands(tls_socket_t *self) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        int errcode;
        while (drive(self, HANDSHAKE, NULL, 0, &errcode) == MP_STREAM_ERROR) {
            mp_event_wait_ms(1); // a non-blocking socket: MicroPython waits here nevertheless
        }
        nlr_pop();
        return;
    }
    // The connection is given up, the socket stays the caller's.
    if (self->engine.handle != 0) {
        release(self);
    }
    nlr_jump(nlr.ret_val);
}

mp_obj_t tls_socket_new(tls_context_t *context, const tls_wrapping_t *wrapping) {
    mp_get_stream_raise(wrapping->sock, MP_STREAM_OP_READ | MP_STREAM_OP_WRITE | MP_STREAM_OP_IOCTL);
    interpreter_list_u8_t hostname = { 0 };
    if (wrapping->hostname != mp_const_none) {
        hostname.ptr = (uint8_t *)mp_obj_str_get_data(wrapping->hostname, &hostname.len);
    }
    mp_buffer_info_t buffer;
    interpreter_list_u8_t client_id = { 0 };
    // What cannot be read as bytes is as good as nothing, which the engine refuses where it matters.
    bool has_client_id = mp_get_buffer(wrapping->client_id, &buffer, MP_BUFFER_READ);
    if (has_client_id) {
        client_id = (interpreter_list_u8_t) { buffer.buf, buffer.len };
    }

    tls_socket_t *self = mp_obj_malloc_with_finaliser(tls_socket_t, &tls_socket_type);
    self->context = context;
    self->sock = wrapping->sock;
    self->engine = (engine_t) { 0, context->datagram };
    self->ours = mp_obj_is_type(wrapping->sock, &socket_type);
    self->closed_with = MP_OBJ_NULL;
    self->waiting_since = 0;
    self->record = (interpreter_list_u8_t) { 0 };
    self->taken = 0;
    self->buffer = NULL;
    if (!self->ours) {
        self->buffer_size = TRANSPORT_BUFFER;
        if (context->datagram) {
            self->buffer_size = MAX(DATAGRAM_BUFFER, micropython_ssl_tls_method_context_dtls_mtu(context_of(context)));
        }
        self->buffer = malloc(self->buffer_size);
        if (self->buffer == NULL) {
            mp_raise_OSError(ENOMEM);
        }
    }

    interpreter_list_u8_t *name = wrapping->hostname == mp_const_none ? NULL : &hostname;
    tls_error_t error;
    bool made;
    if (context->datagram) {
        micropython_ssl_tls_own_datagram_connection_t connection;
        made = micropython_ssl_tls_method_context_connect_datagram(
            context_of(context), name, wrapping->server_side, has_client_id ? &client_id : NULL, &connection, &error);
        self->engine.handle = made ? connection.__handle : 0;
    } else {
        micropython_ssl_tls_own_connection_t connection;
        made = micropython_ssl_tls_method_context_connect(context_of(context), name, wrapping->server_side, &connection, &error);
        self->engine.handle = made ? connection.__handle : 0;
    }
    if (!made) {
        free(self->buffer);
        self->buffer = NULL;
        tls_raise(&error);
    }
    if (wrapping->handshake) {
        shake_hands(self);
    }
    return MP_OBJ_FROM_PTR(self);
}

// send(buf[, length]) or send(buf, offset, length): one attempt. A datagram is sent whole or not at all.
static mp_obj_t tls_socket_send(size_t n_args, const mp_obj_t *args) {
    tls_socket_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[1], &buffer, MP_BUFFER_READ);
    size_t offset = n_args > 3 ? MIN((size_t)mp_obj_get_int_truncated(args[2]), buffer.len) : 0;
    size_t length = buffer.len - offset;
    if (n_args > 2) {
        length = MIN((size_t)mp_obj_get_int_truncated(args[n_args - 1]), length);
    }
    length = self->engine.datagram ? length : MIN(length, MAX_SEND);
    return mp_stream_write(args[0], (byte *)buffer.buf + offset, length, MP_STREAM_RW_WRITE | MP_STREAM_RW_ONCE);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tls_socket_send_obj, 2, 4, tls_socket_send);

static mp_obj_t tls_socket_setblocking(mp_obj_t self_in, mp_obj_t flag) {
    tls_socket_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t method[3];
    mp_load_method(self->sock, MP_QSTR_setblocking, method);
    method[2] = flag;
    return mp_call_method_n_kw(1, 0, method);
}
static MP_DEFINE_CONST_FUN_OBJ_2(tls_socket_setblocking_obj, tls_socket_setblocking);

static mp_obj_t name_of(engine_t engine, bool (*name_of)(engine_t, interpreter_string_t *)) {
    interpreter_string_t name;
    if (engine.handle == 0 || !name_of(engine, &name)) {
        return mp_const_none;
    }
    mp_obj_t text = mp_obj_new_str((char *)name.ptr, name.len);
    interpreter_string_free(&name);
    return text;
}

// (suite, version), of None before the handshake.
static mp_obj_t tls_socket_cipher(mp_obj_t self_in) {
    tls_socket_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t pair[] = { name_of(self->engine, engine_cipher_suite), name_of(self->engine, engine_version) };
    return mp_obj_new_tuple(2, pair);
}
static MP_DEFINE_CONST_FUN_OBJ_1(tls_socket_cipher_obj, tls_socket_cipher);

static mp_obj_t tls_socket_version(mp_obj_t self_in) {
    tls_socket_t *self = MP_OBJ_TO_PTR(self_in);
    return name_of(self->engine, engine_version);
}
static MP_DEFINE_CONST_FUN_OBJ_1(tls_socket_version_obj, tls_socket_version);

static mp_obj_t tls_socket_selected_alpn_protocol(mp_obj_t self_in) {
    tls_socket_t *self = MP_OBJ_TO_PTR(self_in);
    interpreter_list_u8_t name;
    if (self->engine.handle == 0 || !engine_alpn_protocol(self->engine, &name)) {
        return mp_const_none;
    }
    mp_obj_t text = mp_obj_new_str((char *)name.ptr, name.len);
    interpreter_list_u8_free(&name);
    return text;
}
static MP_DEFINE_CONST_FUN_OBJ_1(tls_socket_selected_alpn_protocol_obj, tls_socket_selected_alpn_protocol);

static mp_obj_t tls_socket_getpeercert(mp_obj_t self_in, mp_obj_t binary_form) {
    tls_socket_t *self = MP_OBJ_TO_PTR(self_in);
    if (!mp_obj_is_true(binary_form)) {
        mp_raise_NotImplementedError(NULL);
    }
    interpreter_list_u8_t certificate;
    if (self->engine.handle == 0 || !engine_peer_certificate(self->engine, &certificate)) {
        return mp_const_none;
    }
    mp_obj_t bytes = mp_obj_new_bytes(certificate.ptr, certificate.len);
    interpreter_list_u8_free(&certificate);
    return bytes;
}
static MP_DEFINE_CONST_FUN_OBJ_2(tls_socket_getpeercert_obj, tls_socket_getpeercert);

static const mp_rom_map_elem_t tls_socket_methods[] = {
    { MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&mp_stream_read_obj) },
    { MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&mp_stream_unbuffered_readline_obj) },
    { MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj) },
    { MP_ROM_QSTR(MP_QSTR_recv), MP_ROM_PTR(&mp_stream_read1_obj) },
    { MP_ROM_QSTR(MP_QSTR_recv_into), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&tls_socket_send_obj) },
    { MP_ROM_QSTR(MP_QSTR_sendall), MP_ROM_PTR(&mp_stream_write_obj) },
    { MP_ROM_QSTR(MP_QSTR_setblocking), MP_ROM_PTR(&tls_socket_setblocking_obj) },
    { MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&mp_stream_ioctl_obj) },
    { MP_ROM_QSTR(MP_QSTR_cipher), MP_ROM_PTR(&tls_socket_cipher_obj) },
    { MP_ROM_QSTR(MP_QSTR_version), MP_ROM_PTR(&tls_socket_version_obj) },
    { MP_ROM_QSTR(MP_QSTR_selected_alpn_protocol), MP_ROM_PTR(&tls_socket_selected_alpn_protocol_obj) },
    { MP_ROM_QSTR(MP_QSTR_getpeercert), MP_ROM_PTR(&tls_socket_getpeercert_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&mp_stream_close_obj) },
};
static MP_DEFINE_CONST_DICT(tls_socket_methods_dict, tls_socket_methods);

static MP_DEFINE_CONST_OBJ_TYPE(
    tls_socket_type,
    MP_QSTR_SSLSocket,
    MP_TYPE_FLAG_NONE,
    protocol, &stream_protocol,
    locals_dict, &tls_socket_methods_dict
    );
