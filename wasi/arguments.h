// MicroPython's main() puts the command line's arguments into sys.argv as qstrs, which hold 255
// bytes. The Makefile includes this first in main.c, so that sys.argv has strings of any length.
// What main.c says goes by MicroPython's own printf(), as all else does: the C library's is 20 KB.

#pragma once

#include <stdio.h>

#include "py/lexer.h"
#include "py/mpprint.h"
#include "py/obj.h"
#include "py/qstr.h"

static inline mp_obj_t object_of_qstr(qstr name) {
    return MP_OBJ_NEW_QSTR(name);
}

// The path of a script stays a qstr.
static inline mp_lexer_t *lexer_of_file(const char *path) {
    return mp_lexer_new_from_file(qstr_from_str(path));
}

#define qstr_from_str(text) (text)
#define mp_lexer_new_from_file lexer_of_file
#undef MP_OBJ_NEW_QSTR
#define MP_OBJ_NEW_QSTR(name) \
    _Generic((name), char *: mp_obj_new_str_from_cstr, default: object_of_qstr)(name)

extern const mp_print_t mp_stderr_print;
#define fprintf(stream, ...) mp_printf(&mp_stderr_print, __VA_ARGS__)
