// Names of hosts and services: socket.getaddrinfo().

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "py/objlist.h"
#include "py/objtuple.h"
#include "py/runtime.h"
#include "py/unicode.h"
#include "names.h"
#include "network.h"
#include "options.h"
#include "wait.h"

#define MOST_ADDRESSES (16)

// Flags of getaddrinfo() that change something here.
#define AI_CANONNAME_ (0x2)
#define AI_NUMERICHOST_ (0x4)
#define AI_NUMERICSERV_ (0x400)
#define AI_KNOWN_ (0x7ff)

// Its errors.
#define EAI_BADFLAGS_ (-1)
#define EAI_NONAME_ (-2)
#define EAI_AGAIN_ (-3)
#define EAI_FAMILY_ (-6)
#define EAI_SOCKTYPE_ (-7)
#define EAI_SERVICE_ (-8)
#define EAI_ADDRFAMILY_ (-9)

// What sockets an address is for, in the order of getaddrinfo().
static const struct {
    uint8_t type;
    uint8_t proto;
} kinds[] = { { SOCK_STREAM_, IPPROTO_TCP_ }, { SOCK_DGRAM_, IPPROTO_UDP_ }, { SOCK_RAW_, 0 } };

#define HAS_PORTS (2) // the first of them

static MP_NORETURN void raise_lookup(int number) {
    static const char *const texts[] = {
        [-EAI_BADFLAGS_] = "unknown flags",
        [-EAI_NONAME_] = "name or service not known",
        [-EAI_AGAIN_] = "temporary failure in name resolution",
        [-EAI_FAMILY_] = "unknown address family",
        [-EAI_SOCKTYPE_] = "unknown socket type",
        [-EAI_SERVICE_] = "service not known for this socket type",
        [-EAI_ADDRFAMILY_] = "the host has no address of this family",
    };
    mp_obj_t args[] = { MP_OBJ_NEW_SMALL_INT(number), mp_obj_new_str_from_cstr(texts[-number]) };
    nlr_raise(mp_obj_exception_make_new(&mp_type_OSError, 2, 0, args));
}

static MP_NORETURN void raise_lookup_code(wasi_sockets_network_error_code_t code) {
    switch (code) {
        case WASI_SOCKETS_NETWORK_ERROR_CODE_TEMPORARY_RESOLVER_FAILURE:
            raise_lookup(EAI_AGAIN_);
        // So wasmtime reports that the program may not look names up.
        case WASI_SOCKETS_NETWORK_ERROR_CODE_PERMANENT_RESOLVER_FAILURE:
        case WASI_SOCKETS_NETWORK_ERROR_CODE_ACCESS_DENIED:
            raise_socket_error(EACCES);
        default:
            raise_lookup(EAI_NONAME_);
    }
}

// Looks a name up: at most `space` addresses of a family. Raises if there is none.
static size_t look_up(const char *name, size_t length, int family, ip_t *found, size_t space) {
    wasi_sockets_ip_name_lookup_own_resolve_address_stream_t stream;
    wasi_sockets_network_error_code_t code;
    interpreter_string_t text = { (uint8_t *)name, length };
    if (!wasi_sockets_ip_name_lookup_resolve_addresses(network(), &text, &stream, &code)) {
        raise_lookup_code(code);
    }
    wasi_sockets_ip_name_lookup_borrow_resolve_address_stream_t answers = wasi_sockets_ip_name_lookup_borrow_resolve_address_stream(stream);
    pollable_t ready = wasi_sockets_ip_name_lookup_method_resolve_address_stream_subscribe(answers);
    size_t count = 0;
    bool failed = false;
    for (;;) {
        wasi_sockets_ip_name_lookup_option_ip_address_t next;
        if (!wasi_sockets_ip_name_lookup_method_resolve_address_stream_resolve_next_address(answers, &next, &code)) {
            if (code == WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK) {
                wait_for(ready, -1);
                continue;
            }
            failed = true;
            break;
        }
        if (!next.is_some) {
            break;
        }
        if (ip_is_family(&next.val, family) && count < space) {
            found[count++] = next.val;
        }
    }
    wasi_io_poll_pollable_drop_own(ready);
    wasi_sockets_ip_name_lookup_resolve_address_stream_drop_own(stream);
    if (failed) {
        raise_lookup_code(code);
    }
    if (count == 0) {
        raise_lookup(EAI_NONAME_);
    }
    return count;
}

size_t names_resolve(mp_obj_t host, int family, ip_t *found, size_t space) {
    size_t length;
    const char *text = mp_obj_str_get_data(host, &length);
    if (ip_parse(text, &found[0])) {
        if (!ip_is_family(&found[0], family)) {
            raise_lookup(EAI_ADDRFAMILY_);
        }
        return 1;
    }
    // Some hosts take an address in brackets, or drop its zone, which their sockets do not know.
    if (length == 0 || text[strcspn(text, "[]%")] != 0 || !utf8_check((const byte *)text, length)) {
        raise_lookup(EAI_NONAME_);
    }
    return look_up(text, length, family, found, space);
}

