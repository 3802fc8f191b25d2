// Socket addresses. A Python program passes a (host, port) pair, and gets such pairs from
// getaddrinfo(), accept() and recvfrom().

#include <errno.h>
#include <string.h>

#include "py/objstr.h"
#include "py/objtuple.h"
#include "py/runtime.h"
#include "address.h"
#include "names.h"

static address_t with_port(ip_t ip, uint16_t port) {
    address_t address = { 0 };
    if (ip.tag == WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV4) {
        address.tag = WASI_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV4;
        address.val.ipv4.port = port;
        address.val.ipv4.address = ip.val.ipv4;
    } else {
        address.tag = WASI_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV6;
        address.val.ipv6.port = port;
        address.val.ipv6.address = ip.val.ipv6;
    }
    return address;
}

// The address of a host; "" is any.
static ip_t host_from_python(mp_obj_t host, int family) {
    mp_buffer_info_t bytes;
    if (!mp_obj_is_str_or_bytes(host) && mp_get_buffer(host, &bytes, MP_BUFFER_READ)) {
        host = mp_obj_new_bytes(bytes.buf, bytes.len);
    }
    ip_t ip;
    const char *text = mp_obj_str_get_str(host);
    if (*text == 0) {
        return ip_any(family);
    }
    if (ip_parse(text, &ip)) {
        if (!ip_is_family(&ip, family)) {
            mp_raise_OSError(EAFNOSUPPORT);
        }
        return ip;
    }
    names_resolve(host, family, &ip, 1);
    return ip;
}

address_t address_from_python(mp_obj_t pair, int family) {
    mp_obj_t *items;
    mp_obj_get_array_fixed_n(pair, 2, &items);
    mp_int_t port = mp_obj_get_int(items[1]);
    if (port < 0 || port > 0xffff) {
        mp_raise_msg(&mp_type_OverflowError, MP_ERROR_TEXT("port must be 0-65535"));
    }
    return with_port(host_from_python(items[0], family), port);
}

address_t address_any(int family) {
    return with_port(ip_any(family), 0);
}

static ip_t ip_of(const address_t *address) {
    ip_t ip;
    if (address->tag == WASI_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV4) {
        ip.tag = WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV4;
        ip.val.ipv4 = address->val.ipv4.address;
    } else {
        ip.tag = WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV6;
        ip.val.ipv6 = address->val.ipv6.address;
    }
    return ip;
}

static uint16_t port_of(const address_t *address) {
    return address->tag == WASI_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV4 ? address->val.ipv4.port : address->val.ipv6.port;
}

mp_obj_t address_to_python(const address_t *address) {
    ip_t ip = ip_of(address);
    mp_obj_t pair[] = { ip_to_python(&ip), MP_OBJ_NEW_SMALL_INT(port_of(address)) };
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

// sockaddr((host, port)): what is in the address, (family, bytes, port), and of IPv6 its flow and
// scope too.
static mp_obj_t socket_sockaddr(mp_obj_t pair) {
    address_t address = address_from_python(pair, AF_UNSPEC_);
    ip_t ip = ip_of(&address);
    uint8_t bytes[16];
    bool is_ipv4 = ip_is_family(&ip, AF_INET_);
    mp_obj_t parts[] = {
        MP_OBJ_NEW_SMALL_INT(is_ipv4 ? AF_INET_ : AF_INET6_), mp_obj_new_bytes(bytes, ip_bytes(&ip, bytes)),
        MP_OBJ_NEW_SMALL_INT(port_of(&address)), MP_OBJ_NEW_SMALL_INT(0), MP_OBJ_NEW_SMALL_INT(0),
    };
    return mp_obj_new_tuple(is_ipv4 ? 3 : MP_ARRAY_SIZE(parts), parts);
}
MP_DEFINE_CONST_FUN_OBJ_1(socket_sockaddr_obj, socket_sockaddr);
