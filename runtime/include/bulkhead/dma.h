// SPDX-License-Identifier: MIT
//
// Addresses that drivers give to their devices.
#ifndef BULKHEAD_DMA_H
#define BULKHEAD_DMA_H

#include <stdint.h>

// How far from where they should be. 0, until System.inject makes a driver send its device astray (runtime/inject.c).
extern volatile uint64_t bh_dma_astray;

// What to write into a descriptor for memory at `address` (of device_dma_alloc or bh_buffer_info).
static inline uint64_t bh_dma_address(uint64_t address) {
    return address + bh_dma_astray;
}

#endif
