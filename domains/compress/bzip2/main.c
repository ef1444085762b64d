// SPDX-License-Identifier: MIT
//
// bzip2 (Debian's source package, unchanged) as a service. Serves Compress behind its port "bzip2", in bzip2's own format; needs nothing but
// memory. When it dies, what it was asked is asked again: it keeps nothing between calls.
#include <bzlib.h>
#include <limits.h>

#include <bulkhead/domain.h>

#include "domains/compress/compressor.h"

static int64_t result_of(int status, unsigned written) {
    switch (status) {
    case BZ_OK:
        return written;
    case BZ_MEM_ERROR:
        return BH_ENOMEM;
    case BZ_OUTBUFF_FULL:
        return BH_EOVERFLOW;
    case BZ_PARAM_ERROR:
        return BH_ERANGE;
    default:
        return BH_EPROTO;
    }
}

static unsigned limited(size_t size) {
    return size > UINT_MAX ? UINT_MAX : (unsigned)size;
}

static int64_t pack(const void *from, size_t size, void *to, size_t capacity, uint32_t level) {
    unsigned written = limited(capacity);
    return result_of(BZ2_bzBuffToBuffCompress(to, &written, (char *)from, limited(size), level ? (int)level : 9, 0, 0), written);
}

static int64_t unpack(const void *from, size_t size, void *to, size_t capacity) {
    unsigned written = limited(capacity);
    return result_of(BZ2_bzBuffToBuffDecompress(to, &written, (char *)from, limited(size), 0, 0), written);
}

int main(void) {
    static const struct compressor bzip2 = {"bzip2", pack, unpack};
    return compressor_serve(&bzip2);
}
