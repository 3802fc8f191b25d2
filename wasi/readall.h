// read() of sockets and TLS sockets, and of files of certificates.

#pragma once

#include "py/obj.h"

// The method read([size]). MicroPython's own makes room for 256 bytes at a time, so that the end of
// a long stream takes it a square of the time.
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(readall_read_obj);
