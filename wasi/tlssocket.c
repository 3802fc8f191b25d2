// SSLSocket: what a program reads, writes, polls and asks.

#include <errno.h>

#include "py/gc.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "modsocket.h"
#include "readall.h"
#include "room.h"
#include "tlsdrive.h"
#include "tlsflight.h"
#include "wait.h"

// MBEDTLS_SSL_OUT_CONTENT_LEN: the most that one send() takes.
#define MAX_SEND (4096)
// The most that is read or written at once over a stream that is no socket of ours.
#define TRANSPORT_BUFFER (4096)
#define DATAGRAM_BUFFER (16717)

// The most bytes that a byte of a certificate becomes in its description.
#define DESCRIPTION (12)

static const mp_obj_type_t tls_socket_type;
extern const mp_obj_module_t mp_module_json;

/* The stream protocol */

static mp_uint_t stream_read(mp_obj_t self_in, void *buffer, mp_uint_t size, int *errcode) {
    return tls_socket_drive(MP_OBJ_TO_PTR(self_in), TLS_READ, buffer, size, errcode);
}

static mp_uint_t stream_write(mp_obj_t self_in, const void *data, mp_uint_t size, int *errcode) {
    tls_socket_t *self = MP_OBJ_TO_PTR(self_in);
    // A datagram is sent whole or not at all.
    return tls_socket_drive(self, TLS_WRITE, (void *)data, self->engine.datagram ? size : MIN(size, MOST_PLAINTEXT), errcode);
}

static mp_uint_t poll_stream(tls_socket_t *self, uintptr_t wanted, int *errcode) {
    if (self->engine.handle == 0) {
        return MP_STREAM_POLL_NVAL;
    }
    flight_send();
    micropython_ssl_tls_readiness_t readiness;
    engine_poll(self->engine, wanted, &readiness);
    readiness.ready |= tls_socket_rest(self) > 0 ? wanted & MP_STREAM_POLL_RD : 0;
    if (readiness.ask == 0 || readiness.ready == wanted) {
        return readiness.ready;
    }
    mp_uint_t answer = mp_get_stream(self->sock)->ioctl(self->sock, MP_STREAM_POLL, readiness.ask, errcode);
    if (answer == MP_STREAM_ERROR) {
        return answer;
    }
    if (self->engine.handle == 0) {
        return MP_STREAM_POLL_NVAL;
    }
    return readiness.ready | engine_polled(self->engine, wanted, answer);
}

static mp_uint_t close_stream(tls_socket_t *self, int *errcode) {
    if (self->engine.handle == 0) {
        return 0;
    }
    engine_close(self->engine);
    if (self->ours) {
        tls_socket_flush(self);
    }
    // What later uses fail with.
    tls_error_t error;
    engine_closed_error(self->engine, &error);
    self->closed_code = error.code.val;
    if (gc_is_locked()) {
        micropython_ssl_tls_error_free(&error);
    } else {
        self->closed_with = tls_exception(&error);
    }
    tls_socket_release(self);
    return mp_get_stream(self->sock)->ioctl(self->sock, MP_STREAM_CLOSE, 0, errcode);
}

