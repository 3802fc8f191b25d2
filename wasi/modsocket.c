// The socket module: Python's side of the operations in sockio.c.

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "py/gc.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "modsocket.h"
#include "names.h"
#include "network.h"
#include "options.h"
#include "readall.h"
#include "sockio.h"

#define LISTEN_BACKLOG (128)
#define SOCKETS_PER_COLLECTION (64)
#define FOREVER (-1) // a timeout
#define AT_ONCE (1) // milliseconds: the shortest time that can be over

// The numbers below these are types and protocols of Linux.
#define SOCK_MAX_ (11)
#define IPPROTO_MAX_ (263)

static void check(int error) {
    if (error) {
        raise_socket_error(error);
    }
}

static socket_obj_t *open_socket(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    check(self->closed ? EBADF : 0);
    return self;
}

/* The stream protocol */

static mp_uint_t stream_read(mp_obj_t self_in, void *buffer, mp_uint_t size, int *errcode) {
    size_t count;
    address_t sender;
    *errcode = read_socket(MP_OBJ_TO_PTR(self_in), buffer, size, 0, &count, &sender);
    return *errcode ? MP_STREAM_ERROR : count;
}

static mp_uint_t stream_write(mp_obj_t self_in, const void *data, mp_uint_t size, int *errcode) {
    size_t count;
    *errcode = write_socket(MP_OBJ_TO_PTR(self_in), data, size, 0, NULL, &count);
    return *errcode ? MP_STREAM_ERROR : count;
}

static mp_uint_t stream_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    switch (request) {
        case MP_STREAM_FLUSH:
            return 0;
        case STREAM_CHANGES:
            return (mp_uint_t)changes_of(self);
        case MP_STREAM_POLL:
            return poll_socket(self, arg);
        case MP_STREAM_CLOSE:
            close_socket(self);
            return 0;
        default:
            *errcode = EINVAL;
            return MP_STREAM_ERROR;
    }
}

static const mp_stream_p_t stream_protocol = { .read = stream_read, .write = stream_write, .ioctl = stream_ioctl };

/* socket.socket */

// A collection closes sockets that nothing refers to. The heap is large, so without this one
// thousands would be open before it is full.
static void collect_now_and_then(void) {
    static unsigned opened;
    if (++opened == SOCKETS_PER_COLLECTION) {
        opened = 0;
        gc_collect();
    }
}

static socket_obj_t *new_socket(void) {
    collect_now_and_then();
    socket_obj_t *self = mp_obj_malloc_with_finaliser(socket_obj_t, &socket_type);
    self->closed = true; // until it is open
    self->number = 0;
    self->timeout = FOREVER;
    return self;
}

static void opened(socket_obj_t *self) {
    static int last = STDERR_FILENO;
    self->closed = false;
    self->number = ++last;
}

static int number_of(socket_obj_t *self) {
    return self->closed ? -1 : self->number;
}

// As Linux looks at them: 0, or an errno.
static int check_kind(mp_int_t family, mp_int_t type, mp_int_t proto) {
    if (type < 0 || type >= SOCK_MAX_) {
        return EINVAL;
    }
    if (family != AF_INET_ && family != AF_INET6_) {
        return EAFNOSUPPORT;
    }
    if (proto < 0 || proto >= IPPROTO_MAX_) {
        return EINVAL;
    }
    switch (type) {
        case SOCK_STREAM_:
            return proto == 0 || proto == IPPROTO_TCP_ ? 0 : EPROTONOSUPPORT;
        case SOCK_DGRAM_:
            return proto == 0 || proto == IPPROTO_UDP_ ? 0 : EPROTONOSUPPORT;
        case SOCK_RAW_:
            return proto == 0 ? EPROTONOSUPPORT : EPERM; // as for a user who may not make one
        default:
            return ESOCKTNOSUPPORT;
    }
}

