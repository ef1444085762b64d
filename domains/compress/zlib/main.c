// SPDX-License-Identifier: MIT
//
// zlib (Debian's source package, unchanged) as a service. Serves Compress behind its port "zlib", in zlib's own format; needs nothing but
// memory. When it dies, what it was asked is asked again: it keeps nothing between calls.
#include <zlib.h>

#include <bulkhead/domain.h>

#include "domains/compress/compressor.h"

static int64_t result_of(int status, uLongf written) {
    switch (status) {
    case Z_OK:
        return (int64_t)written;
    case Z_MEM_ERROR:
        return BH_ENOMEM;
    case Z_BUF_ERROR:
        return BH_EOVERFLOW;
    case Z_STREAM_ERROR:
        return BH_ERANGE;
    default:
        return BH_EPROTO;
    }
}

static int64_t pack(const void *from, size_t size, void *to, size_t capacity, uint32_t level) {
    uLongf written = capacity;
    return result_of(compress2(to, &written, from, size, level ? (int)level : Z_DEFAULT_COMPRESSION), written);
}

static int64_t unpack(const void *from, size_t size, void *to, size_t capacity) {
    uLongf written = capacity;
    return result_of(uncompress(to, &written, from, size), written);
}

int main(void) {
    static const struct compressor zlib = {"zlib", pack, unpack};
    return compressor_serve(&zlib);
}
