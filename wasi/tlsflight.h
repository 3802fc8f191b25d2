// What is first sent after a handshake, its last flight and what the program writes first, is
// gathered so that one segment carries all of it: WASI cannot disable Nagle's algorithm, which
// holds up a second segment until the peer's ACK of the first, and that may be late. It is sent by
// the program's next read, poll, close or wait, or after two milliseconds.

#pragma once

#include "tlsio.h"

// Lets it wait for more. One connection does at a time.
void flight_keep(tls_socket_t *self);

// Does it wait? It is the caller's to send from now on.
bool flight_take(tls_socket_t *self);

// Sends what waits, as far as that goes at once. Is some of it left?
bool flight_send(void);
