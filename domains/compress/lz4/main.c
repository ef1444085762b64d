// SPDX-License-Identifier: MIT
//
// LZ4 (Debian's source package, unchanged) as a service. Serves Compress behind its port "lz4", in LZ4's frame format; levels from 3 on are
// those of its slow, thorough half. Needs nothing but memory. When it dies, what it was asked is asked again: it keeps nothing between calls.
#include <lz4frame.h>

#include <bulkhead/domain.h>

#include "domains/compress/compressor.h"

static int64_t pack(const void *from, size_t size, void *to, size_t capacity, uint32_t level) {
    LZ4F_preferences_t preferences = {.compressionLevel = level > 12 ? 12 : (int)level, .frameInfo = {.contentSize = size}};
    size_t written = LZ4F_compressFrameBound(size, &preferences) > capacity ? 0 : LZ4F_compressFrame(to, capacity, from, size, &preferences);
    return !written ? BH_EOVERFLOW : LZ4F_isError(written) ? BH_ENOMEM : (int64_t)written;
}

// Frames end with an empty hint; what stops before that has no room, or no more input.
static int64_t unpack(const void *from, size_t size, void *to, size_t capacity) {
    LZ4F_dctx *context;
    size_t taken = 0, written = 0, hint = 1;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
        return BH_ENOMEM;
    int64_t result = BH_OK;
    while (hint && !result) {
        size_t in = size - taken, out = capacity - written;
        hint = LZ4F_decompress(context, (uint8_t *)to + written, &out, (const uint8_t *)from + taken, &in, NULL);
        taken += in;
        written += out;
        if (LZ4F_isError(hint) || (hint && taken == size && !out))
            result = BH_EPROTO;
        else if (hint && !in && !out)
            result = BH_EOVERFLOW;
    }
    LZ4F_freeDecompressionContext(context);
    return result ? result : (int64_t)written;
}

int main(void) {
    static const struct compressor lz4 = {"lz4", pack, unpack};
    return compressor_serve(&lz4);
}