static bool is_number(const char *text) {
    return text[strspn(text, "0123456789")] == 0;
}

// The port of a service that web/micropython/_services.py knows.
static uint16_t look_service_up(mp_obj_t name) {
    mp_obj_t ports = mp_load_attr(mp_import_name(MP_QSTR__services, mp_const_none, MP_OBJ_NEW_SMALL_INT(0)), MP_QSTR_PORTS);
    mp_obj_t text = mp_obj_new_str_from_cstr(mp_obj_str_get_str(name));
    mp_map_elem_t *elem = mp_map_lookup(mp_obj_dict_get_map(ports), text, MP_MAP_LOOKUP);
    if (elem == NULL) {
        raise_lookup(EAI_SERVICE_);
    }
    return mp_obj_get_int(elem->value);
}

// Which kinds of sockets are meant, as bits.
static unsigned kinds_of(mp_int_t type, mp_int_t proto, bool by_name) {
    if (type == 0 && proto == 0) {
        return by_name ? 3 : 7; // no raw socket has a service
    }
    for (unsigned i = 0; i < HAS_PORTS; i++) {
        if ((type == 0 || type == kinds[i].type) && (proto == 0 || proto == kinds[i].proto)) {
            return 1 << i;
        }
    }
    raise_lookup(type == 0 || type == SOCK_RAW_ ? EAI_SERVICE_ : EAI_SOCKTYPE_);
}

// getaddrinfo(host, port, af=0, type=0, proto=0, flags=0): IPv4 first, because programs take the
// first entry and a socket of the default family.
static mp_obj_t socket_getaddrinfo(size_t n_args, const mp_obj_t *args) {
    enum { HOST, PORT, FAMILY, TYPE, PROTO, FLAGS, COUNT };
    mp_int_t hints[COUNT] = { 0 };
    for (size_t i = FAMILY; i < n_args; i++) {
        hints[i] = mp_obj_get_int(args[i]);
    }
    size_t length;
    mp_obj_str_get_data(args[HOST], &length);
    bool is_int = mp_obj_is_int(args[PORT]);
    const char *service = is_int ? "" : mp_obj_str_get_str(args[PORT]);
    bool by_name = !is_number(service);
    if (hints[FLAGS] & ~AI_KNOWN_) {
        raise_lookup(EAI_BADFLAGS_);
    }
    if (by_name && hints[FLAGS] & AI_NUMERICSERV_) {
        raise_lookup(EAI_NONAME_);
    }
    if (hints[FAMILY] != AF_UNSPEC_ && hints[FAMILY] != AF_INET_ && hints[FAMILY] != AF_INET6_) {
        raise_lookup(EAI_FAMILY_);
    }
    unsigned wanted = kinds_of(hints[TYPE], hints[PROTO], by_name);
    uint16_t port = is_int ? mp_obj_int_get_truncated(args[PORT]) : by_name ? look_service_up(args[PORT]) : strtoul(service, NULL, 10);
    ip_t found[MOST_ADDRESSES];
    if (hints[FLAGS] & AI_NUMERICHOST_ && !ip_parse(mp_obj_str_get_str(args[HOST]), &found[0])) {
        raise_lookup(EAI_NONAME_);
    }
    size_t count = names_resolve(args[HOST], hints[FAMILY], found, MP_ARRAY_SIZE(found));
    mp_obj_t canonical_name = hints[FLAGS] & AI_CANONNAME_ ? mp_obj_new_str_from_cstr(mp_obj_str_get_str(args[HOST])) : mp_const_none;
    mp_obj_t list = mp_obj_new_list(0, NULL);
    static const int families[] = { AF_INET_, AF_INET6_ };
    for (size_t f = 0; f < MP_ARRAY_SIZE(families); f++) {
        for (size_t i = 0; i < count; i++) {
            for (size_t k = 0; k < MP_ARRAY_SIZE(kinds) && ip_is_family(&found[i], families[f]); k++) {
                if (wanted & 1 << k) {
                    mp_obj_t pair[] = { ip_to_python(&found[i]), MP_OBJ_NEW_SMALL_INT(port) };
                    mp_obj_t entry[] = {
                        MP_OBJ_NEW_SMALL_INT(families[f]), MP_OBJ_NEW_SMALL_INT(kinds[k].type),
                        MP_OBJ_NEW_SMALL_INT(kinds[k].proto), canonical_name, mp_obj_new_tuple(2, pair),
                    };
                    mp_obj_list_append(list, mp_obj_new_tuple(5, entry));
                    canonical_name = mp_const_none; // it is in the first entry only
                }
            }
        }
    }
    return list;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_getaddrinfo_obj, 2, 6, socket_getaddrinfo);
