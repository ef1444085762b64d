// SPDX-License-Identifier: MIT
//
// Exchange buffers: thin wrappers over the run-time calls, and those that are always made together.
#include "bulkhead/buffer.h"

#include "bulkhead/cap.h"
#include "runtime/calls.h"

enum bh_error bh_buffer_alloc(size_t size, bh_cap *buffer, void **address) {
    return bh_call_buffer_alloc(size, buffer, address);
}

enum bh_error bh_buffer_map(bh_cap buffer, uint32_t rights, void **address) {
    return bh_call_buffer_map(buffer, rights, address);
}

enum bh_error bh_buffer_unmap(bh_cap buffer) {
    return bh_call_buffer_unmap(buffer);
}

enum bh_error bh_buffer_info(bh_cap buffer, struct bh_buffer_info *info) {
    return bh_call_buffer_info(buffer, info);
}

enum bh_error bh_buffer_open(bh_cap buffer, uint32_t rights, void **address, uint64_t *size) {
    struct bh_buffer_info info;
    void *mapped;
    enum bh_error error = bh_buffer_info(buffer, &info);
    if (!error)
        error = bh_buffer_map(buffer, rights, &mapped);
    if (error)
        return error;
    *address = mapped;
    *size = info.size;
    return BH_OK;
}

enum bh_error bh_buffer_find(const char *name, uint32_t rights, void **address, uint64_t *size) {
    bh_cap buffer;
    enum bh_error error = bh_cap_find(name, &buffer);
    return error ? error : bh_buffer_open(buffer, rights, address, size);
}
