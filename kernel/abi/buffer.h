// SPDX-License-Identifier: MIT
//
// Exchange buffers: page-granular, physically contiguous memory that domains pass on without copying.
// A buffer has one slot offset in the exchange window, the same in every domain that maps it.
#ifndef BH_ABI_BUFFER_H
#define BH_ABI_BUFFER_H

#include <stdint.h>

struct bh_buffer_info {
    uint64_t size;        // bytes, a multiple of the page size
    uint64_t offset;      // slot offset at which it is, or would be, mapped
    uint64_t dma_address; // first byte as devices see it; 0 without BH_RIGHT_DMA
    uint32_t owner;       // domain identifier
    uint32_t mapped;      // rights of the caller's mapping, 0 when not mapped
};

#endif
