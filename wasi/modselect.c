// MicroPython's select module, which learns here what the streams that it polls can be waited for.

#include <unistd.h>

#include "extmod/vfs_posix.h"
#include "py/stream.h"
#include "wait.h"

// Standard input, once it was waited for.
static pollable_t of_stdin;

static void wait_for_stdin(void) {
    if (of_stdin.__handle == 0) {
        static wasi_cli_stdin_own_input_stream_t input; // never dropped: the pollable belongs to it
        input = wasi_cli_stdin_get_stdin();
        of_stdin = wasi_io_streams_method_input_stream_subscribe(wasi_io_streams_borrow_input_stream(input));
    }
    wait_also_for(of_stdin);
}

static bool is_stdin(mp_obj_t stream) {
    const mp_obj_type_t *type = mp_obj_get_type(stream);
    int error;
    return (type == &mp_type_vfs_posix_fileio || type == &mp_type_vfs_posix_textio)
        && mp_get_stream(stream)->ioctl(stream, MP_STREAM_GET_FILENO, 0, &error) == STDIN_FILENO;
}

// A stream's ioctl. One that is not ready has said what to wait for, or is looked at again soon.
static mp_uint_t watched_ioctl(mp_obj_t stream, mp_uint_t request, uintptr_t arg, int *errcode) {
    unsigned requests = wait_requests();
    mp_uint_t result = mp_get_stream(stream)->ioctl(stream, request, arg, errcode);
    if (request == MP_STREAM_POLL && result == 0 && wait_requests() == requests) {
        if (arg & MP_STREAM_POLL_RD && is_stdin(stream)) {
            wait_for_stdin();
        } else {
            wait_briefly();
        }
    }
    return result;
}

static const mp_stream_p_t *watched_stream(mp_obj_t stream, int flags) {
    static const mp_stream_p_t watched = { .ioctl = watched_ioctl };
    mp_get_stream_raise(stream, flags);
    return &watched;
}

#define mp_get_stream_raise(stream, flags) watched_stream(stream, flags)
#include "extmod/modselect.c"
