// The tls module: SSLContext over the engine's context.

#include <stdlib.h>
#include <string.h>

#include "extmod/vfs.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/unicode.h"
#include "py/stream.h"
#include "modtls.h"
#include "readall.h"
#include "room.h"
#include "sockio.h"

// Bits of a protocol's number.
#define PROTOCOL_SERVER (1)
#define PROTOCOL_DATAGRAM (2)

#define TLS_1_2 (0x0303)
#define TLS_1_3 (0x0304)

// What an element of a list counts as beside its bytes, for has-room.
#define ELEMENT (16)

// The certificates of a system, unless SSL_CERT_FILE names others.
#define DEFAULT_CERTS "/etc/ssl/certs/ca-certificates.crt"

static const MP_DEFINE_STR_OBJ(version_obj, "0.1.0");
// Programs test for this name to learn that PKCS#8 keys, CERT_OPTIONAL and non-blocking sockets
// work.
static const MP_DEFINE_STR_OBJ(mbedtls_version_obj, "Mbed TLS 3.6.6");

// The only version that contexts speak, for programs and tests that know TLS 1.2; -X tls= of our
// runner.
#define VERSION_VARIABLE "MICROPYTHON_TLS"
// The cipher suites of contexts whose program sets none, by names with commas between them; -X
// ciphers= of our runner.
#define CIPHERS_VARIABLE "MICROPYTHON_TLS_CIPHERS"

// "required": clients of ssl verify their peers unless the program sets another mode; -X verify= of
// our runner.
#define VERIFY_VARIABLE "MICROPYTHON_TLS_VERIFY"

static const mp_obj_type_t tls_context_type;

// The TLS context that was made last, which the next connection is likely to be of.
static tls_context_t *latest;

// Makes the next handshake's key share while its transport is being opened.
static void prepare(void) {
    if (latest != NULL) {
        micropython_ssl_tls_method_context_prepare_key_share(context_of(latest));
    }
}

static interpreter_list_u8_t bytes_of(mp_obj_t text) {
    interpreter_list_u8_t list;
    list.ptr = (uint8_t *)mp_obj_str_get_data(text, &list.len);
    return list;
}

static void check(bool good, tls_error_t *error) {
    if (!good) {
        tls_raise(error);
    }
}

static void set_versions(tls_context_t *self, mp_int_t lowest, mp_int_t highest) {
    // Unknown numbers become a range that cannot be, which the engine refuses.
    bool known = (lowest == TLS_1_2 || lowest == TLS_1_3) && (highest == TLS_1_2 || highest == TLS_1_3);
    uint8_t from = known && lowest == TLS_1_2 ? MICROPYTHON_SSL_TLS_VERSION_TLS12 : MICROPYTHON_SSL_TLS_VERSION_TLS13;
    uint8_t to = known && highest == TLS_1_3 ? MICROPYTHON_SSL_TLS_VERSION_TLS13 : MICROPYTHON_SSL_TLS_VERSION_TLS12;
    tls_error_t error;
    check(micropython_ssl_tls_method_context_set_versions(context_of(self), from, to, &error), &error);
    self->minimum_version = lowest;
    self->maximum_version = highest;
}

// Both together are the key; one alone waits for the other.
static void set_psk(tls_context_t *self, mp_obj_t identity_in, mp_obj_t key_in) {
    if (identity_in != mp_const_none && key_in != mp_const_none) {
        interpreter_list_u8_t identity = bytes_of(identity_in);
        mp_buffer_info_t buffer;
        mp_get_buffer_raise(key_in, &buffer, MP_BUFFER_READ);
        interpreter_list_u8_t key = { buffer.buf, buffer.len };
        room_for_engine(identity.len + key.len);
        tls_error_t error;
        check(micropython_ssl_tls_method_context_set_psk(context_of(self), &identity, &key, &error), &error);
    }
    self->psk_identity = identity_in;
    self->psk_key = key_in;
}

