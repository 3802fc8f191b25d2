#include <errno.h>

#include "py/gc.h"
#include "py/runtime.h"
#include "network.h"

wasi_sockets_network_borrow_network_t network(void) {
    static wasi_sockets_instance_network_own_network_t ours;
    if (ours.__handle == 0) {
        ours = wasi_sockets_instance_network_instance_network();
    }
    return wasi_sockets_network_borrow_network(ours);
}

int error_number(int otherwise) {
    int number = micropython_ssl_host_error_number();
    return number != 0 ? number : otherwise;
}

MP_NORETURN void raise_socket_error(int number) {
    interpreter_string_t words;
    micropython_ssl_host_error_text(number, &words);
    if (words.len == 0 || gc_is_locked()) {
        interpreter_string_free(&words);
        mp_raise_OSError(number);
    }
    mp_obj_t args[] = { MP_OBJ_NEW_SMALL_INT(number), mp_obj_new_str((char *)words.ptr, words.len) };
    interpreter_string_free(&words);
    nlr_raise(mp_obj_exception_make_new(&mp_type_OSError, 2, 0, args));
}

int option_error(int answer) {
    return answer == 0 ? ENOPROTOOPT : MAX(-answer, 0);
}

int errno_of(wasi_sockets_network_error_code_t code) {
    switch (code) {
        case WASI_SOCKETS_NETWORK_ERROR_CODE_ACCESS_DENIED:
            return EACCES;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_NOT_SUPPORTED:
            return EOPNOTSUPP;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_INVALID_ARGUMENT:
        case WASI_SOCKETS_NETWORK_ERROR_CODE_INVALID_STATE:
            return EINVAL;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_OUT_OF_MEMORY:
            return ENOMEM;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_TIMEOUT:
            return ETIMEDOUT;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_CONCURRENCY_CONFLICT:
        case WASI_SOCKETS_NETWORK_ERROR_CODE_NOT_IN_PROGRESS:
            return EALREADY;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK:
            return EAGAIN;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_NEW_SOCKET_LIMIT:
            return EMFILE;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_ADDRESS_NOT_BINDABLE:
            return EADDRNOTAVAIL;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_ADDRESS_IN_USE:
            return EADDRINUSE;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_REMOTE_UNREACHABLE:
            return error_number(EHOSTUNREACH);
        case WASI_SOCKETS_NETWORK_ERROR_CODE_CONNECTION_REFUSED:
            return ECONNREFUSED;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_CONNECTION_RESET:
            return ECONNRESET;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_CONNECTION_ABORTED:
            return ECONNABORTED;
        case WASI_SOCKETS_NETWORK_ERROR_CODE_DATAGRAM_TOO_LARGE:
            return EMSGSIZE;
        default:
            return error_number(EIO);
    }
}
