// UDP over wasi:sockets/udp.
//
// If a new socket is connected, the host connects it, and then reports a port that nobody listens
// on. A socket that was used before is connected here only, by a filter: WASI's connect would
// replace its streams, and lose the datagrams that have arrived.

#include <errno.h>
#include <string.h>

#include "py/stream.h"
#include "network.h"
#include "options.h"
#include "room.h"
#include "udp.h"

typedef wasi_sockets_network_error_code_t code_t;

static wasi_sockets_udp_borrow_udp_socket_t socket_of(udp_t *udp) {
    return wasi_sockets_udp_borrow_udp_socket(udp->socket);
}

static wasi_sockets_udp_borrow_incoming_datagram_stream_t incoming_of(udp_t *udp) {
    return wasi_sockets_udp_borrow_incoming_datagram_stream(udp->incoming);
}

static wasi_sockets_udp_borrow_outgoing_datagram_stream_t outgoing_of(udp_t *udp) {
    return wasi_sockets_udp_borrow_outgoing_datagram_stream(udp->outgoing);
}

int udp_open(udp_t *udp, int family) {
    code_t code;
    memset(udp, 0, sizeof(*udp));
    udp->family = family;
    uint8_t kind = family == AF_INET6_ ? WASI_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV6 : WASI_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV4;
    return wasi_sockets_udp_create_socket_create_udp_socket(kind, &udp->socket, &code) ? 0 : errno_of(code);
}

static bool is_bound(udp_t *udp) {
    return udp->incoming.__handle != 0;
}

static int bind_socket(udp_t *udp, const address_t *address) {
    code_t code;
    if (!wasi_sockets_udp_method_udp_socket_start_bind(socket_of(udp), network(), (address_t *)address, &code)) {
        return errno_of(code);
    }
    while (!wasi_sockets_udp_method_udp_socket_finish_bind(socket_of(udp), &code)) {
        if (code != WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK) {
            return errno_of(code);
        }
        pollable_t bound = wasi_sockets_udp_method_udp_socket_subscribe(socket_of(udp));
        wait_for(bound, -1);
        wasi_io_poll_pollable_drop_own(bound);
    }
    return 0;
}

static int open_streams(udp_t *udp, const address_t *peer) {
    wasi_sockets_udp_tuple2_own_incoming_datagram_stream_own_outgoing_datagram_stream_t streams;
    code_t code;
    if (!wasi_sockets_udp_method_udp_socket_stream(socket_of(udp), (address_t *)peer, &streams, &code)) {
        return errno_of(code);
    }
    udp->incoming = streams.f0;
    udp->outgoing = streams.f1;
    return 0;
}

int udp_bind(udp_t *udp, const address_t *address) {
    int error = is_bound(udp) ? EINVAL : bind_socket(udp, address);
    return error ? error : open_streams(udp, NULL);
}

static int bind_somewhere(udp_t *udp) {
    if (is_bound(udp)) {
        return 0;
    }
    address_t any = address_any(udp->family);
    return udp_bind(udp, &any);
}

int udp_connect(udp_t *udp, const address_t *address) {
    if (udp->connected) {
        return address_equal(address, &udp->peer) ? 0 : EISCONN;
    }
    udp->peer = *address;
    if (is_bound(udp)) {
        udp->filtered = true;
        return 0;
    }
    address_t any = address_any(udp->family);
    int error = bind_socket(udp, &any);
    if (error == 0) {
        error = open_streams(udp, address);
    }
    udp->connected = error == 0;
    return error;
}

static void free_unread(udp_t *udp) {
    interpreter_list_u8_free(&udp->unread);
    udp->unread = (interpreter_list_u8_t) { 0 };
    udp->has_unread = false;
}

// Makes sure that there is an unread datagram.
static int receive(udp_t *udp) {
    int error = bind_somewhere(udp);
    while (error == 0 && !udp->has_unread) {
        if (!room_for_answer()) {
            return ENOMEM;
        }
        wasi_sockets_udp_list_incoming_datagram_t datagrams;
        code_t code;
        if (!wasi_sockets_udp_method_incoming_datagram_stream_receive(incoming_of(udp), 1, &datagrams, &code)) {
            return errno_of(code);
        }
        if (datagrams.len == 0) {
            return EAGAIN;
        }
        if (!udp->filtered || address_equal(&datagrams.ptr[0].remote_address, &udp->peer)) {
            udp->has_unread = true;
            udp->unread = datagrams.ptr[0].data;
            udp->sender = datagrams.ptr[0].remote_address;
            datagrams.ptr[0].data = (interpreter_list_u8_t) { 0 };
        }
        wasi_sockets_udp_list_incoming_datagram_free(&datagrams);
    }
    return error;
}

int udp_take(udp_t *udp, interpreter_list_u8_t *data) {
    int error = receive(udp);
    if (error == 0) {
        *data = udp->unread;
        udp->has_unread = false;
        udp->unread = (interpreter_list_u8_t) { 0 };
    }
    return error;
}