static void pin_version(tls_context_t *self) {
    const char *version = getenv(VERSION_VARIABLE);
    if (version == NULL || self->datagram) {
        return;
    }
    if (strcmp(version, "1.2") == 0) {
        set_versions(self, TLS_1_2, TLS_1_2);
    } else if (strcmp(version, "1.3") == 0) {
        set_versions(self, TLS_1_3, TLS_1_3);
    } else {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT(VERSION_VARIABLE " is 1.2 or 1.3, not %s"), version);
    }
}

static void pin_ciphers(tls_context_t *self) {
    const char *name = getenv(CIPHERS_VARIABLE);
    interpreter_list_string_t names = { 0 };
    while (name != NULL && *name) {
        size_t length = strcspn(name, ",");
        names.ptr = m_renew(interpreter_string_t, names.ptr, names.len, names.len + 1);
        names.ptr[names.len++] = (interpreter_string_t) { (uint8_t *)name, length };
        name += length + (name[length] == ',');
    }
    tls_error_t error;
    if (names.len > 0 && !micropython_ssl_tls_method_context_set_ciphers(context_of(self), &names, &error)) {
        micropython_ssl_tls_error_free(&error);
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("there is no such cipher suite among %s"), getenv(CIPHERS_VARIABLE));
    }
}

