// Socket addresses. A Python program passes a (host, port) pair, and gets such pairs from getaddrinfo(), accept() and recvfrom().

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "py/gc.h"
#include "py/objlist.h"
#include "py/objtuple.h"
#include "py/runtime.h"
#include "py/unicode.h"
#include "address.h"
#include "wait.h"

#define SOCK_STREAM_ (1)
#define SOCK_DGRAM_ (2)
#define IPPROTO_TCP_ (6)
#define IPPROTO_UDP_ (17)
#define EAI_NONAME_ (-2)
#define EAI_AGAIN_ (-3)

#define LONGEST_ADDRESS sizeof("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
#define GROUPS (8) // of an IPv6 address

typedef wasi_sockets_network_ip_address_t ip_t;

wasi_sockets_network_borrow_network_t network(void) {
    static wasi_sockets_instance_network_own_network_t ours;
    if (ours.__handle == 0) {
        ours = wasi_sockets_instance_network_instance_network();
    }
    return wasi_sockets_network_borrow_network(ours);
}

int error_number(int otherwise) {
    int number = micropython_ssl_host_error_number();
    return number != 0 ? number : otherwise;
}

MP_NORETURN void raise_socket_error(int number) {
    interpreter_string_t words;
    micropython_ssl_host_error_text(number, &words);
    if (words.len == 0 || gc_is_locked()) {
        interpreter_string_free(&words);
        mp_raise_OSError(number);
    }
    mp_obj_t args[] = { MP_OBJ_NEW_SMALL_INT(number), mp_obj_new_str((char *)words.ptr, words.len) };
    interpreter_string_free(&words);
    nlr_raise(mp_obj_exception_make_new(&mp_type_OSError, 2, 0, args));
}

int errno_of(wasi_sockets_network_error_code_t code) {
    switch (code) {
        case WASI_SOCKETS_NETWORK_ERROR_CODE_ACCESS_DENIED:
            return EACCES;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_NOT_SUPPORTED:
            return EOPNOTSUPP;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_INVALID_ARGUMENT:
        case WASI_SOCKETS_NETWORK_ERROR_CODE_INVALID_STATE:
            return EINVAL;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_OUT_OF_MEMORY:
            return ENOMEM;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_TIMEOUT:
            return ETIMEDOUT;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_CONCURRENCY_CONFLICT:
        case WASI_SOCKETS_NETWORK_ERROR_CODE_NOT_IN_PROGRESS:
            return EALREADY;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK:
            return EAGAIN;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_NEW_SOCKET_LIMIT:
            return EMFILE;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_ADDRESS_NOT_BINDABLE:
            return EADDRNOTAVAIL;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_ADDRESS_IN_USE:
            return EADDRINUSE;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_REMOTE_UNREACHABLE:
            return error_number(EHOSTUNREACH);
        case WASI_SOCKETS_NETWORK_ERROR_CODE_CONNECTION_REFUSED:
            return ECONNREFUSED;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_CONNECTION_RESET:
            return ECONNRESET;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_CONNECTION_ABORTED:
            return ECONNABORTED;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_DATAGRAM_TOO_LARGE:
            return EMSGSIZE;
        default:
            return error_number(EIO);
    }
}

