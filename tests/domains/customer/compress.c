// SPDX-License-Identifier: MIT
//
// Every compression service: text, noise, zeros and nothing come back as they were; room that is too small and input that was tampered with are refused
// in the interface's words.
#include <stdlib.h>
#include <string.h>

#include "compress.h"
#include "customer.h"

#define SIZE (256u << 10)
#define BUFFER_SIZE (320u << 10)

struct buffer {
    bh_cap cap;
    uint8_t *data;
};

static struct buffer new_buffer(size_t size) {
    struct buffer buffer;
    void *address;
    EXPECT_OK(bh_buffer_alloc(size, &buffer.cap, &address));
    buffer.data = address;
    return buffer;
}

static void make_text(uint8_t *data, size_t size) {
    static const char *const words[] = {"domain ", "kernel ", "verifies ", "proxy, ", "of the ", "slot\n", "capability ", "ring "};
    uint64_t seed = 1;
    for (size_t at = 0; at < size;) {
        const char *word = words[(seed = seed * 6364136223846793005ull + 1442695040888963407ull) >> 61];
        size_t length = strlen(word) < size - at ? strlen(word) : size - at;
        memcpy(data + at, word, length);
        at += length;
    }
}

static void make_noise(uint8_t *data, size_t size) {
    uint64_t seed = 7;
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)((seed = seed * 6364136223846793005ull + 1442695040888963407ull) >> 56);
}

static uint64_t round_trip(bh_cap service, const char *name, struct buffer plain, uint64_t size, uint32_t level) {
    static struct buffer packed, again;
    uint64_t packed_size, again_size;
    if (!packed.data) {
        packed = new_buffer(BUFFER_SIZE);
        again = new_buffer(BUFFER_SIZE);
    }
    EXPECT_OK(compress_compress(service, plain.cap, size, packed.cap, level, &packed_size));
    EXPECT_OK(compress_decompress(service, packed.cap, packed_size, again.cap, &again_size));
    EXPECT(again_size == size && memcmp(plain.data, again.data, size) == 0, "%s: %llu bytes came back as %llu", name,
           (unsigned long long)size, (unsigned long long)again_size);
    if (size > 1000) {
        packed.data[packed_size / 2] ^= 0x55;
        enum bh_error error = compress_decompress(service, packed.cap, packed_size, again.cap, &again_size);
        EXPECT(error || memcmp(plain.data, again.data, size) != 0 || again_size != size, "%s: a changed block went unnoticed", name);
        error = compress_decompress(service, packed.cap, packed_size / 3, again.cap, &again_size);
        EXPECT(error == BH_EPROTO || error == BH_EOVERFLOW, "%s: a third of a block: %s", name, bh_strerror(error));
    }
    return packed_size;
}

static void one_service(const char *name) {
    struct buffer plain = new_buffer(BUFFER_SIZE), small = new_buffer(4096);
    bh_cap service = find(name);
    uint64_t written;
    AWAIT(compress_compress(service, plain.cap, 0, small.cap, 0, &written));
    make_text(plain.data, SIZE);
    uint64_t text = round_trip(service, name, plain, SIZE, 0), best = round_trip(service, name, plain, SIZE, 9);
    (void)round_trip(service, name, plain, 0, 0);
    (void)round_trip(service, name, plain, 1, 0);
    EXPECT_ERROR(compress_compress(service, plain.cap, BUFFER_SIZE + 1, small.cap, 0, &written), BH_ERANGE);
    make_noise(plain.data, SIZE);
    uint64_t noise = round_trip(service, name, plain, SIZE, 1);
    EXPECT_ERROR(compress_compress(service, plain.cap, SIZE, small.cap, 1, &written), BH_EOVERFLOW);
    memset(plain.data, 0, SIZE);
    uint64_t zeros = round_trip(service, name, plain, SIZE, 3);
    EXPECT(text < SIZE / 2 && noise > SIZE - SIZE / 100 && zeros < 2000, "%s: text %llu, noise %llu, zeros %llu", name, (unsigned long long)text,
           (unsigned long long)noise, (unsigned long long)zeros);
    bh_info("%s: %u bytes of text become %llu, at best %llu", name, SIZE, (unsigned long long)text, (unsigned long long)best);
    EXPECT_OK(bh_cap_drop(plain.cap));
    EXPECT_OK(bh_cap_drop(small.cap));
}

void compress_scenario(void) {
    static const char *const names[] = {"zlib", "lz4", "bzip2", "zstd"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        one_service(names[i]);
}
