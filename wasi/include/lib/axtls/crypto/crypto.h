// SHA-1 and MD5 in axTLS' interface, the one that MicroPython's hashlib knows for them.

#pragma once
#include <stddef.h>
#include <stdint.h>

#define SHA1_SIZE (20)
#define MD5_SIZE (16)

typedef struct {
    uint32_t state[5];
    uint64_t length; // in bytes
    uint8_t block[64];
} SHA1_CTX;

typedef struct {
    uint32_t state[4];
    uint64_t length; // in bytes
    uint8_t block[64];
} MD5_CTX;

void SHA1_Init(SHA1_CTX *context);
void SHA1_Update(SHA1_CTX *context, const uint8_t *data, size_t length);
void SHA1_Final(uint8_t *digest, SHA1_CTX *context);

void MD5_Init(MD5_CTX *context);
void MD5_Update(MD5_CTX *context, const uint8_t *data, size_t length);
void MD5_Final(uint8_t *digest, MD5_CTX *context);
