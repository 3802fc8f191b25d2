// The engine traps where arguments find no memory, and so does the interpreter where answers find
// none. So both are asked for room before.

#include <stdlib.h>

#include "py/gc.h"
#include "py/runtime.h"
#include "bindings/interpreter.h"
#include "room.h"

// The longest answer, and what is allocated to work on it: a segment or a record, in bytes.
#define ANSWER (256 * 1024)

bool room_for_answer(void) {
    void *volatile probe = malloc(ANSWER);
    free(probe);
    return probe != NULL;
}

static bool has_room(size_t bytes) {
    return room_for_answer() && micropython_ssl_tls_has_room(bytes);
}

void room_for_engine(size_t bytes) {
    if (has_room(bytes)) {
        return;
    }
    // What the program has forgotten has memory there, which MicroPython's heap knows nothing of.
    if (!gc_is_locked()) {
        gc_collect();
    }
    if (!has_room(bytes)) {
        mp_raise_msg(&mp_type_MemoryError, MP_ERROR_TEXT("no memory is left for TLS"));
    }
}