static mp_obj_t tls_context_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    mp_int_t protocol = mp_obj_get_int(args[0]);
    tls_context_t *self = mp_obj_malloc_with_finaliser(tls_context_t, type);
    self->datagram = protocol & PROTOCOL_DATAGRAM;
    self->verify_callback = mp_const_none;
    self->keylog_filename = mp_const_none;
    self->psk_identity = mp_const_none;
    self->psk_key = mp_const_none;
    self->server_psk_keys = mp_const_none;
    self->minimum_version = TLS_1_2;
    self->maximum_version = TLS_1_3;
    self->context.__handle = 0;
    room_for_engine(0);
    self->context = micropython_ssl_tls_constructor_context(
        protocol & PROTOCOL_SERVER ? MICROPYTHON_SSL_TLS_ENDPOINT_SERVER : MICROPYTHON_SSL_TLS_ENDPOINT_CLIENT);
    pin_version(self);
    pin_ciphers(self);
    if (!self->datagram) {
        latest = self;
        socket_connecting = prepare;
    }
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t tls_context_del(mp_obj_t self_in) {
    tls_context_t *self = MP_OBJ_TO_PTR(self_in);
    if (latest == self) {
        latest = NULL;
    }
    // Programs may call this too, even twice.
    if (self->context.__handle != 0) {
        micropython_ssl_tls_context_drop_own(self->context);
        self->context.__handle = 0;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(tls_context_del_obj, tls_context_del);

// Who can read the log can read the connections. WASI knows no modes of files, so only a host of
// ours can see to it.
static mp_obj_t open_key_log(mp_obj_t path) {
    mp_obj_t args[] = { path, MP_OBJ_NEW_QSTR(MP_QSTR_a) };
    nlr_buf_t nlr;
    micropython_ssl_host_private_files(true);
    if (nlr_push(&nlr) != 0) {
        micropython_ssl_host_private_files(false);
        nlr_jump(nlr.ret_val);
    }
    mp_obj_t file = mp_vfs_open(MP_ARRAY_SIZE(args), args, (mp_map_t *)&mp_const_empty_map);
    nlr_pop();
    micropython_ssl_host_private_files(false);
    return file;
}

void tls_context_log_keys(tls_context_t *self) {
    if (self->keylog_filename == mp_const_none || self->context.__handle == 0) {
        return;
    }
    interpreter_string_t lines;
    micropython_ssl_tls_method_context_take_key_log(context_of(self), &lines);
    nlr_buf_t nlr;
    if (lines.len > 0 && nlr_push(&nlr) == 0) {
        mp_obj_t file = open_key_log(self->keylog_filename);
        mp_stream_write(file, lines.ptr, lines.len, MP_STREAM_RW_WRITE);
        mp_stream_close(file);
        nlr_pop();
    } // A log that cannot be written does not end the connection.
    interpreter_string_free(&lines);
}

static void load_attribute(tls_context_t *self, qstr attribute, mp_obj_t *dest) {
    switch (attribute) {
        case MP_QSTR_verify_mode:
            dest[0] = mp_obj_new_int(micropython_ssl_tls_method_context_verify_mode(context_of(self)));
            break;
        case MP_QSTR_check_hostname:
            dest[0] = mp_obj_new_bool(micropython_ssl_tls_method_context_check_hostname(context_of(self)));
            break;
        case MP_QSTR_verify_callback:
            dest[0] = self->verify_callback;
            break;
        case MP_QSTR_minimum_version:
            dest[0] = MP_OBJ_NEW_SMALL_INT(self->minimum_version);
            break;
        case MP_QSTR_maximum_version:
            dest[0] = MP_OBJ_NEW_SMALL_INT(self->maximum_version);
            break;
        case MP_QSTR_keylog_filename:
            dest[0] = self->keylog_filename;
            break;
        case MP_QSTR_psk_identity:
            dest[0] = self->psk_identity;
            break;
        case MP_QSTR_psk_key:
            dest[0] = self->psk_key;
            break;
        case MP_QSTR_server_psk_keys:
            dest[0] = self->server_psk_keys;
            break;
        case MP_QSTR_dtls_mtu:
            dest[0] = mp_obj_new_int_from_uint(micropython_ssl_tls_method_context_dtls_mtu(context_of(self)));
            break;
        default:
            dest[1] = MP_OBJ_SENTINEL; // it may be a method
    }
}

// False if there is no such attribute.
static bool store_attribute(tls_context_t *self, qstr attribute, mp_obj_t value) {
    tls_error_t error;
    switch (attribute) {
        case MP_QSTR_verify_mode:
            check(micropython_ssl_tls_method_context_set_verify_mode(context_of(self), mp_obj_get_int(value), &error), &error);
            return true;
        case MP_QSTR_check_hostname:
            micropython_ssl_tls_method_context_set_check_hostname(context_of(self), mp_obj_is_true(value));
            return true;
        case MP_QSTR_verify_callback:
            self->verify_callback = value;
            micropython_ssl_tls_method_context_set_verify_callback(context_of(self), value != mp_const_none);
            return true;
        case MP_QSTR_minimum_version:
            set_versions(self, mp_obj_get_int(value), self->maximum_version);
            return true;
        case MP_QSTR_maximum_version:
            set_versions(self, self->minimum_version, mp_obj_get_int(value));
            return true;
        case MP_QSTR_keylog_filename:
            if (value != mp_const_none) {
                mp_stream_close(open_key_log(value));
            }
            self->keylog_filename = value;
            micropython_ssl_tls_method_context_set_key_log(context_of(self), value != mp_const_none);
            return true;
        case MP_QSTR_psk_identity:
            set_psk(self, value, self->psk_key);
            return true;
        case MP_QSTR_psk_key:
            set_psk(self, self->psk_identity, value);
            return true;
        case MP_QSTR_server_psk_keys:
            self->server_psk_keys = value;
            micropython_ssl_tls_method_context_ask_for_psks(context_of(self));
            return true;
        case MP_QSTR_dtls_mtu: {
            mp_int_t size = mp_obj_get_int(value);
            check(micropython_ssl_tls_method_context_set_dtls_mtu(context_of(self), MAX(size, 0), &error), &error);
            return true;
        }
        default:
            return false;
    }
}

static void tls_context_attr(mp_obj_t self_in, qstr attribute, mp_obj_t *dest) {
    tls_context_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->context.__handle == 0) {
        // After __del__ only the methods are left.
        dest[1] = dest[0] == MP_OBJ_NULL ? MP_OBJ_SENTINEL : dest[1];
        return;
    }
    if (dest[0] == MP_OBJ_NULL) {
        load_attribute(self, attribute, dest);
    } else if (dest[1] != MP_OBJ_NULL && store_attribute(self, attribute, dest[1])) {
        dest[0] = MP_OBJ_NULL;
    }
}

// The context, for methods: a program may have kept a bound method from before __del__.
static tls_context_t *usable(mp_obj_t self_in) {
    tls_context_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->context.__handle == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("the context was deleted"));
    }
    return self;
}

