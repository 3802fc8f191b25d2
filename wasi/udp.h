// A UDP socket of WASI. Nothing here waits: a step that would have to wait returns EAGAIN.

#pragma once

#include <stdbool.h>

#include "address.h"
#include "wait.h"

typedef struct {
    unsigned changes; // counts what may change the answer of udp_poll()
    wasi_sockets_udp_own_udp_socket_t socket;
    // Open from when the socket is bound.
    wasi_sockets_udp_own_incoming_datagram_stream_t incoming;
    wasi_sockets_udp_own_outgoing_datagram_stream_t outgoing;
    // Made when first needed.
    watch_t of_incoming;
    watch_t of_outgoing;
    int family;
    bool connected; // to the peer, by the host
    bool filtered; // to the peer, here
    address_t peer;
    // A datagram that was received and not read yet.
    bool has_unread;
    interpreter_list_u8_t unread;
    address_t sender;
} udp_t;

// All of these return 0 or an errno.
int udp_open(udp_t *udp, int family);
int udp_bind(udp_t *udp, const address_t *address);
int udp_connect(udp_t *udp, const address_t *address);
// Reads the first `length` bytes of a datagram.
int udp_read(udp_t *udp, void *buffer, size_t length, bool peek, size_t *count, address_t *sender);
// A whole datagram, in memory that the caller frees.
int udp_take(udp_t *udp, interpreter_list_u8_t *data);
// To the peer that it is connected to if no address is given.
int udp_write(udp_t *udp, const void *data, size_t length, const address_t *to);
// The value is its first eight bytes as a little-endian number.
int udp_set_option(udp_t *udp, int level, int option, uint64_t value);

// What is ready among `wanted`. Where nothing is, it is watched from now on.
unsigned udp_poll(udp_t *udp, unsigned wanted);

// What to wait for until it is readable or writable. Only after a step that was EAGAIN.
watch_t *udp_readable(udp_t *udp);
watch_t *udp_writable(udp_t *udp);

void udp_close(udp_t *udp);