static mp_uint_t stream_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    tls_socket_t *self = MP_OBJ_TO_PTR(self_in);
    switch (request) {
        case MP_STREAM_POLL:
            return poll_stream(self, arg, errcode);
        case MP_STREAM_CLOSE:
            return close_stream(self, errcode);
        case STREAM_CHANGES:
            if (self->ours) {
                // The changes are counted with those of the socket.
                return mp_get_stream(self->sock)->ioctl(self->sock, request, arg, errcode);
            }
            MP_FALLTHROUGH
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
        while (tls_socket_drive(self, TLS_HANDSHAKE, NULL, 0, &errcode) == MP_STREAM_ERROR) {
            mp_event_wait_ms(1); // a non-blocking socket: MicroPython waits here nevertheless
        }
        nlr_pop();
        return;
    }
    // The connection is given up, the socket stays the caller's.
    if (self->engine.handle != 0) {
        tls_socket_release(self);
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
    // A client_id that is no bytes counts as none, which the engine refuses for a DTLS server.
    bool has_client_id = mp_get_buffer(wrapping->client_id, &buffer, MP_BUFFER_READ);
    if (has_client_id) {
        client_id = (interpreter_list_u8_t) { buffer.buf, buffer.len };
    }

    tls_socket_t *self = mp_obj_malloc_with_finaliser(tls_socket_t, &tls_socket_type);
    self->context = context;
    self->sock = wrapping->sock;
    self->server_hostname = wrapping->hostname;
    self->engine = (engine_t) { 0, context->datagram };
    self->ours = mp_obj_is_type(wrapping->sock, &socket_type);
    self->closed_with = MP_OBJ_NULL;
    self->in_use = false;
    self->record = (interpreter_list_u8_t) { 0 };
    self->taken = 0;
    self->begun = false;
    self->gathered = 0;
    self->buffer = NULL;
    if (!self->ours) {
        self->buffer_size = TRANSPORT_BUFFER;
        if (context->datagram) {
            self->buffer_size = MAX(DATAGRAM_BUFFER, micropython_ssl_tls_method_context_dtls_mtu(context_of(context)));
        }
        self->buffer = m_new(byte, self->buffer_size);
    }

    room_for_engine(hostname.len + client_id.len);
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
        tls_raise(&error);
    }
    if (wrapping->handshake) {
        shake_hands(self);
    }
    return MP_OBJ_FROM_PTR(self);
}

// send(buf[, length]) or send(buf, offset, length): one attempt. A datagram is sent whole or not at
// all.
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

// Calls a method of the stream below.
static mp_obj_t call_below(mp_obj_t self_in, qstr name, mp_obj_t argument) {
    tls_socket_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t method[3];
    mp_load_method(self->sock, name, method);
    method[2] = argument;
    return mp_call_method_n_kw(1, 0, method);
}

static mp_obj_t tls_socket_setblocking(mp_obj_t self_in, mp_obj_t flag) {
    return call_below(self_in, MP_QSTR_setblocking, flag);
}
static MP_DEFINE_CONST_FUN_OBJ_2(tls_socket_setblocking_obj, tls_socket_setblocking);

static mp_obj_t tls_socket_settimeout(mp_obj_t self_in, mp_obj_t seconds) {
    return call_below(self_in, MP_QSTR_settimeout, seconds);
}
static MP_DEFINE_CONST_FUN_OBJ_2(tls_socket_settimeout_obj, tls_socket_settimeout);

// Ends the handshake, or raises EAGAIN where it would have to wait and may not.
static mp_obj_t tls_socket_do_handshake(mp_obj_t self_in) {
    int errcode;
    if (tls_socket_drive(MP_OBJ_TO_PTR(self_in), TLS_HANDSHAKE, NULL, 0, &errcode) == MP_STREAM_ERROR) {
        mp_raise_OSError(errcode);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(tls_socket_do_handshake_obj, tls_socket_do_handshake);

static void tls_socket_attr(mp_obj_t self_in, qstr attribute, mp_obj_t *dest) {
    tls_socket_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] == MP_OBJ_NULL && attribute == MP_QSTR_server_hostname) {
        dest[0] = self->server_hostname;
    } else if (dest[0] == MP_OBJ_NULL) {
        dest[1] = MP_OBJ_SENTINEL; // it may be a method
    }
}

// A string or bytes of what the engine answered, which is freed.
static mp_obj_t object_of(const mp_obj_type_t *type, interpreter_list_u8_t *answer) {
    mp_obj_t object = MP_OBJ_NULL;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        object = type == &mp_type_str ? mp_obj_new_str((char *)answer->ptr, answer->len) : mp_obj_new_bytes(answer->ptr, answer->len);
        nlr_pop();
    }
    interpreter_list_u8_free(answer);
    if (object == MP_OBJ_NULL) {
        nlr_jump(nlr.ret_val);
    }
    return object;
}

