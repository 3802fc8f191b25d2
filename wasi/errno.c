// Translates libc's errors to Linux' numbers: see include/errno.h.

#include <string.h>
#include <errno.h>
#include <wasi/api.h>

#undef errno
#undef strerror
extern _Thread_local int errno;

static const unsigned char linux_number[] = {
    [__WASI_ERRNO_2BIG] = E2BIG,
    [__WASI_ERRNO_ACCES] = EACCES,
    [__WASI_ERRNO_ADDRINUSE] = EADDRINUSE,
    [__WASI_ERRNO_ADDRNOTAVAIL] = EADDRNOTAVAIL,
    [__WASI_ERRNO_AFNOSUPPORT] = EAFNOSUPPORT,
    [__WASI_ERRNO_AGAIN] = EAGAIN,
    [__WASI_ERRNO_ALREADY] = EALREADY,
    [__WASI_ERRNO_BADF] = EBADF,
    [__WASI_ERRNO_BADMSG] = EBADMSG,
    [__WASI_ERRNO_BUSY] = EBUSY,
    [__WASI_ERRNO_CANCELED] = ECANCELED,
    [__WASI_ERRNO_CHILD] = ECHILD,
    [__WASI_ERRNO_CONNABORTED] = ECONNABORTED,
    [__WASI_ERRNO_CONNREFUSED] = ECONNREFUSED,
    [__WASI_ERRNO_CONNRESET] = ECONNRESET,
    [__WASI_ERRNO_DEADLK] = EDEADLK,
    [__WASI_ERRNO_DESTADDRREQ] = EDESTADDRREQ,
    [__WASI_ERRNO_DOM] = EDOM,
    [__WASI_ERRNO_DQUOT] = EDQUOT,
    [__WASI_ERRNO_EXIST] = EEXIST,
    [__WASI_ERRNO_FAULT] = EFAULT,
    [__WASI_ERRNO_FBIG] = EFBIG,
    [__WASI_ERRNO_HOSTUNREACH] = EHOSTUNREACH,
    [__WASI_ERRNO_IDRM] = EIDRM,
    [__WASI_ERRNO_ILSEQ] = EILSEQ,
    [__WASI_ERRNO_INPROGRESS] = EINPROGRESS,
    [__WASI_ERRNO_INTR] = EINTR,
    [__WASI_ERRNO_INVAL] = EINVAL,
    [__WASI_ERRNO_IO] = EIO,
    [__WASI_ERRNO_ISCONN] = EISCONN,
    [__WASI_ERRNO_ISDIR] = EISDIR,
    [__WASI_ERRNO_LOOP] = ELOOP,
    [__WASI_ERRNO_MFILE] = EMFILE,
    [__WASI_ERRNO_MLINK] = EMLINK,
    [__WASI_ERRNO_MSGSIZE] = EMSGSIZE,
    [__WASI_ERRNO_MULTIHOP] = EMULTIHOP,
    [__WASI_ERRNO_NAMETOOLONG] = ENAMETOOLONG,
    [__WASI_ERRNO_NETDOWN] = ENETDOWN,
    [__WASI_ERRNO_NETRESET] = ENETRESET,
    [__WASI_ERRNO_NETUNREACH] = ENETUNREACH,
    [__WASI_ERRNO_NFILE] = ENFILE,
    [__WASI_ERRNO_NOBUFS] = ENOBUFS,
    [__WASI_ERRNO_NODEV] = ENODEV,
    [__WASI_ERRNO_NOENT] = ENOENT,
    [__WASI_ERRNO_NOEXEC] = ENOEXEC,
    [__WASI_ERRNO_NOLCK] = ENOLCK,
    [__WASI_ERRNO_NOLINK] = ENOLINK,
    [__WASI_ERRNO_NOMEM] = ENOMEM,
    [__WASI_ERRNO_NOMSG] = ENOMSG,
    [__WASI_ERRNO_NOPROTOOPT] = ENOPROTOOPT,
    [__WASI_ERRNO_NOSPC] = ENOSPC,
    [__WASI_ERRNO_NOSYS] = ENOSYS,
    [__WASI_ERRNO_NOTCONN] = ENOTCONN,
    [__WASI_ERRNO_NOTDIR] = ENOTDIR,
    [__WASI_ERRNO_NOTEMPTY] = ENOTEMPTY,
    [__WASI_ERRNO_NOTRECOVERABLE] = ENOTRECOVERABLE,
    [__WASI_ERRNO_NOTSOCK] = ENOTSOCK,
    [__WASI_ERRNO_NOTSUP] = ENOTSUP,
    [__WASI_ERRNO_NOTTY] = ENOTTY,
    [__WASI_ERRNO_NXIO] = ENXIO,
    [__WASI_ERRNO_OVERFLOW] = EOVERFLOW,
    [__WASI_ERRNO_OWNERDEAD] = EOWNERDEAD,
    [__WASI_ERRNO_PERM] = EPERM,
    [__WASI_ERRNO_PIPE] = EPIPE,
    [__WASI_ERRNO_PROTO] = EPROTO,
    [__WASI_ERRNO_PROTONOSUPPORT] = EPROTONOSUPPORT,
    [__WASI_ERRNO_PROTOTYPE] = EPROTOTYPE,
    [__WASI_ERRNO_RANGE] = ERANGE,
    [__WASI_ERRNO_ROFS] = EROFS,
    [__WASI_ERRNO_SPIPE] = ESPIPE,
    [__WASI_ERRNO_SRCH] = ESRCH,
    [__WASI_ERRNO_STALE] = ESTALE,
    [__WASI_ERRNO_TIMEDOUT] = ETIMEDOUT,
    [__WASI_ERRNO_TXTBSY] = ETXTBSY,
    [__WASI_ERRNO_XDEV] = EXDEV,
    [__WASI_ERRNO_NOTCAPABLE] = EACCES,
};

// The last error: libc's, if there was one since the last call.
int *mp_wasi_errno(void) {
    static int last;
    if (errno > 0 && (size_t)errno < sizeof(linux_number)) {
        last = linux_number[errno];
        errno = 0;
    }
    return &last;
}

char *mp_wasi_strerror(int number) {
    for (size_t i = 1; i < sizeof(linux_number); ++i) {
        if (linux_number[i] == number) {
            return strerror(i);
        }
    }
    return "Unknown error";
}