int udp_read(udp_t *udp, void *buffer, size_t length, bool peek, size_t *count, address_t *sender) {
    int error = receive(udp);
    *count = 0;
    if (error) {
        return error;
    }
    *count = MIN(length, udp->unread.len);
    memcpy(buffer, udp->unread.ptr, *count);
    *sender = udp->sender;
    if (!peek) {
        free_unread(udp);
    }
    return 0;
}

int udp_write(udp_t *udp, const void *data, size_t length, const address_t *to) {
    code_t code;
    uint64_t count;
    if (to == NULL && !udp->connected && !udp->filtered) {
        return EDESTADDRREQ;
    }
    if (to == NULL && udp->filtered) {
        to = &udp->peer;
    }
    int error = bind_somewhere(udp);
    if (error) {
        return error;
    }
    if (!wasi_sockets_udp_method_outgoing_datagram_stream_check_send(outgoing_of(udp), &count, &code)) {
        return errno_of(code);
    }
    if (count == 0) {
        return EAGAIN;
    }
    wasi_sockets_udp_outgoing_datagram_t datagram = { { (uint8_t *)data, length }, { .is_some = to != NULL } };
    if (to != NULL) {
        datagram.remote_address.val = *to;
    }
    wasi_sockets_udp_list_outgoing_datagram_t datagrams = { &datagram, 1 };
    if (!wasi_sockets_udp_method_outgoing_datagram_stream_send(outgoing_of(udp), &datagrams, &count, &code)) {
        return errno_of(code);
    }
    return count == 1 ? 0 : EAGAIN;
}

int udp_set_option(udp_t *udp, int level, int option, uint64_t value) {
    code_t code;
    bool done;
    int number = (int)value;
    if (level == SOL_SOCKET_ && option == SO_REUSEADDR_) {
        return 0; // WASI's sockets never need it; bind() fails if the address is taken
    } else if (level == SOL_SOCKET_ && option == SO_RCVBUF_) {
        done = wasi_sockets_udp_method_udp_socket_set_receive_buffer_size(socket_of(udp), MAX((uint32_t)number, 1), &code);
    } else if (level == SOL_SOCKET_ && option == SO_SNDBUF_) {
        done = wasi_sockets_udp_method_udp_socket_set_send_buffer_size(socket_of(udp), MAX((uint32_t)number, 1), &code);
    } else if (level == IPPROTO_IP_ && option == IP_TTL_) {
        if (number < 1 || number > 255) {
            return EINVAL;
        }
        done = wasi_sockets_udp_method_udp_socket_set_unicast_hop_limit(socket_of(udp), number, &code);
    } else {
        return option_error(micropython_ssl_host_set_udp_option(socket_of(udp), level, option, value));
    }
    return done ? 0 : errno_of(code);
}

watch_t *udp_readable(udp_t *udp) {
    if (udp->of_incoming.pollable.__handle == 0) {
        udp->of_incoming = (watch_t) { wasi_sockets_udp_method_incoming_datagram_stream_subscribe(incoming_of(udp)), &udp->changes, 0, false };
    }
    return &udp->of_incoming;
}

watch_t *udp_writable(udp_t *udp) {
    if (udp->of_outgoing.pollable.__handle == 0) {
        udp->of_outgoing = (watch_t) { wasi_sockets_udp_method_outgoing_datagram_stream_subscribe(outgoing_of(udp)), &udp->changes, 0, false };
    }
    return &udp->of_outgoing;
}

static bool has_input(udp_t *udp) {
    // The next read returns an error.
    return udp->has_unread || (!wait_is_watched(&udp->of_incoming) && receive(udp) != EAGAIN);
}

static bool has_room(udp_t *udp) {
    uint64_t count;
    code_t code;
    if (wait_is_watched(&udp->of_outgoing)) {
        return false;
    }
    return !is_bound(udp) || !wasi_sockets_udp_method_outgoing_datagram_stream_check_send(outgoing_of(udp), &count, &code) || count > 0;
}

unsigned udp_poll(udp_t *udp, unsigned wanted) {
    unsigned ready = 0;
    if (wanted & MP_STREAM_POLL_RD && has_input(udp)) {
        ready |= MP_STREAM_POLL_RD;
    }
    if (wanted & MP_STREAM_POLL_WR && has_room(udp)) {
        ready |= MP_STREAM_POLL_WR;
    }
    if (ready == 0) {
        if (wanted & MP_STREAM_POLL_RD) {
            wait_watch(udp_readable(udp));
        }
        if (wanted & MP_STREAM_POLL_WR) {
            wait_watch(udp_writable(udp));
        }
    }
    return ready;
}

void udp_close(udp_t *udp) {
    wait_forget(&udp->of_incoming);
    wait_forget(&udp->of_outgoing);
    free_unread(udp);
    if (is_bound(udp)) {
        wasi_sockets_udp_incoming_datagram_stream_drop_own(udp->incoming);
        wasi_sockets_udp_outgoing_datagram_stream_drop_own(udp->outgoing);
    }
    if (udp->socket.__handle != 0) {
        wasi_sockets_udp_udp_socket_drop_own(udp->socket);
    }
    unsigned changes = udp->changes + 1;
    memset(udp, 0, sizeof(*udp));
    udp->changes = changes;
}