static mp_obj_t name_of(engine_t engine, bool (*name_of)(engine_t, interpreter_string_t *)) {
    interpreter_string_t name;
    if (engine.handle == 0 || !name_of(engine, &name)) {
        return mp_const_none;
    }
    return object_of(&mp_type_str, &(interpreter_list_u8_t) { name.ptr, name.len });
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
    return object_of(&mp_type_str, &name);
}
static MP_DEFINE_CONST_FUN_OBJ_1(tls_socket_selected_alpn_protocol_obj, tls_socket_selected_alpn_protocol);

// Values of JSON with tuples in the place of lists.
static mp_obj_t with_tuples(mp_obj_t value) {
    if (!mp_obj_is_type(value, &mp_type_list)) {
        return value;
    }
    size_t length;
    mp_obj_t *items;
    mp_obj_get_array(value, &length, &items);
    mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(mp_obj_new_tuple(length, NULL));
    for (size_t i = 0; i < length; i++) {
        tuple->items[i] = with_tuples(items[i]);
    }
    return MP_OBJ_FROM_PTR(tuple);
}

// What the peer's certificate says, as CPython's dictionary; None without one.
static mp_obj_t describe_peer(tls_socket_t *self) {
    interpreter_list_u8_t certificate;
    if (self->engine.handle == 0 || !engine_peer_certificate(self->engine, &certificate)) {
        return mp_const_none;
    }
    interpreter_list_u8_free(&certificate);
    room_for_text(certificate.len * DESCRIPTION);
    mp_obj_t json = name_of(self->engine, engine_peer_description);
    if (json == mp_const_none) {
        return json;
    }
    mp_obj_t loads = mp_obj_dict_get(MP_OBJ_FROM_PTR(mp_module_json.globals), MP_OBJ_NEW_QSTR(MP_QSTR_loads));
    mp_obj_t description = mp_call_function_1(loads, json);
    mp_map_t *map = mp_obj_dict_get_map(description);
    for (size_t i = 0; i < map->alloc; i++) {
        if (mp_map_slot_is_filled(map, i)) {
            map->table[i].value = with_tuples(map->table[i].value);
        }
    }
    return description;
}

// getpeercert(binary_form=False): the certificate in DER, or what it says.
static mp_obj_t tls_socket_getpeercert(size_t n_args, const mp_obj_t *positional, mp_map_t *named) {
    static const mp_arg_t allowed[] = { { MP_QSTR_binary_form, MP_ARG_OBJ, { .u_rom_obj = MP_ROM_FALSE } } };
    mp_arg_val_t binary_form;
    mp_arg_parse_all(n_args - 1, positional + 1, named, 1, allowed, &binary_form);
    tls_socket_t *self = MP_OBJ_TO_PTR(positional[0]);
    if (!mp_obj_is_true(binary_form.u_obj)) {
        return describe_peer(self);
    }
    interpreter_list_u8_t certificate;
    if (self->engine.handle == 0 || !engine_peer_certificate(self->engine, &certificate)) {
        return mp_const_none;
    }
    return object_of(&mp_type_bytes, &certificate);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(tls_socket_getpeercert_obj, 1, tls_socket_getpeercert);

static const mp_rom_map_elem_t tls_socket_methods[] = {
    { MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&readall_read_obj) },
    { MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&mp_stream_unbuffered_readline_obj) },
    { MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj) },
    { MP_ROM_QSTR(MP_QSTR_recv), MP_ROM_PTR(&mp_stream_read1_obj) },
    { MP_ROM_QSTR(MP_QSTR_recv_into), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&tls_socket_send_obj) },
    { MP_ROM_QSTR(MP_QSTR_sendall), MP_ROM_PTR(&mp_stream_write_obj) },
    { MP_ROM_QSTR(MP_QSTR_setblocking), MP_ROM_PTR(&tls_socket_setblocking_obj) },
    { MP_ROM_QSTR(MP_QSTR_settimeout), MP_ROM_PTR(&tls_socket_settimeout_obj) },
    { MP_ROM_QSTR(MP_QSTR_do_handshake), MP_ROM_PTR(&tls_socket_do_handshake_obj) },
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
    attr, tls_socket_attr,
    protocol, &stream_protocol,
    locals_dict, &tls_socket_methods_dict
    );
