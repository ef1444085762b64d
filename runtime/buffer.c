// SPDX-License-Identifier: MIT
//
// Exchange buffers: thin wrappers over the run-time calls.
#include "bulkhead/buffer.h"

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
