// IP addresses as numbers and as text.

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "py/runtime.h"
#include "ip.h"

#define LONGEST_ADDRESS sizeof("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
#define GROUPS (8) // of an IPv6 address
#define IPV4_BYTES (4)
#define IPV6_BYTES (16)

ip_t ip_any(int family) {
    ip_t ip = { .tag = family == AF_INET6_ ? WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV6 : WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV4 };
    return ip;
}

bool ip_is_family(const ip_t *ip, int family) {
    return family == AF_UNSPEC_ || ip_any(family).tag == ip->tag;
}

// The numbers of an IPv4 address; false if it is none.
static bool parse_ipv4(const char *text, uint8_t *numbers) {
    for (int i = 0; i < 4; i++) {
        unsigned number = 0;
        const char *start = text;
        for (; *text >= '0' && *text <= '9' && text - start < 3; text++) {
            number = number * 10 + (*text - '0');
        }
        bool leading_zero = *start == '0' && text - start > 1; // octal for some, decimal for others
        if (text == start || leading_zero || number > 255 || *text != (i < 3 ? '.' : 0)) {
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

bool ip_parse(const char *text, ip_t *ip) {
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

mp_obj_t ip_to_python(const ip_t *ip) {
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
    // IPv4's are shown as such.
    bool has_ipv4 = gap == 0 && (gap_length == 6 || (gap_length == 5 && groups[5] == 0xffff));
    for (int i = 0; i < GROUPS;) {
        if (has_ipv4 && i == 6) {
            length += snprintf(text + length, sizeof(text) - length, "%s%u.%u.%u.%u", gap_length == 5 ? ":" : "",
                groups[6] >> 8, groups[6] & 0xff, groups[7] >> 8, groups[7] & 0xff);
            break;
        }
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

size_t ip_bytes(const ip_t *ip, uint8_t *bytes) {
    if (ip->tag == WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV4) {
        memcpy(bytes, &ip->val.ipv4, IPV4_BYTES);
        return IPV4_BYTES;
    }
    const uint16_t *groups = (const uint16_t *)&ip->val.ipv6;
    for (int i = 0; i < GROUPS; i++) {
        bytes[2 * i] = groups[i] >> 8;
        bytes[2 * i + 1] = groups[i] & 0xff;
    }
    return IPV6_BYTES;
}

static int family_from_python(mp_obj_t family_in) {
    mp_int_t family = mp_obj_get_int(family_in);
    if (family != AF_INET_ && family != AF_INET6_) {
        mp_raise_OSError(EAFNOSUPPORT);
    }
    return family;
}

static mp_obj_t socket_inet_pton(mp_obj_t family_in, mp_obj_t text) {
    int family = family_from_python(family_in);
    ip_t ip;
    if (!ip_parse(mp_obj_str_get_str(text), &ip) || !ip_is_family(&ip, family)) {
        mp_raise_OSError(EINVAL);
    }
    uint8_t bytes[IPV6_BYTES];
    return mp_obj_new_bytes(bytes, ip_bytes(&ip, bytes));
}
MP_DEFINE_CONST_FUN_OBJ_2(socket_inet_pton_obj, socket_inet_pton);

static mp_obj_t socket_inet_ntop(mp_obj_t family_in, mp_obj_t bytes_in) {
    mp_buffer_info_t buffer;
    mp_int_t family = mp_obj_get_int(family_in);
    mp_get_buffer_raise(bytes_in, &buffer, MP_BUFFER_READ);
    ip_t ip = ip_any(family_from_python(MP_OBJ_NEW_SMALL_INT(family)));
    if (buffer.len < (family == AF_INET_ ? IPV4_BYTES : IPV6_BYTES)) {
        mp_raise_ValueError(MP_ERROR_TEXT("too few bytes for an address"));
    }
    const uint8_t *bytes = buffer.buf;
    if (family == AF_INET_) {
        memcpy(&ip.val.ipv4, bytes, IPV4_BYTES);
    } else {
        uint16_t *groups = (uint16_t *)&ip.val.ipv6;
        for (int i = 0; i < GROUPS; i++) {
            groups[i] = bytes[2 * i] << 8 | bytes[2 * i + 1];
        }
    }
    return ip_to_python(&ip);
}
MP_DEFINE_CONST_FUN_OBJ_2(socket_inet_ntop_obj, socket_inet_ntop);
