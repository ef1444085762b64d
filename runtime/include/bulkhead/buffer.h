// SPDX-License-Identifier: MIT
//
// Exchange buffers: page-granular memory passed on without copying. One owner; a mapped buffer has the same slot offset
// in every domain.
#ifndef BULKHEAD_BUFFER_H
#define BULKHEAD_BUFFER_H

#include <stddef.h>
#include "kernel/abi/buffer.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"

// Make and map a zeroed buffer of `size` bytes (rounded up to pages). Owned by the caller.
enum bh_error bh_buffer_alloc(size_t size, bh_cap *buffer, void **address);
// Map a buffer with a subset of the capability's rights (BH_RIGHT_READ, BH_RIGHT_WRITE).
enum bh_error bh_buffer_map(bh_cap buffer, uint32_t rights, void **address);
enum bh_error bh_buffer_unmap(bh_cap buffer);
enum bh_error bh_buffer_info(bh_cap buffer, struct bh_buffer_info *info);
// Map a buffer that somebody else made, and say how many bytes it has.
enum bh_error bh_buffer_open(bh_cap buffer, uint32_t rights, void **address, uint64_t *size);
// The same with the one that the manifest grants as `name`. BH_ENOENT when it grants none.
enum bh_error bh_buffer_find(const char *name, uint32_t rights, void **address, uint64_t *size);

#endif