static mp_obj_t tls_context_load_cert_chain(mp_obj_t self_in, mp_obj_t cert_in, mp_obj_t key_in) {
    tls_context_t *self = usable(self_in);
    tls_error_t error;
    interpreter_list_u8_t key = bytes_of(key_in);
    if (!mp_obj_is_str_or_bytes(cert_in)) {
        room_for_engine(key.len);
        // MicroPython raises the error of the key before it looks at the certificate's type.
        check(micropython_ssl_tls_method_context_check_private_key(context_of(self), &key, &error), &error);
    }
    interpreter_list_u8_t cert = bytes_of(cert_in);
    room_for_engine(cert.len + key.len);
    check(micropython_ssl_tls_method_context_load_cert_chain(context_of(self), &cert, &key, &error), &error);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(tls_context_load_cert_chain_obj, tls_context_load_cert_chain);

static mp_obj_t tls_context_load_verify_locations(mp_obj_t self_in, mp_obj_t cadata) {
    tls_context_t *self = usable(self_in);
    tls_error_t error;
    interpreter_list_u8_t certificates = bytes_of(cadata);
    room_for_engine(certificates.len);
    check(micropython_ssl_tls_method_context_load_verify_locations(context_of(self), &certificates, &error), &error);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(tls_context_load_verify_locations_obj, tls_context_load_verify_locations);

// Trusts the certificates of the system, where the program may read them; OSError(ENOENT)
// otherwise.
static mp_obj_t tls_context_load_default_certs(mp_obj_t self_in) {
    const char *path = getenv("SSL_CERT_FILE");
    mp_obj_t args[] = { mp_obj_new_str_from_cstr(path != NULL && *path ? path : DEFAULT_CERTS), MP_OBJ_NEW_QSTR(MP_QSTR_rb) };
    mp_obj_t file = mp_vfs_open(MP_ARRAY_SIZE(args), args, (mp_map_t *)&mp_const_empty_map);
    mp_obj_t certificates = mp_call_function_1(MP_OBJ_FROM_PTR(&readall_read_obj), file);
    mp_stream_close(file);
    return tls_context_load_verify_locations(self_in, certificates);
}
static MP_DEFINE_CONST_FUN_OBJ_1(tls_context_load_default_certs_obj, tls_context_load_default_certs);

static mp_obj_t tls_context_get_ciphers(mp_obj_t self_in) {
    interpreter_list_string_t names;
    micropython_ssl_tls_cipher_suites(&names);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (size_t i = 0; i < names.len; i++) {
        mp_obj_list_append(list, mp_obj_new_str((char *)names.ptr[i].ptr, names.ptr[i].len));
    }
    interpreter_list_string_free(&names);
    return list;
}
static MP_DEFINE_CONST_FUN_OBJ_1(tls_context_get_ciphers_obj, tls_context_get_ciphers);

// A list or tuple of text. WIT has no text that is not UTF-8. Such text is no name, so it becomes a
// name that nothing has.
static interpreter_list_string_t names_of(mp_obj_t sequence) {
    static const char no_name[] = "?";
    mp_obj_t *items;
    interpreter_list_string_t names;
    mp_obj_get_array(sequence, &names.len, &items);
    names.ptr = m_new(interpreter_string_t, names.len);
    size_t total = 0;
    for (size_t i = 0; i < names.len; i++) {
        interpreter_list_u8_t bytes = bytes_of(items[i]);
        bool is_text = utf8_check(bytes.ptr, bytes.len);
        total += bytes.len + ELEMENT;
        names.ptr[i] = is_text ? (interpreter_string_t) { bytes.ptr, bytes.len } : (interpreter_string_t) { (uint8_t *)no_name, 1 };
    }
    room_for_engine(total);
    return names;
}

static mp_obj_t tls_context_set_ciphers(mp_obj_t self_in, mp_obj_t ciphers) {
    tls_context_t *self = usable(self_in);
    tls_error_t error;
    interpreter_list_string_t names = names_of(ciphers);
    for (size_t i = 0; i < names.len; i++) {
        names.ptr[i].len = strnlen((char *)names.ptr[i].ptr, names.ptr[i].len); // they end at a NUL, as in C
    }
    check(micropython_ssl_tls_method_context_set_ciphers(context_of(self), &names, &error), &error);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(tls_context_set_ciphers_obj, tls_context_set_ciphers);

static mp_obj_t tls_context_set_alpn_protocols(mp_obj_t self_in, mp_obj_t protocols) {
    tls_context_t *self = usable(self_in);
    tls_error_t error;
    interpreter_list_string_t names = names_of(protocols);
    check(micropython_ssl_tls_method_context_set_alpn_protocols(context_of(self), &names, &error), &error);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(tls_context_set_alpn_protocols_obj, tls_context_set_alpn_protocols);

static mp_obj_t tls_context_set_session_resumption(mp_obj_t self_in, mp_obj_t enabled) {
    micropython_ssl_tls_method_context_set_session_resumption(context_of(usable(self_in)), mp_obj_is_true(enabled));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(tls_context_set_session_resumption_obj, tls_context_set_session_resumption);

static mp_obj_t tls_context_wrap_socket(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args) {
    enum { SERVER_SIDE, HANDSHAKE, HOSTNAME, CLIENT_ID };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_server_side, MP_ARG_KW_ONLY | MP_ARG_BOOL, { .u_bool = false } },
        { MP_QSTR_do_handshake_on_connect, MP_ARG_KW_ONLY | MP_ARG_BOOL, { .u_bool = true } },
        { MP_QSTR_server_hostname, MP_ARG_KW_ONLY | MP_ARG_OBJ, { .u_rom_obj = MP_ROM_NONE } },
        { MP_QSTR_client_id, MP_ARG_KW_ONLY | MP_ARG_OBJ, { .u_rom_obj = MP_ROM_NONE } },
    };
    mp_arg_val_t given[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 2, args + 2, kw_args, MP_ARRAY_SIZE(allowed), allowed, given);
    tls_wrapping_t wrapping = {
        .sock = args[1],
        .server_side = given[SERVER_SIDE].u_bool,
        .handshake = given[HANDSHAKE].u_bool,
        .hostname = given[HOSTNAME].u_obj,
        .client_id = given[CLIENT_ID].u_obj,
    };
    return tls_socket_new(usable(args[0]), &wrapping);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(tls_context_wrap_socket_obj, 2, tls_context_wrap_socket);

static const mp_rom_map_elem_t tls_context_methods[] = {
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&tls_context_del_obj) },
    { MP_ROM_QSTR(MP_QSTR_get_ciphers), MP_ROM_PTR(&tls_context_get_ciphers_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_ciphers), MP_ROM_PTR(&tls_context_set_ciphers_obj) },
    { MP_ROM_QSTR(MP_QSTR_load_cert_chain), MP_ROM_PTR(&tls_context_load_cert_chain_obj) },
    { MP_ROM_QSTR(MP_QSTR_load_verify_locations), MP_ROM_PTR(&tls_context_load_verify_locations_obj) },
    { MP_ROM_QSTR(MP_QSTR_load_default_certs), MP_ROM_PTR(&tls_context_load_default_certs_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_alpn_protocols), MP_ROM_PTR(&tls_context_set_alpn_protocols_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_session_resumption), MP_ROM_PTR(&tls_context_set_session_resumption_obj) },
    { MP_ROM_QSTR(MP_QSTR_wrap_socket), MP_ROM_PTR(&tls_context_wrap_socket_obj) },
};
static MP_DEFINE_CONST_DICT(tls_context_methods_dict, tls_context_methods);

static MP_DEFINE_CONST_OBJ_TYPE(
    tls_context_type,
    MP_QSTR_SSLContext,
    MP_TYPE_FLAG_NONE,
    make_new, tls_context_make_new,
    attr, tls_context_attr,
    locals_dict, &tls_context_methods_dict
    );

// Beyond MicroPython: values of minimum_version and maximum_version, as CPython numbers them.
static const mp_rom_map_elem_t tls_version_names[] = {
    { MP_ROM_QSTR(MP_QSTR_TLSv1_2), MP_ROM_INT(TLS_1_2) },
    { MP_ROM_QSTR(MP_QSTR_TLSv1_3), MP_ROM_INT(TLS_1_3) },
};
static MP_DEFINE_CONST_DICT(tls_version_names_dict, tls_version_names);

static MP_DEFINE_CONST_OBJ_TYPE(tls_version_type, MP_QSTR_TLSVersion, MP_TYPE_FLAG_NONE, locals_dict, &tls_version_names_dict);

// For ssl.
static mp_obj_t tls_verify_required(void) {
    const char *verify = getenv(VERIFY_VARIABLE);
    if (verify != NULL && strcmp(verify, "required") != 0) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT(VERIFY_VARIABLE " is required, not %s"), verify);
    }
    return mp_obj_new_bool(verify != NULL);
}
static MP_DEFINE_CONST_FUN_OBJ_0(tls_verify_required_obj, tls_verify_required);

