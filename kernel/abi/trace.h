// SPDX-License-Identifier: MIT
//
// The trace: a ring of records for each processor, in the kernel's own memory. Who holds a capability to the kernel interface Trace
// (idl/tracing.bidl) switches it on and reads it.
#ifndef BH_ABI_TRACE_H
#define BH_ABI_TRACE_H

#include <stdint.h>

enum bh_trace_class : uint32_t {
    BH_TRACE_CALLS = 1 << 0,      // between domains, and of the kernel into domains
    BH_TRACE_KERNEL = 1 << 1,     // from domains into the kernel
    BH_TRACE_EXITS = 1 << 2,      // of guests
    BH_TRACE_LIFE = 1 << 3,       // of domains and threads
    BH_TRACE_SCHEDULING = 1 << 4,
    BH_TRACE_MEMORY = 1 << 5,     // buffers and revocations
    BH_TRACE_INTERRUPTS = 1 << 6,
    BH_TRACE_LOG = 1 << 7,
    BH_TRACE_SAMPLES = 1 << 8,    // of what threads do, by the clock
    BH_TRACE_STATISTICS = 1 << 9, // no records: for each edge, how many of the calls traced, errors, time
    BH_TRACE_ALL = (1 << 10) - 1,
};

enum bh_trace_event : uint16_t {
#define EVENT(name, number, class, a, b, sentence) BH_TRACE_##name##_EVENT = number,
#include "trace.def"
#undef EVENT
};

// In place of an interface. Only the kernel calls domains without one: that is how their threads start.
#define BH_TRACE_FIXED_CALLS 255 // the fixed run-time calls (calls.def)
#define BH_TRACE_THREAD 0xfe00u  // interface << 8 | method of a thread's start

struct bh_trace_record {
    uint64_t position; // 1 for the first record of its processor, then 2, 3, ...: a gap is what was overwritten. 0: not whole
    uint64_t time;     // time stamp counter; the same on all processors
    uint16_t event;    // enum bh_trace_event
    uint8_t thread, domain;
    uint32_t a;
    uint64_t b;
};
static_assert(sizeof(struct bh_trace_record) == 32);

#define BH_TRACE_RECORDS_MIN 64u
#define BH_TRACE_RECORDS_MAX 65536u // for each processor
#define BH_TRACE_BUCKETS 40         // bucket n: 2^n to 2^(n+1) - 1 ticks; the last one: all that took longer
#define BH_TRACE_NO_THREAD 0xff

#endif
