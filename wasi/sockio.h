// A socket and its operations. They wait for as long as the socket's timeout. They return 0 or an
// errno: EAGAIN if they may not wait, ETIMEDOUT if the time is over.

#pragma once

#include "py/obj.h"
#include "tcp.h"
#include "udp.h"

#define MSG_PEEK_ (2)
#define MSG_DONTWAIT_ (0x40)

typedef struct {
    mp_obj_base_t base;
    bool closed;
    bool datagram;
    uint8_t family;
    int number;
    int32_t timeout;
    union {
        tcp_t tcp;
        udp_t udp;
    };
} socket_obj_t;

// Counts the socket's changes, where polls look for them.
unsigned *changes_of(socket_obj_t *self);

int connect_socket(socket_obj_t *self, const address_t *address);
int accept_socket(socket_obj_t *self, socket_obj_t *accepted, address_t *peer);
int read_socket(socket_obj_t *self, void *buffer, size_t length, int flags, size_t *count, address_t *sender);
int write_socket(socket_obj_t *self, const void *data, size_t length, int flags, const address_t *to, size_t *count);

// MicroPython's events of a poll, those of `events` that are ready.
mp_uint_t poll_socket(socket_obj_t *self, mp_uint_t events);

void close_socket(socket_obj_t *self);

/* For the tls module, which goes round the stream protocol to save copies */

// Called when a blocking connect() begins to wait.
extern void (*socket_connecting)(void);

// How long an operation may take in all, however often it waits.
typedef struct {
    int64_t timeout; // milliseconds from its first wait on; 0: it does not wait, negative: without end
    uint64_t end; // by wait_clock(); 0: it has not begun
    bool asked; // the host's poll was asked, which is certain
    bool interrupted; // scheduled code has run since the last wait
} patience_t;

// That of the socket's timeout.
patience_t socket_patience(mp_obj_t socket);

// When its time is over, by wait_clock(); -1: never. The time begins now, unless it has begun.
int64_t patience_end(patience_t *patience);

// The answer to a poll of something over the socket may have changed.
void socket_changed(mp_obj_t socket);

// Receives up to `length` bytes or one datagram, into memory that the caller frees.
int socket_receive(mp_obj_t socket, size_t length, patience_t *patience, interpreter_list_u8_t *data);

// Sends some of it, or all of it as one datagram.
int socket_send(mp_obj_t socket, const void *data, size_t length, patience_t *patience, size_t *count);
