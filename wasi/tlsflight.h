// Keeps back the handshake's last flight, so that one segment carries it together with what the
// program writes first. WASI cannot disable Nagle's algorithm, which holds up a second segment
// until the peer's ACK of the first, and that may be late. The flight is sent by the program's next
// read, poll, close or wait, or after two milliseconds.

#pragma once

#include "tlsio.h"

// Keeps a connection's flight back. Only one connection's is at a time.
void flight_keep(tls_socket_t *self);

// Was this connection's flight kept back? From now on the caller has to send it.
bool flight_take(tls_socket_t *self);

// Sends what is kept back, as far as possible without a wait. Is some of it left?
bool flight_send(void);
