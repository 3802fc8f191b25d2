// Ciphertext between the engine and the stream below.

#include <errno.h>
#include <string.h>

#include "py/objexcept.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "tlsio.h"

// The most ciphertext that is received at once.
#define RECEIVE_AHEAD (64 * 1024)

mp_obj_t tls_exception(tls_error_t *error) {
    static const mp_obj_type_t *const types[] = {
        [MICROPYTHON_SSL_TLS_EXCEPTION_OS_ERROR] = &mp_type_OSError,
        [MICROPYTHON_SSL_TLS_EXCEPTION_VALUE_ERROR] = &mp_type_ValueError,
        [MICROPYTHON_SSL_TLS_EXCEPTION_MEMORY_ERROR] = &mp_type_MemoryError,
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

void tls_socket_check_open(tls_socket_t *self) {
    if (self->engine.handle == 0) {
        raise_closed(self);
    }
}

// Calls the program's own stream: it reads to the buffer or writes from it. Its code may do
// anything but use this connection.
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
    tls_socket_check_open(self);
    return count == MP_STREAM_ERROR ? count : MIN(count, length);
}

int tls_socket_send_step(tls_socket_t *self, patience_t *patience) {
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
        tls_socket_check_open(self);
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

// Returns 0 also when no datagram came for so long that the engine has to be asked again.
static int receive_from_socket(tls_socket_t *self, patience_t *patience) {
    interpreter_list_u8_t data;
    patience_t until_asked = { 0 };
    bool asks = self->engine.datagram && patience->timeout != 0;
    if (asks) {
        until_asked.timeout = engine_wait(self->engine, patience_end(patience));
        if (until_asked.timeout == 0) {
            return ETIMEDOUT;
        }
    }
    int error = socket_receive(self->sock, RECEIVE_AHEAD, asks ? &until_asked : patience, &data);
    if (error == 0 && self->engine.handle != 0) {
        engine_received(self->engine, data.ptr, data.len);
    }
    if (error == 0) {
        interpreter_list_u8_free(&data);
    }
    tls_socket_check_open(self);
    return until_asked.timeout > 0 && error == ETIMEDOUT ? 0 : error;
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

int tls_socket_receive_step(tls_socket_t *self, patience_t *patience) {
    return self->ours ? receive_from_socket(self, patience) : receive_from_stream(self);
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
        error = tls_socket_send_step(self, &none);
    }
    return error;
}
