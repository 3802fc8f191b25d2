// Socket addresses: Python's (host, port) and WASI's records.

#pragma once

#include <stdbool.h>

#include "py/obj.h"
#include "bindings/interpreter.h"
#include "ip.h"

typedef wasi_sockets_network_ip_socket_address_t address_t;

// The address that a (host, port) pair of Python means; a name is looked up. "" is any address.
// Raises.
address_t address_from_python(mp_obj_t pair, int family);

// Any address and port of a family.
address_t address_any(int family);

// As a (host, port) pair.
mp_obj_t address_to_python(const address_t *address);

bool address_equal(const address_t *a, const address_t *b);

// socket.sockaddr
MP_DECLARE_CONST_FUN_OBJ_1(socket_sockaddr_obj);