static const mp_rom_map_elem_t tls_module_globals[] = {
    { MP_ROM_QSTR(MP_QSTR__verify_required), MP_ROM_PTR(&tls_verify_required_obj) },
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_tls) },
    { MP_ROM_QSTR(MP_QSTR___version__), MP_ROM_PTR(&version_obj) },
    { MP_ROM_QSTR(MP_QSTR_SSLContext), MP_ROM_PTR(&tls_context_type) },
    { MP_ROM_QSTR(MP_QSTR_TLSVersion), MP_ROM_PTR(&tls_version_type) },
    { MP_ROM_QSTR(MP_QSTR_MBEDTLS_VERSION), MP_ROM_PTR(&mbedtls_version_obj) },
    { MP_ROM_QSTR(MP_QSTR_PROTOCOL_TLS_CLIENT), MP_ROM_INT(0) },
    { MP_ROM_QSTR(MP_QSTR_PROTOCOL_TLS_SERVER), MP_ROM_INT(PROTOCOL_SERVER) },
    { MP_ROM_QSTR(MP_QSTR_PROTOCOL_DTLS_CLIENT), MP_ROM_INT(PROTOCOL_DATAGRAM) },
    { MP_ROM_QSTR(MP_QSTR_PROTOCOL_DTLS_SERVER), MP_ROM_INT(PROTOCOL_DATAGRAM | PROTOCOL_SERVER) },
    { MP_ROM_QSTR(MP_QSTR_CERT_NONE), MP_ROM_INT(0) },
    { MP_ROM_QSTR(MP_QSTR_CERT_OPTIONAL), MP_ROM_INT(1) },
    { MP_ROM_QSTR(MP_QSTR_CERT_REQUIRED), MP_ROM_INT(2) },
};
static MP_DEFINE_CONST_DICT(tls_module_dict, tls_module_globals);

const mp_obj_module_t mp_module_tls = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&tls_module_dict,
};

MP_REGISTER_MODULE(MP_QSTR_tls, mp_module_tls);