// socket(family=AF_INET, type=SOCK_STREAM, proto=0, fileno=None), named as in CPython
static mp_obj_t socket_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    enum { FAMILY, TYPE, PROTO, FILENO };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_family, MP_ARG_INT, { .u_int = AF_INET_ } },
        { MP_QSTR_type, MP_ARG_INT, { .u_int = SOCK_STREAM_ } },
        { MP_QSTR_proto, MP_ARG_INT, { .u_int = 0 } },
        { MP_QSTR_fileno, MP_ARG_OBJ, { .u_rom_obj = MP_ROM_NONE } },
    };
    mp_arg_val_t given[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, args, MP_ARRAY_SIZE(allowed), allowed, given);
    if (given[FILENO].u_obj != mp_const_none) {
        mp_raise_ValueError(MP_ERROR_TEXT("a socket cannot be made of a number"));
    }
    mp_int_t family = given[FAMILY].u_int;
    check(check_kind(family, given[TYPE].u_int, given[PROTO].u_int));
    socket_obj_t *self = new_socket();
    self->family = family;
    self->datagram = given[TYPE].u_int == SOCK_DGRAM_;
    check(self->datagram ? udp_open(&self->udp, family) : tcp_open(&self->tcp, family));
    opened(self);
    return MP_OBJ_FROM_PTR(self);
}

static void socket_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "<socket %d>", number_of(self));
}

// A number of its own, which is no file descriptor; -1 once it is closed.
static mp_obj_t socket_fileno(mp_obj_t self_in) {
    return MP_OBJ_NEW_SMALL_INT(number_of(MP_OBJ_TO_PTR(self_in)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_fileno_obj, socket_fileno);

static mp_obj_t socket_bind(mp_obj_t self_in, mp_obj_t pair) {
    socket_obj_t *self = open_socket(self_in);
    address_t address = address_from_python(pair, self->family);
    check(self->datagram ? udp_bind(&self->udp, &address) : tcp_bind(&self->tcp, &address));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_bind_obj, socket_bind);

static mp_obj_t socket_listen(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = open_socket(args[0]);
    mp_int_t backlog = n_args > 1 ? mp_obj_get_int(args[1]) : LISTEN_BACKLOG;
    check(self->datagram ? EOPNOTSUPP : tcp_listen(&self->tcp, self->family, MAX(backlog, 0)));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_listen_obj, 1, 2, socket_listen);

static mp_obj_t socket_accept(mp_obj_t self_in) {
    socket_obj_t *self = open_socket(self_in);
    socket_obj_t *accepted = new_socket();
    address_t peer;
    accepted->family = self->family;
    accepted->datagram = false;
    check(accept_socket(self, accepted, &peer));
    opened(accepted);
    mp_obj_t pair[] = { MP_OBJ_FROM_PTR(accepted), address_to_python(&peer) };
    return mp_obj_new_tuple(2, pair);
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_accept_obj, socket_accept);

static mp_obj_t socket_connect(mp_obj_t self_in, mp_obj_t pair) {
    socket_obj_t *self = open_socket(self_in);
    address_t address = address_from_python(pair, self->family);
    check(connect_socket(self, &address));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_connect_obj, socket_connect);

static mp_obj_t send(socket_obj_t *self, mp_obj_t data, int flags, const address_t *to) {
    mp_buffer_info_t buffer;
    size_t count;
    mp_get_buffer_raise(data, &buffer, MP_BUFFER_READ);
    check(write_socket(self, buffer.buf, buffer.len, flags, to, &count));
    return MP_OBJ_NEW_SMALL_INT(count);
}

static mp_obj_t socket_send_method(size_t n_args, const mp_obj_t *args) {
    return send(open_socket(args[0]), args[1], n_args > 2 ? mp_obj_get_int(args[2]) : 0, NULL);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_send_obj, 2, 3, socket_send_method);

static mp_obj_t socket_sendall(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = open_socket(args[0]);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[1], &buffer, MP_BUFFER_READ);
    for (size_t sent = 0; sent < buffer.len;) {
        size_t count;
        check(write_socket(self, (char *)buffer.buf + sent, buffer.len - sent, 0, NULL, &count));
        sent += count;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_sendall_obj, 2, 3, socket_sendall);

// sendto(data, address) or sendto(data, flags, address)
static mp_obj_t socket_sendto(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = open_socket(args[0]);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[1], &buffer, MP_BUFFER_READ);
    address_t to = address_from_python(args[n_args - 1], self->family);
    return send(self, args[1], n_args > 3 ? mp_obj_get_int(args[2]) : 0, &to);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_sendto_obj, 3, 4, socket_sendto);

static mp_obj_t receive(size_t n_args, const mp_obj_t *args, address_t *sender) {
    socket_obj_t *self = open_socket(args[0]);
    mp_int_t size = mp_obj_get_int(args[1]);
    if (size < 0) {
        m_malloc_fail(size);
    }
    vstr_t data;
    vstr_init_len(&data, size);
    check(read_socket(self, data.buf, size, n_args > 2 ? mp_obj_get_int(args[2]) : 0, &data.len, sender));
    return mp_obj_new_bytes_from_vstr(&data);
}

static mp_obj_t socket_recv(size_t n_args, const mp_obj_t *args) {
    address_t sender;
    return receive(n_args, args, &sender);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_recv_obj, 2, 3, socket_recv);

static mp_obj_t socket_recvfrom(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = open_socket(args[0]);
    wasi_sockets_network_error_code_t code;
    address_t sender = address_any(self->family);
    mp_obj_t data = receive(n_args, args, &sender);
    if (!self->datagram) {
        wasi_sockets_tcp_method_tcp_socket_remote_address(wasi_sockets_tcp_borrow_tcp_socket(self->tcp.socket), &sender, &code);
    }
    mp_obj_t pair[] = { data, address_to_python(&sender) };
    return mp_obj_new_tuple(2, pair);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_recvfrom_obj, 2, 3, socket_recvfrom);

// recv_into(buf, size=len(buf), flags=0)
static mp_obj_t socket_recv_into(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = open_socket(args[0]);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[1], &buffer, MP_BUFFER_WRITE);
    size_t size = n_args > 2 && args[2] != mp_const_none ? (size_t)mp_obj_get_int(args[2]) : buffer.len;
    if (size > buffer.len) {
        mp_raise_ValueError(MP_ERROR_TEXT("buffer too small"));
    }
    size_t count;
    address_t sender;
    check(read_socket(self, buffer.buf, size, n_args > 3 ? mp_obj_get_int(args[3]) : 0, &count, &sender));
    return MP_OBJ_NEW_SMALL_INT(count);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_recv_into_obj, 2, 4, socket_recv_into);

