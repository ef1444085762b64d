// SPDX-License-Identifier: MIT
//
// Ways to break a domain on purpose, in its own code: the kernel starts a thread here when System.inject asks for it. Linked into every
// image, called by nobody else.
#include <stdint.h>

#include "bulkhead/dma.h"
#include "bulkhead/domain.h"
#include "runtime/calls.h"
#include "kernel/abi/crash.h"

#define KERNEL_ADDRESS 0xffffffff80100000ull // wild; the slot's segment turns it into an address of the slot
#define OTHER_SLOT 0x100200000000ull
#define LEAK_STEP 4096u // by which memory goes, so that not a page is left
#define LEAK_KEPT_NS 500000000ull
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

static void leaked_thread(uint64_t unused) {
    (void)unused;
    bh_call_sleep(UINT64_MAX);
}

// Take all that the quotas allow, and then do without for a while what most programs do at once that get no memory.
static void leak(void) {
    uint32_t threads = 0, events = 0, pages = 0;
    bh_cap event;
    while (bh_call_thread_create((void *)leaked_thread, 0, 3) == BH_OK)
        threads++;
    while (bh_call_event_create(&event) == BH_OK)
        events++;
    while (bh_call_heap_grow(LEAK_STEP))
        pages++;
    bh_warn("leaked %u threads, %u capabilities, %u KiB: there are no more", threads, events, pages * (LEAK_STEP >> 10));
    bh_call_sleep(bh_call_time() + LEAK_KEPT_NS);
    bh_panic("no memory: %u KiB leaked", pages * (LEAK_STEP >> 10));
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
    case BH_INJECT_HANG:
        bh_hangs = true; // with all that they have in hand, once they wait the next time
        break;
    case BH_INJECT_LEAK:
        leak();
        break;
    default:
        bh_panic("told to crash (%llu)", (unsigned long long)kind);
    }
}
