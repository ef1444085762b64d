// SPDX-License-Identifier: MIT
//
// lz4 and zlib, from Debian's source packages, there and back over a program's text.
#include "programs.h"

#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define ZLIB_LEVEL 6

// What they work on: a program's text, some 110 KiB.
static const char sample[] = {
#embed <lz4.c>
};

static uint64_t sum_of(const char *bytes, size_t size) {
    uint64_t sum = size;
    for (size_t i = 0; i < size; i += 17)
        sum = sum * 31 + (uint8_t)bytes[i];
    return sum;
}

// The text, room for it packed and unpacked again; all in one block.
struct work {
    char *text, *packed, *back;
    size_t bound;
};

static bool prepare(struct work *work, size_t bound) {
    char *memory = malloc(2 * sizeof(sample) + bound);
    *work = (struct work){memory, memory + sizeof(sample), memory + sizeof(sample) + bound, bound};
    if (memory)
        memcpy(memory, sample, sizeof(sample));
    return memory;
}

// Every few hundred bytes, so that comparing does not become the program.
static uint64_t compare(const struct work *work) {
    uint64_t differences = 0;
    for (size_t i = 0; i < sizeof(sample); i += 256)
        differences += work->text[i] != work->back[i];
    return differences;
}

uint64_t lz4_run(uint32_t rounds) {
    struct work work;
    uint64_t sum = 0;
    if (!prepare(&work, (size_t)LZ4_compressBound(sizeof(sample))))
        return 0;
    for (uint32_t round = 0; round < rounds; round++) {
        int size = LZ4_compress_default(work.text, work.packed, sizeof(sample), (int)work.bound);
        if (LZ4_decompress_safe(work.packed, work.back, size, sizeof(sample)) != sizeof(sample) || compare(&work))
            break;
        sum += sum_of(work.packed, (size_t)size);
        work.text[round * 97 % sizeof(sample)] ^= 1;
    }
    free(work.text);
    return sum;
}

uint64_t zlib_run(uint32_t rounds) {
    struct work work;
    uint64_t sum = 0;
    if (!prepare(&work, compressBound(sizeof(sample))))
        return 0;
    for (uint32_t round = 0; round < rounds; round++) {
        uLongf size = work.bound, whole = sizeof(sample);
        if (compress2((Bytef *)work.packed, &size, (const Bytef *)work.text, sizeof(sample), ZLIB_LEVEL) != Z_OK ||
            uncompress((Bytef *)work.back, &whole, (const Bytef *)work.packed, size) != Z_OK || compare(&work))
            break;
        sum += sum_of(work.packed, size);
        work.text[round * 97 % sizeof(sample)] ^= 1;
    }
    free(work.text);
    return sum;
}
