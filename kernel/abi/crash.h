// SPDX-License-Identifier: MIT
//
// Why a domain died, and what is kept of it.
#ifndef BH_ABI_CRASH_H
#define BH_ABI_CRASH_H

#include <stdint.h>

enum bh_crash_cause : uint32_t {
#define CAUSE(name, number, words) BH_CRASH_##name = number,
#include "crash.def"
#undef CAUSE
};

// Ways to break a domain on purpose (kernel interface System, method inject).
enum bh_inject : uint32_t {
    BH_INJECT_NULL = 1,          // store through a null pointer
    BH_INJECT_WILD_KERNEL = 2,   // store to an address of the kernel
    BH_INJECT_WILD_SLOT = 3,     // store to an address of another slot
    BH_INJECT_UNDEFINED = 4,     // undefined instruction
    BH_INJECT_DIVIDE = 5,        // division by zero
    BH_INJECT_LOOP = 6,          // endless loop
    BH_INJECT_CONTROL_STACK = 7, // endless recursion, control stack
    BH_INJECT_DATA_STACK = 8,    // endless recursion, data stack
    BH_INJECT_PANIC = 9,
    BH_INJECT_RING = 10,         // broken ring descriptors
    BH_INJECT_DMA = 11,          // from now on its device is given addresses that nobody granted
    BH_INJECT_IRQ_DROP = 12,     // no crash: for a second its interrupts get lost
    BH_INJECT_IRQ_REPEAT = 13,   // no crash: for a second they come again and again
    BH_INJECT_IRQ_STORM = 14,    // its interrupts come without end
    BH_INJECT_HANG = 15,         // who waits for an event from now on waits for ever
    BH_INJECT_LEAK = 16,         // takes memory, threads and capabilities until it gets no more, keeps them for a while, and panics
};

#define BH_BACKTRACE_MAX 24
#define BH_CRASH_TEXT_SIZE 160

struct bh_frame_info {
    uint32_t domain;
    uint32_t pad;
    uint64_t offset;  // slot offset of the instruction
    char symbol[40];  // function, if the image has symbols
    uint64_t within;  // bytes into the function
};

struct bh_crash_record {
    uint64_t time_ns;
    uint64_t instructions; // time stamp counter at detection; counts instructions under -icount shift=0
    uint32_t domain;
    uint32_t cause;
    uint64_t address;     // faulting slot offset, where there is one
    uint64_t offset;      // slot offset of the instruction
    uint32_t frame_count;
    uint32_t generation;  // of the instance that died
    char text[BH_CRASH_TEXT_SIZE]; // one sentence
    struct bh_frame_info frames[BH_BACKTRACE_MAX];
};

#endif
