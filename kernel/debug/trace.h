// SPDX-License-Identifier: MIT
//
// The trace of what happens (kernel/abi/trace.def), written without the kernel's lock: one ring of records for each processor, the oldest
// overwritten. Switched off, an event of the kernel costs a test of one word, and a call between domains nothing: their traced
// proxies and gates stand in the domains' tables only while it is on (loader_trace() in kernel/domain/loader.h).
#ifndef BH_TRACE_H
#define BH_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/abi/slot.h"
#include "kernel/abi/trace.h"

struct invocation;
struct thread;
struct trap_frame;

extern uint32_t trace_classes; // enum bh_trace_class: what is recorded
extern uint32_t trace_reader;  // the domain that reads: its calls into the kernel are not recorded

// The class of each event, as a constant.
#define EVENT(name, number, class, a, b, sentence) TRACE_CLASS_##name = BH_TRACE_##class,
enum trace_class_of : uint32_t {
#include "kernel/abi/trace.def"
};
#undef EVENT

// Record event `name` (of trace.def) of the current thread. `domain`: its identifier. Kernel code, interrupts disabled.
#define TRACE(name, domain, a, b)                                                                                                  \
    do {                                                                                                                           \
        if (__builtin_expect(trace_classes & TRACE_CLASS_##name, 0))                                                               \
            trace_record(BH_TRACE_##name##_EVENT, (domain), (uint32_t)(a), (uint64_t)(b));                                         \
    } while (0)
void trace_record(enum bh_trace_event event, uint32_t domain, uint32_t a, uint64_t b);

// The clock interrupted a thread in `frame`: count it for its domain, and record what it was doing, if that is wanted. Not again before half of `period_ns` has
// passed: the clock comes again soon when it interrupts a proxy, which would otherwise get nowhere.
#define TRACE_CLOCK (BH_TRACE_SAMPLES | BH_TRACE_STATISTICS)
void trace_clock(struct thread *thread, const struct trap_frame *frame, uint64_t period_ns);

// Begin anew: rings of `records` records (a power of two) for each processor, empty, and all edges at zero. The kernel's lock is held.
// BH_ENOMEM: nothing is recorded then.
enum bh_error trace_start(uint32_t classes, uint32_t records);
void trace_stop(void); // what was recorded can still be read
uint32_t trace_capacity(void); // records of a ring, 0 before the first start
uint64_t trace_head(uint32_t cpu); // position of the newest record of that processor

// Copy records of processor `cpu` behind `position` while others write: returns how many, at most `max`; *next is where to go on.
size_t trace_read(uint32_t cpu, uint64_t position, struct bh_trace_record *to, size_t max, uint64_t *next);

// Calls from one domain of one method of another, on one processor. Ticks are those between call and return.
struct trace_edge {
    uint64_t key; // TRACE_EDGE_USED | caller << 24 | callee << 16 | interface << 8 | method; 0: free
    uint64_t count, errors, ticks;
    uint32_t buckets[BH_TRACE_BUCKETS]; // by the logarithm of the ticks
};
#define TRACE_EDGE_USED (1ull << 63)
#define TRACE_EDGES 512u // for each processor

// Edge `number` of all processors one after the other: NULL past the last. One that is free has no key.
const struct trace_edge *trace_edge(uint32_t number);
uint64_t trace_edges_lost(void); // calls that found no free entry
uint64_t trace_samples(uint32_t domain); // on all processors

// One ring. Only its own processor writes to it.
struct trace_ring {
    uint64_t head; // records begun so far
    struct bh_trace_record *records;
    struct trace_edge *edges;
    uint64_t edges_lost;
    uint64_t samples[BH_SLOT_COUNT]; // by domain: how often the clock found it at work
    uint64_t sampled_ns; // when it did so last
};
extern struct trace_ring trace_rings[];
extern uint64_t trace_mask; // records of a ring - 1

// trace_calls.c: in the proxies' section, since proxies call it: without the lock, interrupts enabled.
void trace_put(struct trace_ring *ring, const struct bh_trace_record *record);
void trace_count(struct trace_ring *ring, uint64_t key, int32_t error, uint64_t ticks);
uint64_t trace_key(uint32_t caller, uint32_t callee, uint32_t method); // method: interface << 8 | method
void trace_call_enter(struct thread *thread, struct invocation *record, uint32_t method);
void trace_call_return(struct thread *thread, struct invocation *record, uint32_t method, int32_t error);

// trace_gates.c: the same from gates, and around the kernel's own calls into domains. With the lock.
void trace_gate_enter(uint32_t method);
void trace_gate_return(int32_t result);
struct trace_call {
    uint64_t start, frame;
    uint32_t domain, method;
};
// `frame`: where the control stack stands.
void trace_into_domain(struct trace_call *call, uint32_t domain, uint32_t method, uint64_t frame);
void trace_out_of_domain(const struct trace_call *call, int32_t error);

#endif
