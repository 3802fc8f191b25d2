// read() of sockets and TLS sockets, and of files of certificates.

#pragma once

#include "py/obj.h"

// The method read([size]). MicroPython's own enlarges its buffer by 256 bytes at a time, which
// takes quadratic time.
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(readall_read_obj);
