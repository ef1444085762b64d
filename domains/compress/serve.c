// SPDX-License-Identifier: MIT
//
// From lent buffers to a library's function and back. The caller can change the input meanwhile: that is the library's business, as any input
// from a stranger is.
#include "domains/compress/compressor.h"

#include <bulkhead/domain.h>

#include "compress.h"

// The lent buffers' memory, for the length of the call.
static enum bh_error open_both(bh_cap input, uint64_t size, bh_cap output, void **from, void **to, uint64_t *capacity) {
    uint64_t given;
    enum bh_error error = bh_buffer_open(input, BH_RIGHT_READ, from, &given);
    if (!error && size > given)
        error = BH_ERANGE;
    return error ? error : bh_buffer_open(output, BH_RIGHT_READ | BH_RIGHT_WRITE, to, capacity);
}

static enum bh_error finish(int64_t result, uint64_t *written) {
    if (result < 0)
        return (enum bh_error)result;
    *written = (uint64_t)result;
    return BH_OK;
}

static enum bh_error compress(void *object, bh_cap input, uint64_t size, bh_cap output, uint32_t level, uint64_t *written) {
    const struct compressor *compressor = object;
    void *from, *to;
    uint64_t capacity;
    enum bh_error error = open_both(input, size, output, &from, &to, &capacity);
    return error ? error : finish(compressor->compress(from, size, to, capacity, level), written);
}

static enum bh_error decompress(void *object, bh_cap input, uint64_t size, bh_cap output, uint64_t *written) {
    const struct compressor *compressor = object;
    void *from, *to;
    uint64_t capacity;
    enum bh_error error = open_both(input, size, output, &from, &to, &capacity);
    return error ? error : finish(compressor->decompress(from, size, to, capacity), written);
}

int compressor_serve(const struct compressor *compressor) {
    static const struct compress_methods methods = {.compress = compress, .decompress = decompress};
    enum bh_error error = compress_serve(compressor->name, &methods, (void *)compressor);
    if (error)
        bh_panic("cannot serve: %s", bh_strerror(error));
    bh_thread_exit();
}
