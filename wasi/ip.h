// IP addresses: WASI's records, their text, and their bytes.

#pragma once

#include <stdbool.h>

#include "py/obj.h"
#include "bindings/interpreter.h"

// As in Linux; programs know them by name.
#define AF_UNSPEC_ (0)
#define AF_UNIX_ (1)
#define AF_INET_ (2)
#define AF_INET6_ (10)

#define SOCK_STREAM_ (1)
#define SOCK_DGRAM_ (2)
#define SOCK_RAW_ (3)

typedef wasi_sockets_network_ip_address_t ip_t;

// The address of a family that means any.
ip_t ip_any(int family);
// AF_UNSPEC_ is every family.
bool ip_is_family(const ip_t *ip, int family);

// False if the text is no address.
bool ip_parse(const char *text, ip_t *ip);
mp_obj_t ip_to_python(const ip_t *ip);

// Writes its bytes as the network has them, 4 or 16, and returns how many.
size_t ip_bytes(const ip_t *ip, uint8_t *bytes);

// socket.inet_pton, socket.inet_ntop
MP_DECLARE_CONST_FUN_OBJ_2(socket_inet_pton_obj);
MP_DECLARE_CONST_FUN_OBJ_2(socket_inet_ntop_obj);
