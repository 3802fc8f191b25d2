// TCP over wasi:sockets/tcp.

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "py/stream.h"
#include "closing.h"
#include "network.h"
#include "options.h"
#include "room.h"
#include "tcp.h"

// The most that is read or written at once, in bytes.
#define MOST (64 * 1024)
// The least that is read at once, so that a program which reads byte by byte does not call the host
// for each byte.
#define AHEAD (4096)
// How long the host may take to find that a new connection can be written to, in milliseconds.
#define FRESH (100)

typedef wasi_sockets_network_error_code_t code_t;

static wasi_sockets_tcp_borrow_tcp_socket_t socket_of(tcp_t *tcp) {
    return wasi_sockets_tcp_borrow_tcp_socket(tcp->socket);
}

static wasi_io_streams_borrow_input_stream_t input_of(tcp_t *tcp) {
    return wasi_io_streams_borrow_input_stream(tcp->input);
}

static wasi_io_streams_borrow_output_stream_t output_of(tcp_t *tcp) {
    return wasi_io_streams_borrow_output_stream(tcp->output);
}

static watch_t *of_socket(tcp_t *tcp) {
    if (tcp->of_socket.pollable.__handle == 0) {
        tcp->of_socket = (watch_t) { wasi_sockets_tcp_method_tcp_socket_subscribe(socket_of(tcp)), &tcp->changes, 0, false };
    }
    return &tcp->of_socket;
}

int tcp_open(tcp_t *tcp, int family) {
    code_t code;
    memset(tcp, 0, sizeof(*tcp));
    tcp->family = family;
    tcp->connection = connection_new();
    if (tcp->connection == NULL) {
        return ENOMEM;
    }
    uint8_t kind = family == AF_INET6_ ? WASI_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV6 : WASI_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV4;
    if (wasi_sockets_tcp_create_socket_create_tcp_socket(kind, &tcp->socket, &code)) {
        return 0;
    }
    connection_closed(tcp->connection);
    return errno_of(code);
}

int tcp_bind(tcp_t *tcp, const address_t *address) {
    code_t code;
    if (tcp->state != TCP_NEW) {
        return EINVAL;
    }
    if (!wasi_sockets_tcp_method_tcp_socket_start_bind(socket_of(tcp), network(), (address_t *)address, &code)) {
        return errno_of(code);
    }
    while (!wasi_sockets_tcp_method_tcp_socket_finish_bind(socket_of(tcp), &code)) {
        if (code != WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK) {
            return errno_of(code);
        }
        wait_for(of_socket(tcp)->pollable, -1);
    }
    tcp->state = TCP_BOUND;
    tcp->bound = true;
    return 0;
}

int tcp_listen(tcp_t *tcp, int family, unsigned backlog) {
    code_t code;
    if (tcp->state == TCP_NEW) {
        address_t any = address_any(family);
        int error = tcp_bind(tcp, &any);
        if (error) {
            return error;
        }
    }
    if (tcp->state != TCP_BOUND && tcp->state != TCP_LISTENING) {
        return EINVAL;
    }
    // A hint; hosts that cannot change it later return an error.
    wasi_sockets_tcp_method_tcp_socket_set_listen_backlog_size(socket_of(tcp), backlog ? backlog : 1, &code);
    if (tcp->state == TCP_LISTENING) {
        return 0;
    }
    if (!wasi_sockets_tcp_method_tcp_socket_start_listen(socket_of(tcp), &code)) {
        return errno_of(code);
    }
    while (!wasi_sockets_tcp_method_tcp_socket_finish_listen(socket_of(tcp), &code)) {
        if (code != WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK) {
            return errno_of(code);
        }
        wait_for(of_socket(tcp)->pollable, -1);
    }
    tcp->state = TCP_LISTENING;
    return 0;
}

static void connected(tcp_t *tcp, wasi_sockets_tcp_own_input_stream_t input, wasi_sockets_tcp_own_output_stream_t output) {
    tcp->state = TCP_CONNECTED;
    tcp->input = input;
    tcp->output = output;
    connection_opened(tcp->connection, tcp->socket, input, output);
}

