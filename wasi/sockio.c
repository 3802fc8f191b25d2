// A socket's operations. tcp.c and udp.c take single steps, and this file waits between them, for
// as long as the socket's timeout.

#include <errno.h>

#include "py/stream.h"
#include "sockio.h"

static void nothing(void) {
}

void (*socket_connecting)(void) = nothing;

int64_t patience_end(patience_t *patience) {
    if (patience->timeout < 0) {
        return -1;
    }
    if (patience->end == 0) {
        patience->end = wait_clock() + patience->timeout;
    }
    return patience->end;
}

// The milliseconds that are left; negative: without end.
static int64_t time_left(patience_t *patience) {
    int64_t end = patience_end(patience);
    return end < 0 ? -1 : MAX(end - (int64_t)wait_clock(), 0);
}

// A step was EAGAIN. Waits: 0 to take it again, or the errno to give up with.
static int wait_step(watch_t *watch, patience_t *patience) {
    if (patience->timeout == 0) {
        // The step may have failed although the socket is ready. The host's poll is certain.
        bool ready = !patience->asked && wait_for(watch->pollable, 0);
        patience->asked = true;
        return ready ? 0 : EAGAIN;
    }
    int64_t left = time_left(patience);
    if (left == 0) {
        return ETIMEDOUT;
    }
    // Scheduled code may close the socket, so after it the step is taken again, without a wait.
    patience->interrupted = !patience->interrupted && wait_run_scheduled();
    if (!patience->interrupted) {
        wait_for(watch->pollable, left);
    }
    return 0;
}

// Takes a step again and again until it need not wait, or the time is over.
#define COMPLETE(error, step, watch, patience) \
    do { \
        error = step; \
        *changes_of(self) += 1; \
    } while (error == EAGAIN && (error = wait_step(watch, patience)) == 0)

static watch_t *readable(socket_obj_t *self) {
    return self->datagram ? udp_readable(&self->udp) : tcp_readable(&self->tcp);
}

static watch_t *writable(socket_obj_t *self) {
    return self->datagram ? udp_writable(&self->udp) : tcp_writable(&self->tcp);
}

unsigned *changes_of(socket_obj_t *self) {
    return self->datagram ? &self->udp.changes : &self->tcp.changes;
}

static int read_step(socket_obj_t *self, void *buffer, size_t length, bool peek, size_t *count, address_t *sender) {
    if (self->closed) {
        return EBADF;
    }
    return self->datagram ? udp_read(&self->udp, buffer, length, peek, count, sender) : tcp_read(&self->tcp, buffer, length, peek, count);
}

int read_socket(socket_obj_t *self, void *buffer, size_t length, int flags, size_t *count, address_t *sender) {
    int error;
    patience_t patience = { .timeout = flags & MSG_DONTWAIT_ ? 0 : self->timeout };
    if (flags & ~(MSG_PEEK_ | MSG_DONTWAIT_)) {
        return EINVAL;
    }
    COMPLETE(error, read_step(self, buffer, length, flags & MSG_PEEK_, count, sender), readable(self), &patience);
    return error;
}

static int write_step(socket_obj_t *self, const void *data, size_t length, const address_t *to, size_t *count) {
    if (self->closed) {
        return EBADF;
    }
    if (self->datagram) {
        *count = length;
        return udp_write(&self->udp, data, length, to);
    }
    return length == 0 ? (*count = 0) : tcp_write(&self->tcp, data, length, count);
}

static int write_patiently(socket_obj_t *self, const void *data, size_t length, const address_t *to, patience_t *patience, size_t *count) {
    int error;
    COMPLETE(error, write_step(self, data, length, to, count), writable(self), patience);
    return error;
}

int write_socket(socket_obj_t *self, const void *data, size_t length, int flags, const address_t *to, size_t *count) {
    patience_t patience = { .timeout = flags & MSG_DONTWAIT_ ? 0 : self->timeout };
    return write_patiently(self, data, length, to, &patience, count);
}

static int connect_step(socket_obj_t *self) {
    return self->closed ? EBADF : tcp_connected(&self->tcp);
}

int connect_socket(socket_obj_t *self, const address_t *address) {
    patience_t patience = { .timeout = self->timeout };
    if (self->datagram) {
        return udp_connect(&self->udp, address);
    }
    int error = tcp_connect(&self->tcp, address);
    self->tcp.changes += 1;
    if (error == EAGAIN && self->timeout != 0) {
        socket_connecting();
        COMPLETE(error, connect_step(self), tcp_writable(&self->tcp), &patience);
    }
    if (!self->closed) {
        tcp_told(&self->tcp);
    }
    return error == EAGAIN ? EINPROGRESS : error;
}

static int accept_step(socket_obj_t *self, socket_obj_t *accepted, address_t *peer) {
    return self->closed ? EBADF : tcp_accept(&self->tcp, &accepted->tcp, peer);
}

int accept_socket(socket_obj_t *self, socket_obj_t *accepted, address_t *peer) {
    int error;
    patience_t patience = { .timeout = self->timeout };
    if (self->datagram) {
        return EOPNOTSUPP;
    }
    COMPLETE(error, accept_step(self, accepted, peer), tcp_readable(&self->tcp), &patience);
    return error;
}

mp_uint_t poll_socket(socket_obj_t *self, mp_uint_t events) {
    if (self->closed) {
        return MP_STREAM_POLL_NVAL;
    }
    return self->datagram ? udp_poll(&self->udp, events) : tcp_poll(&self->tcp, events);
}

void close_socket(socket_obj_t *self) {
    if (self->closed) {
        return;
    }
    wait_do_chores(); // sends what a TLS connection over it has kept back
    self->closed = true;
    if (self->datagram) {
        udp_close(&self->udp);
    } else {
        tcp_close(&self->tcp);
    }
}

/* For other modules */

patience_t socket_patience(mp_obj_t socket) {
    return (patience_t) { .timeout = ((socket_obj_t *)MP_OBJ_TO_PTR(socket))->timeout };
}

void socket_changed(mp_obj_t socket) {
    *changes_of(MP_OBJ_TO_PTR(socket)) += 1;
}

static int take_step(socket_obj_t *self, size_t length, interpreter_list_u8_t *data) {
    if (self->closed) {
        return EBADF;
    }
    return self->datagram ? udp_take(&self->udp, data) : tcp_take(&self->tcp, length, data);
}

int socket_receive(mp_obj_t socket, size_t length, patience_t *patience, interpreter_list_u8_t *data) {
    socket_obj_t *self = MP_OBJ_TO_PTR(socket);
    int error;
    if (patience->timeout != 0 && time_left(patience) == 0) {
        return ETIMEDOUT; // although bytes may be there: a peer may send without end
    }
    COMPLETE(error, take_step(self, length, data), readable(self), patience);
    return error;
}

int socket_send(mp_obj_t socket, const void *data, size_t length, patience_t *patience, size_t *count) {
    return write_patiently(MP_OBJ_TO_PTR(socket), data, length, NULL, patience, count);
}
