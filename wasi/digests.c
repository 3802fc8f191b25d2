// SHA-1 (RFC 3174) and MD5 (RFC 1321), for hashlib only: nothing here relies on either.

#include <string.h>
#include "lib/axtls/crypto/crypto.h"

#define BLOCK (64)

static uint32_t rotate(uint32_t word, int bits) {
    return word << bits | word >> (32 - bits);
}

static uint32_t load_be(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static uint32_t load_le(const uint8_t *p) {
    return (uint32_t)p[3] << 24 | p[2] << 16 | p[1] << 8 | p[0];
}

static void sha1_block(uint32_t *state, const uint8_t *block) {
    uint32_t w[80];
    for (int i = 0; i < 80; ++i) {
        w[i] = i < 16 ? load_be(block + 4 * i) : rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int i = 0; i < 80; ++i) {
        uint32_t f, k;
        if (i < 20) {
            f = (b & c) | (~b & d), k = 0x5a827999;
        } else if (i < 40) {
            f = b ^ c ^ d, k = 0x6ed9eba1;
        } else if (i < 60) {
            f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
        } else {
            f = b ^ c ^ d, k = 0xca62c1d6;
        }
        uint32_t next = rotate(a, 5) + f + e + k + w[i];
        e = d, d = c, c = rotate(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

static void md5_block(uint32_t *state, const uint8_t *block) {
    static const uint32_t table[64] = {
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
        0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
        0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
        0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
        0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
        0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
        0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
        0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
    };
    static const uint8_t turns[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } };
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    for (int i = 0; i < 64; ++i) {
        uint32_t f;
        int word;
        if (i < 16) {
            f = (b & c) | (~b & d), word = i;
        } else if (i < 32) {
            f = (d & b) | (~d & c), word = 5 * i + 1;
        } else if (i < 48) {
            f = b ^ c ^ d, word = 3 * i + 5;
        } else {
            f = c ^ (b | ~d), word = 7 * i;
        }
        uint32_t next = b + rotate(a + f + table[i] + load_le(block + 4 * (word % 16)), turns[i / 16][i % 4]);
        a = d, d = c, c = b, b = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
}

// Both pad alike: one bit, zeros, and the length in bits, whose byte order differs.
#define HASH(context, data, length_, block_function) \
    for (size_t i = 0; i < (length_); ++i) { \
        (context)->block[(context)->length++ % BLOCK] = (data)[i]; \
        if ((context)->length % BLOCK == 0) { \
            block_function((context)->state, (context)->block); \
        } \
    }

static size_t padding(uint8_t *pad, uint64_t length, int big_endian) {
    size_t zeros = (BLOCK + 56 - 1 - length % BLOCK) % BLOCK;
    memset(pad, 0, 1 + zeros);
    pad[0] = 0x80;
    for (int i = 0; i < 8; ++i) {
        pad[1 + zeros + i] = length * 8 >> 8 * (big_endian ? 7 - i : i);
    }
    return 1 + zeros + 8;
}

void SHA1_Init(SHA1_CTX *context) {
    *context = (SHA1_CTX) { .state = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 } };
}

void SHA1_Update(SHA1_CTX *context, const uint8_t *data, size_t length) {
    HASH(context, data, length, sha1_block);
}

void SHA1_Final(uint8_t *digest, SHA1_CTX *context) {
    uint8_t pad[2 * BLOCK];
    SHA1_Update(context, pad, padding(pad, context->length, 1));
    for (int i = 0; i < SHA1_SIZE; ++i) {
        digest[i] = context->state[i / 4] >> 8 * (3 - i % 4);
    }
}

void MD5_Init(MD5_CTX *context) {
    *context = (MD5_CTX) { .state = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 } };
}

void MD5_Update(MD5_CTX *context, const uint8_t *data, size_t length) {
    HASH(context, data, length, md5_block);
}

void MD5_Final(uint8_t *digest, MD5_CTX *context) {
    uint8_t pad[2 * BLOCK];
    MD5_Update(context, pad, padding(pad, context->length, 0));
    for (int i = 0; i < MD5_SIZE; ++i) {
        digest[i] = context->state[i / 4] >> 8 * (i % 4);
    }
}