int tcp_accept(tcp_t *tcp, tcp_t *accepted, address_t *peer) {
    wasi_sockets_tcp_tuple3_own_tcp_socket_own_input_stream_own_output_stream_t parts;
    code_t code;
    if (tcp->state != TCP_LISTENING) {
        return EINVAL;
    }
    tcp->of_socket.ready = false; // the waiting connection may be accepted now
    connection_t *connection = connection_new();
    if (connection == NULL) {
        return ENOMEM;
    }
    if (!wasi_sockets_tcp_method_tcp_socket_accept(socket_of(tcp), &parts, &code)) {
        connection_closed(connection);
        return errno_of(code);
    }
    memset(accepted, 0, sizeof(*accepted));
    accepted->connection = connection;
    accepted->told = true;
    accepted->socket = parts.f0;
    connected(accepted, parts.f1, parts.f2);
    if (!wasi_sockets_tcp_method_tcp_socket_remote_address(socket_of(accepted), peer, &code)) {
        *peer = address_any(AF_INET_); // it is gone already
    }
    return 0;
}

// The error that broke a connection, or that kept one from being made. It is told once.
static int take_error(tcp_t *tcp) {
    int error = tcp->error;
    tcp->error = 0;
    return error;
}

static void failed(tcp_t *tcp, code_t code) {
    tcp->state = TCP_FAILED;
    tcp->error = errno_of(code);
    tcp->ended = tcp->broken = true;
}

// Goes on with connecting. Whether it has come to an end.
static bool settled(tcp_t *tcp) {
    wasi_sockets_tcp_tuple2_own_input_stream_own_output_stream_t streams;
    code_t code;
    if (tcp->state != TCP_CONNECTING) {
        return true;
    }
    if (wasi_sockets_tcp_method_tcp_socket_finish_connect(socket_of(tcp), &streams, &code)) {
        connected(tcp, streams.f0, streams.f1);
        return true;
    }
    if (code == WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK) {
        return false;
    }
    failed(tcp, code);
    return true;
}

// As Linux does: the first connect() after the end of one that did not wait tells how it ended.
int tcp_connect(tcp_t *tcp, const address_t *address) {
    code_t code;
    if (!settled(tcp)) {
        return EALREADY;
    }
    switch (tcp->state) {
        case TCP_CONNECTED:
            return tcp->told ? EISCONN : 0;
        case TCP_LISTENING:
            return EISCONN;
        case TCP_FAILED:
            return tcp->error ? take_error(tcp) : ECONNABORTED;
        default:
            break;
    }
    if (!wasi_sockets_tcp_method_tcp_socket_start_connect(socket_of(tcp), network(), (address_t *)address, &code)) {
        failed(tcp, code);
        return take_error(tcp);
    }
    tcp->state = TCP_CONNECTING;
    return EAGAIN;
}

int tcp_connected(tcp_t *tcp) {
    if (!settled(tcp)) {
        return EAGAIN;
    }
    switch (tcp->state) {
        case TCP_CONNECTED:
            return 0;
        case TCP_FAILED:
            return take_error(tcp);
        default:
            return ENOTCONN;
    }
}

void tcp_told(tcp_t *tcp) {
    tcp_t fresh;
    tcp->told = tcp->state == TCP_CONNECTED;
    if (tcp->state == TCP_FAILED && !tcp->bound && tcp_open(&fresh, tcp->family) == 0) {
        tcp_close(tcp);
        fresh.changes = tcp->changes;
        *tcp = fresh;
    }
}

// What broke a stream, for the next read or write to return. WASI gives no number for it
// (network-error-code is unstable), only a text.
static void broke(tcp_t *tcp, wasi_io_streams_stream_error_t *error) {
    interpreter_string_t words;
    wasi_io_error_method_error_to_debug_string(wasi_io_error_borrow_error(error->val.last_operation_failed), &words);
    static const struct { const char *word; int number; } known[] = {
        { "imeout", ETIMEDOUT }, { "imed out", ETIMEDOUT }, { "bort", ECONNABORTED }, { "nreachable", EHOSTUNREACH }, { "roken", EPIPE },
    };
    const char *end = memchr(words.ptr, '\n', words.len); // a trace may follow
    size_t length = end == NULL ? words.len : end - (char *)words.ptr;
    int number = error_number(0);
    tcp->error = number != 0 ? number : ECONNRESET;
    for (size_t i = 0; number == 0 && i < MP_ARRAY_SIZE(known); i++) {
        if (memmem(words.ptr, length, known[i].word, strlen(known[i].word)) != NULL) {
            tcp->error = known[i].number;
        }
    }
    tcp->broken = true;
    interpreter_string_free(&words);
    wasi_io_error_error_drop_own(error->val.last_operation_failed);
}

static size_t unread_length(tcp_t *tcp) {
    return tcp->unread.len - tcp->taken;
}

static void free_unread(tcp_t *tcp) {
    interpreter_list_u8_free(&tcp->unread);
    tcp->unread = (interpreter_list_u8_t) { 0 };
    tcp->taken = 0;
}