// The numbers of an IPv4 address; false if it is none.
static bool parse_ipv4(const char *text, uint8_t *numbers) {
    for (int i = 0; i < 4; i++) {
        unsigned number = 0;
        const char *start = text;
        for (; *text >= '0' && *text <= '9' && text - start < 3; text++) {
            number = number * 10 + (*text - '0');
        }
        if (text == start || number > 255 || *text != (i < 3 ? '.' : 0)) {
            return false;
        }
        numbers[i] = number;
        text += 1;
    }
    return true;
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

// The groups of an IPv6 address (RFC 4291, section 2.2); false if it is none.
static bool parse_ipv6(const char *text, uint16_t *groups) {
    int count = 0;
    int gap = -1;
    memset(groups, 0, GROUPS * sizeof(*groups));
    if (text[0] == ':' && text[1] == ':') {
        gap = 0;
        text += 2;
    }
    while (*text) {
        uint8_t numbers[4];
        if (count <= GROUPS - 2 && parse_ipv4(text, numbers)) {
            groups[count++] = numbers[0] << 8 | numbers[1];
            groups[count++] = numbers[2] << 8 | numbers[3];
            break;
        }
        unsigned group = 0;
        const char *start = text;
        for (; hex_digit(*text) >= 0 && text - start < 4; text++) {
            group = group << 4 | hex_digit(*text);
        }
        if (text == start || count == GROUPS) {
            return false;
        }
        groups[count++] = group;
        if (*text == 0) {
            break;
        }
        if (*text++ != ':') {
            return false;
        }
        if (*text == ':') {
            if (gap >= 0) {
                return false;
            }
            gap = count;
            text += 1;
        } else if (*text == 0) {
            return false;
        }
    }
    if (gap < 0) {
        return count == GROUPS;
    }
    if (count == GROUPS) {
        return false;
    }
    int moved = count - gap;
    memmove(groups + GROUPS - moved, groups + gap, moved * sizeof(*groups));
    memset(groups + gap, 0, (GROUPS - count) * sizeof(*groups));
    return true;
}

static bool parse_ip(const char *text, ip_t *ip) {
    uint8_t v4[4];
    uint16_t v6[GROUPS];
    if (parse_ipv4(text, v4)) {
        ip->tag = WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV4;
        ip->val.ipv4 = (wasi_sockets_network_ipv4_address_t) { v4[0], v4[1], v4[2], v4[3] };
        return true;
    }
    if (parse_ipv6(text, v6)) {
        ip->tag = WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV6;
        ip->val.ipv6 = (wasi_sockets_network_ipv6_address_t) { v6[0], v6[1], v6[2], v6[3], v6[4], v6[5], v6[6], v6[7] };
        return true;
    }
    return false;
}

static mp_obj_t ip_to_python(const ip_t *ip) {
    char text[LONGEST_ADDRESS];
    int length = 0;
    if (ip->tag == WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV4) {
        const wasi_sockets_network_ipv4_address_t *v4 = &ip->val.ipv4;
        length = snprintf(text, sizeof(text), "%u.%u.%u.%u", v4->f0, v4->f1, v4->f2, v4->f3);
        return mp_obj_new_str(text, length);
    }
    const wasi_sockets_network_ipv6_address_t *v6 = &ip->val.ipv6;
    const uint16_t groups[GROUPS] = { v6->f0, v6->f1, v6->f2, v6->f3, v6->f4, v6->f5, v6->f6, v6->f7 };
    // The longest run of zeros, if it has two or more, is left out (RFC 5952, section 4.2).
    int gap = GROUPS;
    int gap_length = 1;
    for (int i = 0; i < GROUPS; i++) {
        int run = 0;
        while (i + run < GROUPS && groups[i + run] == 0) {
            run += 1;
        }
        if (run > gap_length) {
            gap = i;
            gap_length = run;
        }
    }
    for (int i = 0; i < GROUPS;) {
        if (i == gap) {
            length += snprintf(text + length, sizeof(text) - length, "::");
            i += gap_length;
            continue;
        }
        length += snprintf(text + length, sizeof(text) - length, "%s%x", i == 0 || i == gap + gap_length ? "" : ":", groups[i]);
        i += 1;
    }
    return mp_obj_new_str(text, length);
}

static address_t with_port(const ip_t *ip, uint16_t port) {
    address_t address = { 0 };
    if (ip->tag == WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV4) {
        address.tag = WASI_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV4;
        address.val.ipv4.port = port;
        address.val.ipv4.address = ip->val.ipv4;
    } else {
        address.tag = WASI_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV6;
        address.val.ipv6.port = port;
        address.val.ipv6.address = ip->val.ipv6;
    }
    return address;
}

static ip_t any_ip(int family) {
    ip_t ip = { .tag = family == AF_INET6_ ? WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV6 : WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV4 };
    return ip;
}

static bool is_family(const ip_t *ip, int family) {
    return family == AF_UNSPEC_ || any_ip(family).tag == ip->tag;
}

static MP_NORETURN void raise_lookup(int number) {
    const char *text = number == EAI_NONAME_ ? "name or service not known" : "temporary failure in name resolution";
    mp_obj_t args[] = { MP_OBJ_NEW_SMALL_INT(number), mp_obj_new_str_from_cstr(text) };
    nlr_raise(mp_obj_exception_make_new(&mp_type_OSError, 2, 0, args));
}

static MP_NORETURN void raise_lookup_code(wasi_sockets_network_error_code_t code) {
    switch (code) {
        case WASI_SOCKETS_NETWORK_ERROR_CODE_TEMPORARY_RESOLVER_FAILURE:
            raise_lookup(EAI_AGAIN_);
        // How wasmtime says that the program may not ask.
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
        if (is_family(&next.val, family) && count < space) {
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

// The addresses of a host: a number, a name, or "" for any.
static size_t resolve(mp_obj_t host, int family, ip_t *found, size_t space) {
    size_t length;
    const char *text;
    mp_buffer_info_t bytes;
    if (mp_obj_is_str(host)) {
        text = mp_obj_str_get_data(host, &length);
    } else {
        mp_get_buffer_raise(host, &bytes, MP_BUFFER_READ);
        vstr_t copy;
        vstr_init_len(&copy, bytes.len);
        memcpy(copy.buf, bytes.buf, bytes.len);
        text = vstr_null_terminated_str(&copy);
        length = bytes.len;
    }
    if (length == 0) {
        found[0] = any_ip(family);
        return 1;
    }
    if (parse_ip(text, &found[0])) {
        if (!is_family(&found[0], family)) {
            raise_lookup(EAI_NONAME_);
        }
        return 1;
    }
    if (!utf8_check((const byte *)text, length)) {
        raise_lookup(EAI_NONAME_);
    }
    return look_up(text, length, family, found, space);
}

address_t address_from_python(mp_obj_t pair, int family) {
    if (!mp_obj_is_type(pair, &mp_type_tuple) && !mp_obj_is_type(pair, &mp_type_list)) {
        mp_raise_TypeError(MP_ERROR_TEXT("address must be a tuple of host and port"));
    }
    size_t count;
    mp_obj_t *items;
    mp_obj_get_array(pair, &count, &items);
    if (count < 2) {
        mp_raise_msg(&mp_type_IndexError, MP_ERROR_TEXT("tuple index out of range"));
    }
    mp_int_t port = mp_obj_get_int(items[1]);
    if (port < 0 || port > 0xffff) {
        mp_raise_msg(&mp_type_OverflowError, MP_ERROR_TEXT("port must be 0-65535"));
    }
    ip_t ip;
    resolve(items[0], family, &ip, 1);
    return with_port(&ip, port);
}

address_t address_any(int family) {
    ip_t ip = any_ip(family);
    return with_port(&ip, 0);
}

mp_obj_t address_to_python(const address_t *address) {
    ip_t ip = any_ip(AF_INET_);
    uint16_t port = address->val.ipv4.port;
    if (address->tag == WASI_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV4) {
        ip.val.ipv4 = address->val.ipv4.address;
    } else {
        ip = any_ip(AF_INET6_);
        ip.val.ipv6 = address->val.ipv6.address;
        port = address->val.ipv6.port;
    }
    mp_obj_t pair[] = { ip_to_python(&ip), MP_OBJ_NEW_SMALL_INT(port) };
    return mp_obj_new_tuple(2, pair);
}

bool address_equal(const address_t *a, const address_t *b) {
    if (a->tag != b->tag) {
        return false;
    }
    if (a->tag == WASI_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV4) {
        return a->val.ipv4.port == b->val.ipv4.port
            && memcmp(&a->val.ipv4.address, &b->val.ipv4.address, sizeof(a->val.ipv4.address)) == 0;
    }
    return a->val.ipv6.port == b->val.ipv6.port
        && memcmp(&a->val.ipv6.address, &b->val.ipv6.address, sizeof(a->val.ipv6.address)) == 0;
}

// getaddrinfo(host, port, af=0, type=0, proto=0, flags=0): IPv4 first, because programs take the first entry and a socket of the default
// family.
static mp_obj_t socket_getaddrinfo(size_t n_args, const mp_obj_t *args) {
    enum { HOST, PORT, FAMILY, TYPE, PROTO };
    ip_t found[16];
    mp_obj_t port = mp_obj_is_int(args[PORT]) ? args[PORT] : mp_call_function_1(MP_OBJ_FROM_PTR(&mp_type_int), args[PORT]);
    mp_int_t family = n_args > FAMILY ? mp_obj_get_int(args[FAMILY]) : 0;
    mp_int_t type = n_args > TYPE ? mp_obj_get_int(args[TYPE]) : 0;
    mp_int_t proto = n_args > PROTO ? mp_obj_get_int(args[PROTO]) : 0;
    size_t count = resolve(args[HOST], family, found, MP_ARRAY_SIZE(found));
    type = type ? type : SOCK_STREAM_;
    proto = proto ? proto : type == SOCK_DGRAM_ ? IPPROTO_UDP_ : IPPROTO_TCP_;
    mp_obj_t list = mp_obj_new_list(0, NULL);
    static const int families[] = { AF_INET_, AF_INET6_ };
    for (size_t f = 0; f < MP_ARRAY_SIZE(families); f++) {
        for (size_t i = 0; i < count; i++) {
            if (is_family(&found[i], families[f])) {
                mp_obj_t pair[] = { ip_to_python(&found[i]), port };
                mp_obj_t entry[] = {
                    MP_OBJ_NEW_SMALL_INT(families[f]), MP_OBJ_NEW_SMALL_INT(type), MP_OBJ_NEW_SMALL_INT(proto),
                    MP_OBJ_NEW_QSTR(MP_QSTR_), mp_obj_new_tuple(2, pair),
                };
                mp_obj_list_append(list, mp_obj_new_tuple(5, entry));
            }
        }
    }
    return list;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_getaddrinfo_obj, 2, 6, socket_getaddrinfo);
