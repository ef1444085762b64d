// SPDX-License-Identifier: MIT
//
// zlib, lz4, zstd and bzip2, packing and unpacking a program's text, each direction by itself.
#define LZ4_STATIC_LINKING_ONLY
#define ZSTD_STATIC_LINKING_ONLY
#include "workloads.h"

#include <bzlib.h>
#include <lz4.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { ZLIB_LEVEL = 6, ZSTD_LEVEL = 3, BZIP2_BLOCK = 1, SLACK = 4096 };

static char *text, *packed, *back;
static size_t packed_room;

static bool prepare(void) {
    arena_reset();
    packed_room = sample_size + sample_size / 8 + SLACK;
    text = arena_take(sample_size);
    packed = arena_take(packed_room);
    back = arena_take(sample_size);
    if (!text || !packed || !back)
        return false;
    memcpy(text, sample, sample_size);
    return true;
}

// A packer or unpacker makes `to` of `from` and returns its size, 0 when it fails.
typedef size_t convert(const char *from, size_t size, char *to, size_t room);

// What is packed differs between 32 and 64 bits (lz4 hashes by the word), so the last packing is checked by unpacking it.
static uint64_t pack_rounds(convert *pack, convert *unpack, uint32_t rounds) {
    size_t size = 0;
    if (!prepare())
        return 0;
    for (uint32_t round = 0; round < rounds; round++) {
        text[round * 97 % sample_size] ^= 1;
        size = pack(text, sample_size, packed, packed_room);
        if (!size)
            return 0;
    }
    if (unpack(packed, size, back, sample_size) != sample_size || memcmp(text, back, sample_size))
        return 0;
    return checksum(back, sample_size) + rounds;
}

static uint64_t unpack_rounds(convert *pack, convert *unpack, uint32_t rounds) {
    uint64_t sum = 0;
    size_t size = prepare() ? pack(text, sample_size, packed, packed_room) : 0;
    for (uint32_t round = 0; round < rounds && size; round++) {
        if (unpack(packed, size, back, sample_size) != sample_size)
            return 0;
        sum += checksum(back, sample_size);
        back[round * 97 % sample_size] ^= 1;
    }
    return sum;
}

static voidpf zlib_take(voidpf opaque, uInt count, uInt size) {
    (void)opaque;
    return arena_take((size_t)count * size);
}
static void zlib_give(voidpf opaque, voidpf block) {
    (void)opaque;
    arena_give(block);
}

static z_stream zlib_stream(const char *from, size_t size, char *to, size_t room) {
    return (z_stream){.zalloc = zlib_take,
                      .zfree = zlib_give,
                      .next_in = (Bytef *)(uintptr_t)from,
                      .avail_in = (uInt)size,
                      .next_out = (Bytef *)to,
                      .avail_out = (uInt)room};
}

static size_t zlib_pack(const char *from, size_t size, char *to, size_t room) {
    z_stream stream = zlib_stream(from, size, to, room);
    if (deflateInit(&stream, ZLIB_LEVEL) != Z_OK)
        return 0;
    int status = deflate(&stream, Z_FINISH);
    deflateEnd(&stream);
    return status == Z_STREAM_END ? stream.total_out : 0;
}
static size_t zlib_unpack(const char *from, size_t size, char *to, size_t room) {
    z_stream stream = zlib_stream(from, size, to, room);
    if (inflateInit(&stream) != Z_OK)
        return 0;
    int status = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    return status == Z_STREAM_END ? stream.total_out : 0;
}

static size_t lz4_pack(const char *from, size_t size, char *to, size_t room) {
    static LZ4_stream_t state;
    int got = LZ4_compress_fast_extState(&state, from, to, (int)size, (int)room, 1);
    return got > 0 ? (size_t)got : 0;
}
static size_t lz4_unpack(const char *from, size_t size, char *to, size_t room) {
    int got = LZ4_decompress_safe(from, to, (int)size, (int)room);
    return got > 0 ? (size_t)got : 0;
}

static void *zstd_take(void *opaque, size_t size) {
    (void)opaque;
    return arena_take(size);
}
static void zstd_give(void *opaque, void *block) {
    (void)opaque;
    arena_give(block);
}
static const ZSTD_customMem zstd_memory = {zstd_take, zstd_give, NULL};

static size_t zstd_pack(const char *from, size_t size, char *to, size_t room) {
    ZSTD_CCtx *context = ZSTD_createCCtx_advanced(zstd_memory);
    size_t got = context ? ZSTD_compressCCtx(context, to, room, from, size, ZSTD_LEVEL) : 0;
    ZSTD_freeCCtx(context);
    return ZSTD_isError(got) ? 0 : got;
}
static size_t zstd_unpack(const char *from, size_t size, char *to, size_t room) {
    ZSTD_DCtx *context = ZSTD_createDCtx_advanced(zstd_memory);
    size_t got = context ? ZSTD_decompressDCtx(context, to, room, from, size) : 0;
    ZSTD_freeDCtx(context);
    return ZSTD_isError(got) ? 0 : got;
}

static void *bzip2_take(void *opaque, int count, int size) {
    (void)opaque;
    return arena_take((size_t)count * (size_t)size);
}

static bz_stream bzip2_stream(const char *from, size_t size, char *to, size_t room) {
    return (bz_stream){.bzalloc = bzip2_take,
                       .bzfree = zstd_give,
                       .next_in = (char *)(uintptr_t)from,
                       .avail_in = (unsigned)size,
                       .next_out = to,
                       .avail_out = (unsigned)room};
}

static size_t bzip2_pack(const char *from, size_t size, char *to, size_t room) {
    bz_stream stream = bzip2_stream(from, size, to, room);
    if (BZ2_bzCompressInit(&stream, BZIP2_BLOCK, 0, 0) != BZ_OK)
        return 0;
    int status = BZ2_bzCompress(&stream, BZ_FINISH);
    BZ2_bzCompressEnd(&stream);
    return status == BZ_STREAM_END ? stream.total_out_lo32 : 0;
}
static size_t bzip2_unpack(const char *from, size_t size, char *to, size_t room) {
    bz_stream stream = bzip2_stream(from, size, to, room);
    if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK)
        return 0;
    int status = BZ2_bzDecompress(&stream);
    BZ2_bzDecompressEnd(&stream);
    return status == BZ_STREAM_END ? stream.total_out_lo32 : 0;
}
// bzip2 without stdio calls this when it finds itself broken.
void bz_internal_error(int code);
void bz_internal_error(int code) {
    (void)code;
    __builtin_trap();
}

#define RUNS(codec)                                                                                                                        \
    uint64_t codec##_pack_run(uint32_t rounds) {                                                                                           \
        return pack_rounds(codec##_pack, codec##_unpack, rounds);                                                                          \
    }                                                                                                                                      \
    uint64_t codec##_unpack_run(uint32_t rounds) {                                                                                         \
        return unpack_rounds(codec##_pack, codec##_unpack, rounds);                                                                        \
    }
RUNS(zlib)
RUNS(lz4)
RUNS(zstd)
RUNS(bzip2)
