// SPDX-License-Identifier: MIT
//
// Ways to break a domain on purpose, in its own code: the kernel starts a thread here when System.inject asks for it. Linked into every
// image, called by nobody else.
#include <stdint.h>

#include "bulkhead/dma.h"
#include "bulkhead/domain.h"
#include "kernel/abi/crash.h"

#define KERNEL_ADDRESS 0xffffffff80100000ull // wild; the slot's segment turns it into an address of the slot
#define OTHER_SLOT 0x100200000000ull
#define ASTRAY 0x4000000000ull // further than any memory, but an address that IOMMUs know

void bh_inject(uint64_t kind);

static volatile uint64_t sink = 1;
volatile uint64_t bh_dma_astray;

[[gnu::noinline]] static void store(uint64_t address) {
    *(volatile uint64_t *)(address + 8 * (sink - 1)) = 0x6b696c6c;
}

// Uses the control stack (spilled registers, return addresses) and no data stack.
[[gnu::noinline]] static uint64_t recurse_control(uint64_t depth) {
    uint64_t one = sink, two = sink + depth;
    if (depth == UINT64_MAX)
        return one;
    uint64_t deeper = recurse_control(depth + 1);
    sink = one; // behind the call, so that no loop can take its place
    return deeper + one * two;
}

// An object whose address escapes lives on the data stack.
[[gnu::noinline]] static uint64_t recurse_data(uint64_t depth) {
    volatile uint8_t block[8192];
    block[depth % sizeof(block)] = 1;
    sink = (uint64_t)(uintptr_t)&block[depth % sizeof(block)];
    return depth == UINT64_MAX ? block[0] : recurse_data(depth + 1) + block[depth % 7];
}

__attribute__((used, retain)) void bh_inject(uint64_t kind) {
    switch (kind) {
    case BH_INJECT_NULL:
        store(8);
        break;
    case BH_INJECT_WILD_KERNEL:
        store(KERNEL_ADDRESS | 0xff000000); // its low 32 bits: nothing is mapped there in any slot
        break;
    case BH_INJECT_WILD_SLOT:
        store(OTHER_SLOT + 0x10000); // the low 32 bits: this slot's own read-only table
        break;
    case BH_INJECT_UNDEFINED:
        __builtin_trap();
    case BH_INJECT_DIVIDE:
        sink = 100 / (sink - sink); // NOLINT(misc-redundant-expression): zero, and the compiler may not know it
        break;
    case BH_INJECT_LOOP:
        while (sink)
            ;
        break;
    case BH_INJECT_CONTROL_STACK:
        sink = recurse_control(0);
        break;
    case BH_INJECT_DATA_STACK:
        sink = recurse_data(0);
        break;
    case BH_INJECT_DMA:
        bh_dma_astray = ASTRAY; // the driver goes on: its next transfer does it
        break;
    default:
        bh_panic("told to crash (%llu)", (unsigned long long)kind);
    }
}
