/* What MicroPython's Mbed TLS configuration wants to know of MicroPython. */
#define MICROPY_PY_SSL_DTLS (0)
