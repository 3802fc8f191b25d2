/*
 * Mbed TLS' verdict on chains that tests/verify.rs exported, as its TLS layer comes to it with
 * MBEDTLS_SSL_VERIFY_REQUIRED.
 *
 *   verdict chains          reads lines "directory TAB now TAB client|server [TAB host]", prints "code flags" for each
 *   verdict certificates F  prints the code of reading each certificate in F, each after its length in 4 bytes
 *
 * Codes and flags are Mbed TLS'; flags are 0 unless the code is
 * MBEDTLS_ERR_X509_CERT_VERIFY_FAILED.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mbedtls/error.h"
#include "mbedtls/oid.h"
#include "mbedtls/ssl.h"
#include "mbedtls/x509_crt.h"

#define LONGEST (1 << 20)

static time_t now;

/* Takes the place of libc's, so that chains are judged at the time that each names. */
time_t time(time_t *result) {
    if (result) {
        *result = now;
    }
    return now;
}

static unsigned char *read_der(const char *directory, const char *kind, int number, size_t *length) {
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s.%d.der", directory, kind, number);
    FILE *file = fopen(path, "rb");
    if (!file) {
        return NULL;
    }
    unsigned char *der = malloc(LONGEST);
    *length = fread(der, 1, LONGEST, file);
    fclose(file);
    return der;
}

/* As ssl_parse_certificate_chain() */
static int read_sent(const char *directory, mbedtls_x509_crt *chain) {
    unsigned char *der;
    size_t length;
    for (int number = 0; (der = read_der(directory, "sent", number, &length)); number++) {
        int code = length < 128 ? MBEDTLS_ERR_SSL_DECODE_ERROR : mbedtls_x509_crt_parse_der(chain, der, length);
        free(der);
        if (code != 0 && code != MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND) {
            return code;
        }
    }
    return 0;
}

static int read_anchors(const char *directory, mbedtls_x509_crt *anchors) {
    unsigned char *der;
    size_t length;
    int number = 0;
    for (; (der = read_der(directory, "anchor", number, &length)); number++) {
        if (mbedtls_x509_crt_parse(anchors, der, length) != 0) {
            fprintf(stderr, "%s: anchor %d cannot be read\n", directory, number);
            exit(1);
        }
        free(der);
    }
    return number;
}

/* As mbedtls_ssl_verify_certificate() */
static int judge(const char *directory, int is_client, const char *host, uint32_t *flags) {
    mbedtls_x509_crt chain, anchors;
    mbedtls_x509_crt_init(&chain);
    mbedtls_x509_crt_init(&anchors);
    int anchor_count = read_anchors(directory, &anchors);
    int code = read_sent(directory, &chain);
    if (code == 0) {
        code = mbedtls_x509_crt_verify(&chain, anchor_count ? &anchors : NULL, NULL, host, flags, NULL, NULL);
        const char *purpose = is_client ? MBEDTLS_OID_SERVER_AUTH : MBEDTLS_OID_CLIENT_AUTH;
        int misused = 0;
        if (mbedtls_x509_crt_check_key_usage(&chain, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0) {
            *flags |= MBEDTLS_X509_BADCERT_KEY_USAGE;
            misused = 1;
        }
        if (mbedtls_x509_crt_check_extended_key_usage(&chain, purpose, MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) != 0) {
            *flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
            misused = 1;
        }
        if (code == 0 && misused) {
            code = MBEDTLS_ERR_SSL_BAD_CERTIFICATE;
        }
        if (!anchor_count) {
            code = MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED;
        }
    }
    mbedtls_x509_crt_free(&chain);
    mbedtls_x509_crt_free(&anchors);
    if (code != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        *flags = 0;
    }
    return code;
}

static int chains(void) {
    static char line[4096];
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = 0;
        char *rest = line;
        char *directory = strsep(&rest, "\t");
        now = atoll(strsep(&rest, "\t"));
        char *side = strsep(&rest, "\t");
        uint32_t flags = 0;
        int code = judge(directory, strcmp(side, "client") == 0, rest, &flags);
        printf("%d %u\n", code, (unsigned) flags);
    }
    return 0;
}

static int certificates(const char *path) {
    static unsigned char header[4], der[LONGEST];
    FILE *file = fopen(path, "rb");
    while (file && fread(header, 1, 4, file) == 4) {
        size_t length = header[0] << 24 | header[1] << 16 | header[2] << 8 | header[3];
        if (length > LONGEST || fread(der, 1, length, file) != length) {
            break;
        }
        mbedtls_x509_crt certificate;
        mbedtls_x509_crt_init(&certificate);
        printf("%d\n", mbedtls_x509_crt_parse_der(&certificate, der, length));
        mbedtls_x509_crt_free(&certificate);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "chains") == 0) {
        return chains();
    }
    if (argc == 3 && strcmp(argv[1], "certificates") == 0) {
        return certificates(argv[2]);
    }
    fprintf(stderr, "usage: verdict chains | verdict certificates FILE\n");
    return 2;
}
