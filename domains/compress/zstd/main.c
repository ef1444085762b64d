// SPDX-License-Identifier: MIT
//
// Zstandard (Debian's source package, unchanged) as a service. Serves Compress behind its port "zstd", in its frame format; needs nothing
// but memory. When it dies, what it was asked is asked again: it keeps nothing between calls.
#include <zstd.h>
#include <zstd_errors.h>

#include <bulkhead/domain.h>

#include "domains/compress/compressor.h"

static int64_t result_of(size_t result) {
    if (!ZSTD_isError(result))
        return (int64_t)result;
    switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_dstSize_tooSmall:
        return BH_EOVERFLOW;
    case ZSTD_error_memory_allocation:
        return BH_ENOMEM;
    default:
        return BH_EPROTO;
    }
}

static int64_t pack(const void *from, size_t size, void *to, size_t capacity, uint32_t level) {
    return result_of(ZSTD_compress(to, capacity, from, size, (int)level));
}

static int64_t unpack(const void *from, size_t size, void *to, size_t capacity) {
    return result_of(ZSTD_decompress(to, capacity, from, size));
}

int main(void) {
    static const struct compressor zstd = {"zstd", pack, unpack};
    return compressor_serve(&zstd);
}
