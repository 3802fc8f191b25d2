// The select module. MicroPython's own asks every stream at every poll. This one does not ask a
// stream again that was not ready and has not changed since. So the cost of a poll depends on how
// many streams are ready, and not on how many are registered.

#include <string.h>
#include <unistd.h>

#include "extmod/vfs_posix.h"
#include "py/objtype.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "wait.h"

// ipoll(): a stream that was reported is not polled again until it is registered or modified.
#define ONE_SHOT (1)
#define FOREVER (-1)

// A stream that is polled.
typedef struct {
    mp_obj_t stream; // MP_OBJ_NULL once it is unregistered
    size_t place;
    mp_uint_t wanted;
    mp_uint_t ready;
    const unsigned *changes; // of the stream; NULL if it does not count them
    unsigned seen; // the number of changes when the stream was asked
    bool unready; // it was asked and not ready, and is watched
} entry_t;

typedef struct {
    mp_map_t by_stream;
    entry_t **entries;
    size_t count;
    entry_t **found;
    size_t found_count;
    size_t space; // of both arrays, so that a poll allocates nothing
} poll_set_t;

/* One stream */

// Standard input, once it was waited for.
static watch_t of_stdin;

static void watch_stdin(void) {
    if (of_stdin.pollable.__handle == 0) {
        static wasi_cli_stdin_own_input_stream_t input; // never dropped: the pollable belongs to it
        input = wasi_cli_stdin_get_stdin();
        static unsigned changes; // which nobody asks for
        of_stdin = (watch_t) { wasi_io_streams_method_input_stream_subscribe(wasi_io_streams_borrow_input_stream(input)), &changes, 0, false };
    }
    wait_watch(&of_stdin);
}

static bool is_stdin(mp_obj_t stream) {
    const mp_obj_type_t *type = mp_obj_get_type(stream);
    int error;
    return (type == &mp_type_vfs_posix_fileio || type == &mp_type_vfs_posix_textio)
        && mp_get_stream(stream)->ioctl(stream, MP_STREAM_GET_FILENO, 0, &error) == STDIN_FILENO;
}

// The events that a stream is ready for. If there are none, it is watched or looked at again soon.
static mp_uint_t ask(mp_obj_t stream, mp_uint_t wanted, bool *watched) {
    unsigned watches = wait_watches();
    int error;
    mp_uint_t ready = mp_get_stream(stream)->ioctl(stream, MP_STREAM_POLL, wanted, &error);
    if (ready == MP_STREAM_ERROR) {
        mp_raise_OSError(error);
    }
    if (ready == 0 && wait_watches() == watches && wanted & MP_STREAM_POLL_RD && is_stdin(stream)) {
        watch_stdin();
    }
    *watched = wait_watches() != watches;
    if (ready == 0 && !*watched) {
        wait_briefly();
    }
    return ready;
}

static const unsigned *changes_of(mp_obj_t stream) {
    int error;
    if (mp_obj_is_instance_type(mp_obj_get_type(stream))) {
        return NULL; // a stream of the program's own
    }
    mp_uint_t changes = mp_get_stream(stream)->ioctl(stream, STREAM_CHANGES, 0, &error);
    return changes == MP_STREAM_ERROR ? NULL : (const unsigned *)changes;
}

/* Many streams */

static void make_room(poll_set_t *set) {
    if (set->count == set->space) {
        size_t space = set->space * 2 + 4;
        set->entries = m_renew(entry_t *, set->entries, set->space, space);
        set->found = m_renew(entry_t *, set->found, set->space, space);
        set->space = space;
    }
}

static void add(poll_set_t *set, mp_obj_t stream, mp_uint_t wanted, bool also) {
    mp_map_elem_t *elem = mp_map_lookup(&set->by_stream, mp_obj_id(stream), MP_MAP_LOOKUP);
    if (elem != NULL) {
        entry_t *entry = MP_OBJ_TO_PTR(elem->value);
        entry->wanted = wanted | (also ? entry->wanted : 0);
        entry->unready = false;
        return;
    }
    mp_get_stream_raise(stream, MP_STREAM_OP_IOCTL);
    make_room(set);
    entry_t *entry = m_new0(entry_t, 1);
    entry->stream = stream;
    entry->wanted = wanted;
    entry->changes = changes_of(stream);
    entry->place = set->count;
    mp_map_lookup(&set->by_stream, mp_obj_id(stream), MP_MAP_LOOKUP_ADD_IF_NOT_FOUND)->value = MP_OBJ_FROM_PTR(entry);
    set->entries[set->count++] = entry;
}

