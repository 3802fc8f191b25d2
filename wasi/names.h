// Names of hosts and services.

#pragma once

#include "ip.h"

// The addresses of a host, which is a number or a name; at most `space`. Raises if there is none.
size_t names_resolve(mp_obj_t host, int family, ip_t *found, size_t space);

// socket.getaddrinfo
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(socket_getaddrinfo_obj);