// The least bytes of an option's value: a C int, or two.
static size_t option_size(mp_int_t level, mp_int_t option) {
    bool lingers = level == SOL_SOCKET_ && option == SO_LINGER_;
    bool multicast = level == IPPROTO_IP_ && (option == IP_ADD_MEMBERSHIP_ || option == IP_DROP_MEMBERSHIP_);
    return lingers || multicast ? 2 * sizeof(int) : sizeof(int);
}

// The value of an option: a number, or its bytes. `value` gets eight of them.
static int option_value(mp_obj_t value_in, size_t size, uint64_t *value) {
    int number;
    mp_buffer_info_t buffer = { .buf = &number, .len = sizeof(number) };
    if (mp_obj_is_int(value_in)) {
        number = mp_obj_int_get_truncated(value_in);
    } else {
        mp_get_buffer_raise(value_in, &buffer, MP_BUFFER_READ);
    }
    if (buffer.len < size) {
        return EINVAL;
    }
    *value = 0;
    memcpy(value, buffer.buf, MIN(buffer.len, sizeof(*value)));
    return 0;
}

static mp_obj_t socket_setsockopt(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = open_socket(args[0]);
    mp_int_t level = mp_obj_get_int(args[1]);
    mp_int_t option = mp_obj_get_int(args[2]);
    uint64_t value;
    check(option_value(args[3], option_size(level, option), &value));
    check(self->datagram ? udp_set_option(&self->udp, level, option, value) : tcp_set_option(&self->tcp, level, option, value));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_setsockopt_obj, 4, 4, socket_setsockopt);