static void remove_entry(poll_set_t *set, mp_obj_t stream) {
    mp_map_elem_t *elem = mp_map_lookup(&set->by_stream, mp_obj_id(stream), MP_MAP_LOOKUP_REMOVE_IF_FOUND);
    if (elem == NULL) {
        return;
    }
    entry_t *entry = MP_OBJ_TO_PTR(elem->value);
    entry_t *last = set->entries[--set->count];
    set->entries[entry->place] = last;
    last->place = entry->place;
    set->entries[set->count] = NULL;
    entry->stream = MP_OBJ_NULL;
    elem->value = MP_OBJ_NULL;
}

// Asks the streams that may be ready. One of the program's own may change the set meanwhile.
static void ask_streams(poll_set_t *set) {
    set->found_count = 0;
    for (size_t i = 0; i < set->count; i++) {
        entry_t *entry = set->entries[i];
        if (entry->unready && entry->changes != NULL && *entry->changes == entry->seen) {
            continue;
        }
        if (entry->changes != NULL) {
            entry->seen = *entry->changes;
        }
        bool watched;
        entry->ready = ask(entry->stream, entry->wanted, &watched);
        entry->unready = entry->ready == 0 && watched;
        if (entry->ready != 0 && set->found_count < set->space) {
            set->found[set->found_count++] = entry;
        }
    }
}

// Asks until a stream is ready, at most so many milliseconds.
static void poll_set(poll_set_t *set, int64_t timeout) {
    if (timeout == 0) {
        wait_look();
        ask_streams(set);
        return;
    }
    ask_streams(set);
    if (set->found_count > 0) {
        // Others must not wait until these are not ready any more.
        if (wait_look()) {
            ask_streams(set);
        }
        return;
    }
    uint64_t end = timeout < 0 ? 0 : wait_clock() + timeout;
    while (set->found_count == 0) {
        int64_t left = timeout;
        if (timeout > 0) {
            uint64_t now = wait_clock();
            if (now >= end) {
                return;
            }
            left = end - now;
        }
        // What is scheduled may change streams, or the set.
        wait_for_watched(wait_run_scheduled() ? 0 : left);
        ask_streams(set);
    }
}

/* select.poll */

typedef struct {
    mp_obj_base_t base;
    poll_set_t set;
    size_t reported; // how many of those that were found
    mp_int_t flags;
    mp_obj_t pair; // the same object for all results of an iteration
} poll_t;

