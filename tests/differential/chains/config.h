/* Mbed TLS as MicroPython configures it, with the PEM of MicroPython 1.29. */
#include "extmod/mbedtls/mbedtls_config_common.h"
#define MBEDTLS_CIPHER_MODE_CTR
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_BASE64_C