static mp_obj_t socket_settimeout(mp_obj_t self_in, mp_obj_t seconds_in) {
    socket_obj_t *self = open_socket(self_in);
    if (seconds_in == mp_const_none) {
        self->timeout = FOREVER;
        return mp_const_none;
    }
    mp_float_t whole, seconds = mp_obj_get_float(seconds_in);
    mp_float_t microseconds = round(modf(seconds, &whole) * 1e6);
    check(microseconds >= 0 && microseconds < 1e6 ? 0 : EDOM); // as Linux says of such a struct timeval
    self->timeout = seconds < 0 ? AT_ONCE : (int32_t)MIN(seconds * 1000 + 0.999, INT32_MAX);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_settimeout_obj, socket_settimeout);

static mp_obj_t socket_setblocking(mp_obj_t self_in, mp_obj_t flag) {
    open_socket(self_in)->timeout = mp_obj_is_true(flag) ? FOREVER : 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_setblocking_obj, socket_setblocking);

static mp_obj_t socket_makefile(size_t n_args, const mp_obj_t *args) {
    return args[0];
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_makefile_obj, 1, 3, socket_makefile);

static const mp_rom_map_elem_t socket_methods[] = {
    { MP_ROM_QSTR(MP_QSTR_fileno), MP_ROM_PTR(&socket_fileno_obj) },
    { MP_ROM_QSTR(MP_QSTR_bind), MP_ROM_PTR(&socket_bind_obj) },
    { MP_ROM_QSTR(MP_QSTR_listen), MP_ROM_PTR(&socket_listen_obj) },
    { MP_ROM_QSTR(MP_QSTR_accept), MP_ROM_PTR(&socket_accept_obj) },
    { MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&socket_connect_obj) },
    { MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&socket_send_obj) },
    { MP_ROM_QSTR(MP_QSTR_sendall), MP_ROM_PTR(&socket_sendall_obj) },
    { MP_ROM_QSTR(MP_QSTR_sendto), MP_ROM_PTR(&socket_sendto_obj) },
    { MP_ROM_QSTR(MP_QSTR_recv), MP_ROM_PTR(&socket_recv_obj) },
    { MP_ROM_QSTR(MP_QSTR_recv_into), MP_ROM_PTR(&socket_recv_into_obj) },
    { MP_ROM_QSTR(MP_QSTR_recvfrom), MP_ROM_PTR(&socket_recvfrom_obj) },
    { MP_ROM_QSTR(MP_QSTR_setsockopt), MP_ROM_PTR(&socket_setsockopt_obj) },
    { MP_ROM_QSTR(MP_QSTR_settimeout), MP_ROM_PTR(&socket_settimeout_obj) },
    { MP_ROM_QSTR(MP_QSTR_setblocking), MP_ROM_PTR(&socket_setblocking_obj) },
    { MP_ROM_QSTR(MP_QSTR_makefile), MP_ROM_PTR(&socket_makefile_obj) },
    { MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&readall_read_obj) },
    { MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&mp_stream_unbuffered_readline_obj) },
    { MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj) },
    { MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&mp_stream_ioctl_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj) },
    { MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&mp_stream___exit___obj) },
};
static MP_DEFINE_CONST_DICT(socket_methods_dict, socket_methods);

MP_DEFINE_CONST_OBJ_TYPE(
    socket_type,
    MP_QSTR_socket,
    MP_TYPE_FLAG_NONE,
    make_new, socket_make_new,
    print, socket_print,
    protocol, &stream_protocol,
    locals_dict, &socket_methods_dict
    );