static mp_obj_t poll_register(size_t n_args, const mp_obj_t *args) {
    poll_t *self = MP_OBJ_TO_PTR(args[0]);
    add(&self->set, args[1], n_args > 2 ? mp_obj_get_int(args[2]) : MP_STREAM_POLL_RD | MP_STREAM_POLL_WR, false);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(poll_register_obj, 2, 3, poll_register);

static mp_obj_t poll_unregister(mp_obj_t self_in, mp_obj_t stream) {
    poll_t *self = MP_OBJ_TO_PTR(self_in);
    remove_entry(&self->set, stream);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(poll_unregister_obj, poll_unregister);

static mp_obj_t poll_modify(mp_obj_t self_in, mp_obj_t stream, mp_obj_t wanted) {
    poll_t *self = MP_OBJ_TO_PTR(self_in);
    if (mp_map_lookup(&self->set.by_stream, mp_obj_id(stream), MP_MAP_LOOKUP) == NULL) {
        mp_raise_OSError(MP_ENOENT);
    }
    add(&self->set, stream, mp_obj_get_int(wanted), false);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(poll_modify_obj, poll_modify);

static poll_t *poll_with(size_t n_args, const mp_obj_t *args) {
    poll_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_int_t timeout = n_args > 1 && args[1] != mp_const_none ? mp_obj_get_int(args[1]) : FOREVER;
    self->flags = n_args > 2 ? mp_obj_get_int(args[2]) : 0;
    poll_set(&self->set, timeout);
    self->reported = 0;
    return self;
}

// The next stream that was found and is still registered.
static entry_t *next_found(poll_t *self) {
    while (self->reported < self->set.found_count) {
        entry_t *entry = self->set.found[self->reported++];
        if (entry->stream != MP_OBJ_NULL) {
            return entry;
        }
    }
    return NULL;
}

static mp_obj_t poll_poll(size_t n_args, const mp_obj_t *args) {
    poll_t *self = poll_with(n_args, args);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (entry_t *entry; (entry = next_found(self)) != NULL;) {
        mp_obj_t pair[] = { entry->stream, MP_OBJ_NEW_SMALL_INT(entry->ready) };
        mp_obj_list_append(list, mp_obj_new_tuple(2, pair));
    }
    return list;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(poll_poll_obj, 1, 2, poll_poll);

static mp_obj_t poll_ipoll(size_t n_args, const mp_obj_t *args) {
    return MP_OBJ_FROM_PTR(poll_with(n_args, args));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(poll_ipoll_obj, 1, 3, poll_ipoll);

static mp_obj_t poll_iternext(mp_obj_t self_in) {
    poll_t *self = MP_OBJ_TO_PTR(self_in);
    entry_t *entry = next_found(self);
    if (entry == NULL) {
        return MP_OBJ_STOP_ITERATION;
    }
    if (self->flags & ONE_SHOT) {
        entry->wanted = 0;
        entry->unready = false;
    }
    mp_obj_tuple_t *pair = MP_OBJ_TO_PTR(self->pair);
    pair->items[0] = entry->stream;
    pair->items[1] = MP_OBJ_NEW_SMALL_INT(entry->ready);
    return self->pair;
}

static const mp_rom_map_elem_t poll_methods[] = {
    { MP_ROM_QSTR(MP_QSTR_register), MP_ROM_PTR(&poll_register_obj) },
    { MP_ROM_QSTR(MP_QSTR_unregister), MP_ROM_PTR(&poll_unregister_obj) },
    { MP_ROM_QSTR(MP_QSTR_modify), MP_ROM_PTR(&poll_modify_obj) },
    { MP_ROM_QSTR(MP_QSTR_poll), MP_ROM_PTR(&poll_poll_obj) },
    { MP_ROM_QSTR(MP_QSTR_ipoll), MP_ROM_PTR(&poll_ipoll_obj) },
};
static MP_DEFINE_CONST_DICT(poll_methods_dict, poll_methods);

static MP_DEFINE_CONST_OBJ_TYPE(
    poll_type,
    MP_QSTR_poll,
    MP_TYPE_FLAG_ITER_IS_ITERNEXT,
    iter, poll_iternext,
    locals_dict, &poll_methods_dict
    );

static mp_obj_t select_poll(void) {
    poll_t *self = mp_obj_malloc(poll_t, &poll_type);
    memset(&self->set, 0, sizeof(self->set));
    mp_map_init(&self->set.by_stream, 0);
    self->reported = 0;
    self->flags = 0;
    self->pair = mp_obj_new_tuple(2, NULL);
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_0(select_poll_obj, select_poll);

/* select.select */

// select(readable, writable, exceptional[, seconds])
static mp_obj_t select_select(size_t n_args, const mp_obj_t *args) {
    static const mp_uint_t events[] = { MP_STREAM_POLL_RD, MP_STREAM_POLL_WR, MP_STREAM_POLL_ERR | MP_STREAM_POLL_HUP };
    poll_set_t set = { 0 };
    int64_t timeout = FOREVER;
    mp_map_init(&set.by_stream, 0);
    for (size_t kind = 0; kind < MP_ARRAY_SIZE(events); kind++) {
        size_t count;
        mp_obj_t *streams;
        mp_obj_get_array(args[kind], &count, &streams);
        for (size_t i = 0; i < count; i++) {
            add(&set, streams[i], events[kind], true);
        }
    }
    if (n_args > MP_ARRAY_SIZE(events) && args[MP_ARRAY_SIZE(events)] != mp_const_none) {
        mp_float_t seconds = mp_obj_get_float(args[MP_ARRAY_SIZE(events)]);
        timeout = seconds < 0 ? FOREVER : (int64_t)(seconds * 1000);
    }
    poll_set(&set, timeout);
    mp_obj_t lists[MP_ARRAY_SIZE(events)];
    for (size_t kind = 0; kind < MP_ARRAY_SIZE(events); kind++) {
        mp_uint_t shown = kind < 2 ? events[kind] : ~(mp_uint_t)(MP_STREAM_POLL_RD | MP_STREAM_POLL_WR);
        lists[kind] = mp_obj_new_list(0, NULL);
        for (size_t i = 0; i < set.found_count; i++) {
            if (set.found[i]->ready & shown) {
                mp_obj_list_append(lists[kind], set.found[i]->stream);
            }
        }
    }
    return mp_obj_new_tuple(MP_ARRAY_SIZE(lists), lists);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(select_select_obj, 3, 4, select_select);

static const mp_rom_map_elem_t select_module_globals[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_select) },
    { MP_ROM_QSTR(MP_QSTR_select), MP_ROM_PTR(&select_select_obj) },
    { MP_ROM_QSTR(MP_QSTR_poll), MP_ROM_PTR(&select_poll_obj) },
    { MP_ROM_QSTR(MP_QSTR_POLLIN), MP_ROM_INT(MP_STREAM_POLL_RD) },
    { MP_ROM_QSTR(MP_QSTR_POLLOUT), MP_ROM_INT(MP_STREAM_POLL_WR) },
    { MP_ROM_QSTR(MP_QSTR_POLLERR), MP_ROM_INT(MP_STREAM_POLL_ERR) },
    { MP_ROM_QSTR(MP_QSTR_POLLHUP), MP_ROM_INT(MP_STREAM_POLL_HUP) },
};
static MP_DEFINE_CONST_DICT(select_module_dict, select_module_globals);

const mp_obj_module_t mp_module_select = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&select_module_dict,
};

MP_REGISTER_EXTENSIBLE_MODULE(MP_QSTR_select, mp_module_select);