int tcp_take(tcp_t *tcp, size_t length, interpreter_list_u8_t *data) {
    *data = (interpreter_list_u8_t) { 0 };
    if (unread_length(tcp) > 0) {
        if (tcp->taken == 0 && tcp->unread.len <= length) {
            *data = tcp->unread;
            tcp->unread = (interpreter_list_u8_t) { 0 };
            return 0;
        }
        size_t count = MIN(length, unread_length(tcp));
        data->ptr = malloc(count);
        if (data->ptr == NULL) {
            return ENOMEM;
        }
        data->len = count;
        return tcp_read(tcp, data->ptr, count, false, &data->len);
    }
    int error = tcp_connected(tcp);
    if (error || tcp->ended) {
        return error ? error : take_error(tcp);
    }
    if (!room_for_answer()) {
        return ENOMEM;
    }
    wasi_io_streams_stream_error_t stream_error;
    if (!wasi_io_streams_method_input_stream_read(input_of(tcp), MIN(length, MOST), data, &stream_error)) {
        tcp->ended = true;
        if (stream_error.tag != WASI_IO_STREAMS_STREAM_ERROR_CLOSED) {
            broke(tcp, &stream_error);
        }
        return take_error(tcp);
    }
    return data->len == 0 ? EAGAIN : 0;
}

int tcp_read(tcp_t *tcp, void *buffer, size_t length, bool peek, size_t *count) {
    *count = 0;
    if (unread_length(tcp) == 0) {
        interpreter_list_u8_t data;
        int error = tcp_take(tcp, peek ? MOST : MAX(length, AHEAD), &data);
        if (error || data.len == 0) {
            return error;
        }
        free_unread(tcp);
        tcp->unread = data;
    }
    *count = MIN(length, unread_length(tcp));
    memcpy(buffer, tcp->unread.ptr + tcp->taken, *count);
    if (!peek) {
        tcp->taken += *count;
        if (unread_length(tcp) == 0) {
            free_unread(tcp);
        }
    }
    return 0;
}

// How many bytes may be written now. wasmtime knows of a new connection that it can be written to
// only after a wait.
static bool check_write(tcp_t *tcp, uint64_t *permitted, wasi_io_streams_stream_error_t *error) {
    bool good = wasi_io_streams_method_output_stream_check_write(output_of(tcp), permitted, error);
    if (!tcp->was_writable) {
        tcp->was_writable = true;
        if (good && *permitted == 0) {
            wait_for(tcp_writable(tcp)->pollable, FRESH);
            good = wasi_io_streams_method_output_stream_check_write(output_of(tcp), permitted, error);
        }
    }
    return good;
}

int tcp_write(tcp_t *tcp, const void *data, size_t length, size_t *count) {
    uint64_t permitted;
    wasi_io_streams_stream_error_t error;
    *count = 0;
    int unable = tcp_connected(tcp);
    if (unable) {
        return unable == ENOTCONN ? EPIPE : unable;
    }
    if (tcp->broken) {
        return tcp->error ? take_error(tcp) : EPIPE;
    }
    bool good = check_write(tcp, &permitted, &error);
    if (good && permitted == 0) {
        return EAGAIN;
    }
    interpreter_list_u8_t part = { (uint8_t *)data, MIN(MIN(length, permitted), MOST) };
    if (!good || !wasi_io_streams_method_output_stream_write(output_of(tcp), &part, &error)) {
        if (error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED) {
            return EPIPE;
        }
        broke(tcp, &error);
        return take_error(tcp);
    }
    *count = part.len;
    return 0;
}

int tcp_set_option(tcp_t *tcp, int level, int option, uint64_t value) {
    code_t code;
    bool done;
    int number = (int)value;
    if (level == SOL_SOCKET_ && option == SO_REUSEADDR_) {
        return 0; // WASI's sockets always do
    } else if (level == SOL_SOCKET_ && option == SO_KEEPALIVE_) {
        done = wasi_sockets_tcp_method_tcp_socket_set_keep_alive_enabled(socket_of(tcp), number != 0, &code);
    } else if (level == SOL_SOCKET_ && option == SO_RCVBUF_) {
        done = wasi_sockets_tcp_method_tcp_socket_set_receive_buffer_size(socket_of(tcp), MAX((uint32_t)number, 1), &code);
    } else if (level == SOL_SOCKET_ && option == SO_SNDBUF_) {
        done = wasi_sockets_tcp_method_tcp_socket_set_send_buffer_size(socket_of(tcp), MAX((uint32_t)number, 1), &code);
    } else if (level == IPPROTO_IP_ && option == IP_TTL_) {
        if (number < 1 || number > 255) {
            return EINVAL;
        }
        done = wasi_sockets_tcp_method_tcp_socket_set_hop_limit(socket_of(tcp), number, &code);
    } else {
        return option_error(micropython_ssl_host_set_tcp_option(socket_of(tcp), level, option, value));
    }
    return done ? 0 : errno_of(code);
}

