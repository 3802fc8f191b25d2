// The engine traps where arguments find no memory, and so does the interpreter where answers find
// none. So both are asked for room before.

#include <stdlib.h>

#include "py/gc.h"
#include "py/runtime.h"
#include "bindings/interpreter.h"
#include "room.h"

// The longest answer, and what is allocated to work on it: a segment or a record, in bytes.
#define ANSWER (256 * 1024)

static bool has_room(size_t bytes) {
    void *volatile probe = malloc(bytes);
    free(probe);
    return probe != NULL;
}

bool room_for_answer(void) {
    return has_room(ANSWER);
}

static bool have_room(size_t answer, size_t argument) {
    return has_room(answer) && micropython_ssl_tls_has_room(argument);
}

// Raises MemoryError unless there is room for the answer here, and for the argument in the engine.
static void look_for_room(size_t answer, size_t argument) {
    if (have_room(answer, argument)) {
        return;
    }
    // What the program has forgotten has memory there, which MicroPython's heap knows nothing of.
    if (!gc_is_locked()) {
        gc_collect();
    }
    if (!have_room(answer, argument)) {
        mp_raise_msg(&mp_type_MemoryError, MP_ERROR_TEXT("no memory is left for TLS"));
    }
}

void room_for_engine(size_t bytes) {
    look_for_room(ANSWER, bytes);
}

void room_for_text(size_t bytes) {
    look_for_room(MAX(bytes, ANSWER), bytes);
}
