// What this build has: the unix port's standard variant, without what WASI lacks. Included by the
// unix port's mpconfigport.h.

#include <stdbool.h>

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#include "ports/unix/variants/mpconfigvariant_common.h"

#define MICROPY_PY_SYS_PLATFORM "wasi"
#define MICROPY_BANNER_MACHINE "wasi [wasm32] version"
#define MICROPY_PY_SYS_PATH_DEFAULT ".frozen:~/.micropython/lib:/lib"

// MicroPython's list, and the errors of networks of pages.
#define MP_EPROTO (71)
#define MP_ENETDOWN (100)
#define MP_ENETUNREACH (101)
#define MICROPY_PY_ERRNO_LIST \
    X(EPERM) X(ENOENT) X(EIO) X(EBADF) X(EAGAIN) X(ENOMEM) X(EACCES) X(EEXIST) X(ENODEV) X(EISDIR) X(EINVAL) X(EPROTO) \
    X(EOPNOTSUPP) X(EADDRINUSE) X(ENETDOWN) X(ENETUNREACH) X(ECONNABORTED) X(ECONNRESET) X(ENOBUFS) X(ENOTCONN) X(ETIMEDOUT) \
    X(ECONNREFUSED) X(EHOSTUNREACH) X(EALREADY) X(EINPROGRESS)

// There are no signals. Instead, the host is asked every so many branches of a program whether to
// interrupt it (mphal.c).
#undef MICROPY_ASYNC_KBD_INTR
#define MICROPY_ASYNC_KBD_INTR (0)
#define MICROPY_VM_HOOK_INIT static unsigned branches = MP_WASI_BRANCHES;
#define MICROPY_VM_HOOK_LOOP if (--branches == 0) { branches = MP_WASI_BRANCHES; mp_wasi_check_interrupt(); }
#define MP_WASI_BRANCHES (32)
bool mp_wasi_check_interrupt(void);

// In wasm a jump through a table of labels is no faster than a switch.
#undef MICROPY_OPT_COMPUTED_GOTO
#define MICROPY_OPT_COMPUTED_GOTO (0)

// No processes, no hardware.
#undef MICROPY_PY_OS_SYSTEM
#define MICROPY_PY_OS_SYSTEM (0)
#define MICROPY_PY_OS_STATVFS (0)
#define MICROPY_PY_OS_DUPTERM (0)
#undef MICROPY_PY_MACHINE
#define MICROPY_PY_MACHINE (0)
#undef MICROPY_PY_MACHINE_PULSE
#define MICROPY_PY_MACHINE_PULSE (0)
#undef MICROPY_PY_MACHINE_PIN_BASE
#define MICROPY_PY_MACHINE_PIN_BASE (0)

// Sockets are no file descriptors; modselect.c waits for all kinds together, so select.select() is
// there too.
#undef MICROPY_PY_SELECT_POSIX_OPTIMISATIONS
#define MICROPY_PY_SELECT_POSIX_OPTIMISATIONS (0)
#undef MICROPY_PY_SELECT_SELECT
#define MICROPY_PY_SELECT_SELECT (1)

// hashlib takes these two in axTLS' interface, from digests.c; there is no other part of axTLS.
#define MICROPY_SSL_AXTLS (1)
#define MICROPY_PY_HASHLIB_SHA1 (1)
#define MICROPY_PY_HASHLIB_MD5 (1)
