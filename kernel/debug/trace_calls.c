// SPDX-License-Identifier: MIT
//
// Writing to the trace, from anywhere. These functions are part of the proxies, in their section: traced proxies call them without the kernel's
// lock and with interrupts enabled, and no thread is switched while they run. Wait-free: one instruction, which no interrupt divides,
// takes a place in the ring of the processor; an interrupt in the middle takes the next one. A reader on another processor knows by a
// record's position whether it is whole and the one that it wants: the position is cleared first and written last. They read no memory of any
// domain and call nothing outside the section.
#include "kernel/abi/slot.h"
#include "kernel/arch/x86_64/regs.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/invoke.h"
#include "kernel/sched/cpu.h"

#define IN_PROXY __attribute__((section("text_proxy"), no_sanitize("address", "undefined", "coverage")))
#define START_WORD (-2) // of the record: the spare word of a proxy's frame, where a traced call keeps its time

uint32_t trace_classes;
uint64_t trace_mask;
struct trace_ring trace_rings[CPU_COUNT_MAX];

// A barrier for the compiler: the processor keeps stores in order, and loads.
#define IN_ORDER() __asm__ volatile("" : : : "memory")

IN_PROXY void trace_put(struct trace_ring *ring, const struct bh_trace_record *record) {
    uint64_t position = 1;
    __asm__ volatile("xaddq %0, %1" : "+r"(position), "+m"(ring->head));
    struct bh_trace_record *place = &ring->records[position & trace_mask];
    place->position = 0;
    IN_ORDER();
    place->time = record->time;
    place->event = record->event;
    place->thread = record->thread;
    place->domain = record->domain;
    place->a = record->a;
    place->b = record->b;
    IN_ORDER();
    place->position = position + 1;
}

IN_PROXY uint64_t trace_key(uint32_t caller, uint32_t callee, uint32_t method) {
    return TRACE_EDGE_USED | (uint64_t)caller << 24 | callee << 16 | method;
}

IN_PROXY static struct trace_edge *find_edge(struct trace_ring *ring, uint64_t key) {
    uint32_t first = (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 40);
    for (uint32_t i = 0; i < TRACE_EDGES; i++) {
        struct trace_edge *edge = &ring->edges[(first + i) % TRACE_EDGES];
        if (!edge->key)
            edge->key = key;
        if (edge->key == key)
            return edge;
    }
    return NULL;
}

IN_PROXY void trace_count(struct trace_ring *ring, uint64_t key, int32_t error, uint64_t ticks) {
    struct trace_edge *edge = find_edge(ring, key);
    if (!edge) {
        ring->edges_lost++;
        return;
    }
    uint32_t bucket = 63 - (uint32_t)__builtin_clzll(ticks | 1);
    edge->count++;
    edge->errors += error != 0;
    edge->ticks += ticks;
    edge->buckets[bucket < BH_TRACE_BUCKETS ? bucket : BH_TRACE_BUCKETS - 1]++;
}

IN_PROXY void trace_call_enter(struct thread *thread, struct invocation *record, uint32_t method) {
    uint64_t now = rdtsc();
    ((uint64_t *)record)[START_WORD] = now;
    if (!(trace_classes & BH_TRACE_CALLS))
        return;
    uint64_t frame = (uint64_t)record % BH_CONTROL_STACK_SIZE;
    struct bh_trace_record entry = {.time = now, .event = BH_TRACE_CALL_EVENT, .thread = (uint8_t)thread->id,
                                    .domain = (uint8_t)record->caller->id, .a = method,
                                    .b = frame | record->callee->id << 16 | (uint64_t)record->badge << 32};
    trace_put(&trace_rings[thread->cpu->id], &entry);
}

IN_PROXY void trace_call_return(struct thread *thread, struct invocation *record, uint32_t method, int32_t error) {
    struct trace_ring *ring = &trace_rings[thread->cpu->id];
    uint64_t now = rdtsc();
    if (trace_classes & BH_TRACE_STATISTICS)
        trace_count(ring, trace_key(record->caller->id, record->callee->id, method), error, now - ((uint64_t *)record)[START_WORD]);
    if (!(trace_classes & BH_TRACE_CALLS))
        return;
    struct bh_trace_record entry = {.time = now, .event = BH_TRACE_RETURN_EVENT, .thread = (uint8_t)thread->id,
                                    .domain = (uint8_t)record->caller->id, .a = (uint32_t)error,
                                    .b = (uint64_t)record % BH_CONTROL_STACK_SIZE};
    trace_put(ring, &entry);
}
