// A read to the end. The bytes are collected outside of MicroPython's heap, in memory that doubles
// when it is full, and become one object at the end.

#include <stdlib.h>

#include "py/runtime.h"
#include "py/stream.h"
#include "readall.h"

#define FIRST (4096) // bytes

typedef struct {
    char *bytes;
    size_t count;
    size_t space;
} gathered_t;

static void make_room(gathered_t *gathered) {
    if (gathered->count < gathered->space) {
        return;
    }
    size_t space = MAX(gathered->space * 2, FIRST);
    char *bytes = realloc(gathered->bytes, space);
    if (bytes == NULL) {
        m_malloc_fail(space);
    }
    gathered->bytes = bytes;
    gathered->space = space;
}

// The bytes up to the end, or until a read would have to wait. None if it has to wait at once.
static mp_obj_t gather(mp_obj_t stream, gathered_t *gathered) {
    const mp_stream_p_t *protocol = mp_get_stream(stream);
    for (;;) {
        int error;
        make_room(gathered);
        mp_uint_t count = protocol->read(stream, gathered->bytes + gathered->count, gathered->space - gathered->count, &error);
        if (count == MP_STREAM_ERROR && !mp_is_nonblocking_error(error)) {
            mp_raise_OSError(error);
        }
        if (count == MP_STREAM_ERROR && gathered->count == 0) {
            return mp_const_none;
        }
        if (count == MP_STREAM_ERROR || count == 0) {
            return mp_obj_new_bytes((byte *)gathered->bytes, gathered->count);
        }
        gathered->count += count;
    }
}

static mp_obj_t stream_read(size_t n_args, const mp_obj_t *args) {
    if (n_args > 1 && mp_obj_get_int(args[1]) != -1) {
        return mp_stream_read_obj.fun.var(n_args, args);
    }
    gathered_t gathered = { 0 };
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        free(gathered.bytes);
        nlr_jump(nlr.ret_val);
    }
    mp_obj_t result = gather(args[0], &gathered);
    nlr_pop();
    free(gathered.bytes);
    return result;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(readall_read_obj, 1, 2, stream_read);