watch_t *tcp_readable(tcp_t *tcp) {
    if (tcp->state != TCP_CONNECTED) {
        return of_socket(tcp);
    }
    if (tcp->of_input.pollable.__handle == 0) {
        tcp->of_input = (watch_t) { wasi_io_streams_method_input_stream_subscribe(input_of(tcp)), &tcp->changes, 0, false };
    }
    return &tcp->of_input;
}

watch_t *tcp_writable(tcp_t *tcp) {
    if (tcp->state != TCP_CONNECTED) {
        return of_socket(tcp);
    }
    if (tcp->of_output.pollable.__handle == 0) {
        tcp->of_output = (watch_t) { wasi_io_streams_method_output_stream_subscribe(output_of(tcp)), &tcp->changes, 0, false };
    }
    return &tcp->of_output;
}

// Whether a read would return at once. Only a read knows for certain, so its bytes are kept.
static bool has_input(tcp_t *tcp) {
    if (unread_length(tcp) > 0 || tcp->ended) {
        return true;
    }
    if (!wait_is_ready(tcp_readable(tcp))) {
        return false;
    }
    interpreter_list_u8_t data;
    int error = tcp_take(tcp, MOST, &data);
    if (error == EAGAIN) {
        return false;
    }
    if (error == 0 && data.len > 0) {
        tcp->unread = data;
        tcp->taken = 0;
    } else {
        tcp->error = error; // for the next read to return
    }
    return true;
}

static bool has_room(tcp_t *tcp) {
    uint64_t permitted;
    wasi_io_streams_stream_error_t error;
    if (tcp->broken) {
        return true;
    }
    if (wait_is_watched(&tcp->of_output)) {
        return false;
    }
    if (!check_write(tcp, &permitted, &error)) {
        if (error.tag != WASI_IO_STREAMS_STREAM_ERROR_CLOSED) {
            broke(tcp, &error);
        }
        return true;
    }
    return permitted > 0;
}

unsigned tcp_poll(tcp_t *tcp, unsigned wanted) {
    if (tcp->state == TCP_LISTENING) {
        if (wanted & MP_STREAM_POLL_RD) {
            if (wait_is_ready(of_socket(tcp))) {
                return MP_STREAM_POLL_RD;
            }
            wait_watch(of_socket(tcp));
        }
        return 0;
    }
    if (tcp->state == TCP_CONNECTING && (wait_is_watched(&tcp->of_socket) || !settled(tcp))) {
        wait_watch(of_socket(tcp));
        return 0;
    }
    unsigned ready = 0;
    if (tcp->state == TCP_CONNECTED && wanted & MP_STREAM_POLL_RD && has_input(tcp)) {
        ready |= MP_STREAM_POLL_RD;
    }
    if (tcp->state == TCP_CONNECTED && wanted & MP_STREAM_POLL_WR && has_room(tcp)) {
        ready |= MP_STREAM_POLL_WR;
    }
    if (tcp->state == TCP_FAILED) {
        return (wanted & (MP_STREAM_POLL_RD | MP_STREAM_POLL_WR)) | MP_STREAM_POLL_HUP | (tcp->error ? MP_STREAM_POLL_ERR : 0);
    }
    if (tcp->state != TCP_CONNECTED) {
        return (wanted & MP_STREAM_POLL_WR) | MP_STREAM_POLL_HUP; // as Linux says of a socket that was never connected
    }
    if (tcp->broken) {
        ready |= MP_STREAM_POLL_HUP | (tcp->error ? MP_STREAM_POLL_ERR : 0);
    }
    if (ready == 0) {
        if (wanted & MP_STREAM_POLL_RD) {
            wait_watch(tcp_readable(tcp));
        }
        if (wanted & MP_STREAM_POLL_WR) {
            wait_watch(tcp_writable(tcp));
        }
    }
    return ready;
}

void tcp_close(tcp_t *tcp) {
    wait_forget(&tcp->of_input);
    wait_forget(&tcp->of_output);
    wait_forget(&tcp->of_socket);
    free_unread(tcp);
    if (tcp->output.__handle == 0) {
        wasi_sockets_tcp_tcp_socket_drop_own(tcp->socket);
    }
    connection_closed(tcp->connection);
    unsigned changes = tcp->changes + 1;
    memset(tcp, 0, sizeof(*tcp));
    tcp->changes = changes;
}