static const mp_rom_map_elem_t socket_module_globals[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_socket) },
    { MP_ROM_QSTR(MP_QSTR_socket), MP_ROM_PTR(&socket_type) },
    { MP_ROM_QSTR(MP_QSTR_getaddrinfo), MP_ROM_PTR(&socket_getaddrinfo_obj) },
    { MP_ROM_QSTR(MP_QSTR_inet_pton), MP_ROM_PTR(&socket_inet_pton_obj) },
    { MP_ROM_QSTR(MP_QSTR_inet_ntop), MP_ROM_PTR(&socket_inet_ntop_obj) },
    { MP_ROM_QSTR(MP_QSTR_sockaddr), MP_ROM_PTR(&socket_sockaddr_obj) },
    { MP_ROM_QSTR(MP_QSTR_AF_UNIX), MP_ROM_INT(AF_UNIX_) },
    { MP_ROM_QSTR(MP_QSTR_AF_INET), MP_ROM_INT(AF_INET_) },
    { MP_ROM_QSTR(MP_QSTR_AF_INET6), MP_ROM_INT(AF_INET6_) },
    { MP_ROM_QSTR(MP_QSTR_SOCK_STREAM), MP_ROM_INT(SOCK_STREAM_) },
    { MP_ROM_QSTR(MP_QSTR_SOCK_DGRAM), MP_ROM_INT(SOCK_DGRAM_) },
    { MP_ROM_QSTR(MP_QSTR_SOCK_RAW), MP_ROM_INT(SOCK_RAW_) },
    { MP_ROM_QSTR(MP_QSTR_SOL_SOCKET), MP_ROM_INT(SOL_SOCKET_) },
    { MP_ROM_QSTR(MP_QSTR_SO_REUSEADDR), MP_ROM_INT(SO_REUSEADDR_) },
    { MP_ROM_QSTR(MP_QSTR_SO_ERROR), MP_ROM_INT(SO_ERROR_) },
    { MP_ROM_QSTR(MP_QSTR_SO_LINGER), MP_ROM_INT(SO_LINGER_) },
    { MP_ROM_QSTR(MP_QSTR_SO_BROADCAST), MP_ROM_INT(SO_BROADCAST_) },
    { MP_ROM_QSTR(MP_QSTR_SO_SNDBUF), MP_ROM_INT(SO_SNDBUF_) },
    { MP_ROM_QSTR(MP_QSTR_SO_RCVBUF), MP_ROM_INT(SO_RCVBUF_) },
    { MP_ROM_QSTR(MP_QSTR_SO_KEEPALIVE), MP_ROM_INT(SO_KEEPALIVE_) },
    { MP_ROM_QSTR(MP_QSTR_IPPROTO_IP), MP_ROM_INT(IPPROTO_IP_) },
    { MP_ROM_QSTR(MP_QSTR_IPPROTO_TCP), MP_ROM_INT(IPPROTO_TCP_) },
    { MP_ROM_QSTR(MP_QSTR_IPPROTO_UDP), MP_ROM_INT(IPPROTO_UDP_) },
    { MP_ROM_QSTR(MP_QSTR_IP_TTL), MP_ROM_INT(IP_TTL_) },
    { MP_ROM_QSTR(MP_QSTR_IP_MULTICAST_TTL), MP_ROM_INT(IP_MULTICAST_TTL_) },
    { MP_ROM_QSTR(MP_QSTR_IP_MULTICAST_LOOP), MP_ROM_INT(IP_MULTICAST_LOOP_) },
    { MP_ROM_QSTR(MP_QSTR_IP_ADD_MEMBERSHIP), MP_ROM_INT(IP_ADD_MEMBERSHIP_) },
    { MP_ROM_QSTR(MP_QSTR_IP_DROP_MEMBERSHIP), MP_ROM_INT(IP_DROP_MEMBERSHIP_) },
    { MP_ROM_QSTR(MP_QSTR_TCP_NODELAY), MP_ROM_INT(TCP_NODELAY_) },
    { MP_ROM_QSTR(MP_QSTR_MSG_PEEK), MP_ROM_INT(MSG_PEEK_) },
    { MP_ROM_QSTR(MP_QSTR_MSG_DONTWAIT), MP_ROM_INT(MSG_DONTWAIT_) },
};
static MP_DEFINE_CONST_DICT(socket_module_dict, socket_module_globals);

const mp_obj_module_t mp_module_socket = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&socket_module_dict,
};

MP_REGISTER_EXTENSIBLE_MODULE(MP_QSTR_socket, mp_module_socket);
