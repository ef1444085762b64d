// SPDX-License-Identifier: MIT
//
// lz4 and zlib, from Debian's source packages, there and back over text-like data.
#include "programs.h"

#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char *const words[] = {"domain ", "ring ", "proxy ", "capability ", "the ", "of ", "guest ", "and ",
                                    "verifier ", "exit ", "page ", "stack ", "a ", "is ", "slot ", "queue\n"};

static void fill(char *text, size_t size) {
    uint64_t seed = 99;
    size_t at = 0;
    while (at < size) {
        const char *word = words[next_random(&seed) % 16];
        size_t length = strlen(word);
        if (length > size - at)
            length = size - at;
        memcpy(text + at, word, length);
        at += length;
    }
}

static uint64_t sum_of(const char *bytes, size_t size) {
    uint64_t sum = size;
    for (size_t i = 0; i < size; i += 17)
        sum = sum * 31 + (uint8_t)bytes[i];
    return sum;
}

uint64_t lz4_run(uint32_t rounds) {
    enum { SIZE = 256 << 10 };
    size_t bound = (size_t)LZ4_compressBound(SIZE);
    char *text = malloc(SIZE), *packed = malloc(bound), *back = malloc(SIZE);
    uint64_t sum = 0;
    if (text && packed && back) {
        fill(text, SIZE);
        for (uint32_t round = 0; round < rounds; round++) {
            int size = LZ4_compress_default(text, packed, SIZE, (int)bound);
            if (LZ4_decompress_safe(packed, back, size, SIZE) != SIZE || memcmp(text, back, SIZE) != 0)
                break;
            sum += sum_of(packed, (size_t)size);
            text[round * 97 % SIZE] ^= 1;
        }
    }
    free(text);
    free(packed);
    free(back);
    return sum;
}

uint64_t zlib_run(uint32_t rounds) {
    enum { SIZE = 64 << 10 };
    uLong bound = compressBound(SIZE);
    char *text = malloc(SIZE), *packed = malloc(bound), *back = malloc(SIZE);
    uint64_t sum = 0;
    if (text && packed && back) {
        fill(text, SIZE);
        for (uint32_t round = 0; round < rounds; round++) {
            uLongf size = bound, whole = SIZE;
            if (compress2((Bytef *)packed, &size, (const Bytef *)text, SIZE, 6) != Z_OK ||
                uncompress((Bytef *)back, &whole, (const Bytef *)packed, size) != Z_OK ||
                memcmp(text, back, SIZE) != 0)
                break;
            sum += sum_of(packed, size);
            text[round * 97 % SIZE] ^= 1;
        }
    }
    free(text);
    free(packed);
    free(back);
    return sum;
}
