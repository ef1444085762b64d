// SPDX-License-Identifier: MIT
//
// The trace, switched on and off, and read. The kernel's lock is held, interrupts are disabled; other processors may be writing to
// their rings at the same time.
#include "kernel/debug/trace.h"

#include <string.h>

#include "kernel/abi/slot.h"
#include "kernel/arch/x86_64/regs.h"
#include "kernel/base.h"
#include "kernel/debug/backtrace.h"
#include "kernel/domain/domain.h"
#include "kernel/mm/frames.h"
#include "kernel/platform/platform.h"
#include "kernel/sched/cpu.h"

#define EDGES_SIZE (TRACE_EDGES * sizeof(struct trace_edge))

uint32_t trace_reader;
static uint32_t capacity; // records of each ring

static uint64_t frames_of(uint64_t size) {
    return round_up(size, BH_PAGE_SIZE) / BH_PAGE_SIZE;
}

static void give_back(struct trace_ring *ring) {
    if (ring->records)
        frames_free(platform_direct_to_hpa(ring->records), frames_of(capacity * sizeof(struct bh_trace_record)));
    if (ring->edges)
        frames_free(platform_direct_to_hpa(ring->edges), frames_of(EDGES_SIZE));
    *ring = (struct trace_ring){0};
}

static enum bh_error take(struct trace_ring *ring, uint32_t records) {
    hpa first;
    enum bh_error error = frames_alloc(frames_of(records * sizeof(struct bh_trace_record)), 1, &first);
    if (!error) {
        ring->records = platform_direct(first);
        error = frames_alloc(frames_of(EDGES_SIZE), 1, &first);
    }
    if (!error)
        ring->edges = platform_direct(first);
    return error;
}

static enum bh_error take_all(uint32_t records) {
    enum bh_error error = BH_OK;
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        give_back(&trace_rings[cpu]);
    capacity = records;
    for (uint32_t cpu = 0; cpu < cpu_count() && !error; cpu++)
        error = take(&trace_rings[cpu], records);
    for (uint32_t cpu = 0; cpu < cpu_count() && error; cpu++)
        give_back(&trace_rings[cpu]);
    if (!error)
        return BH_OK;
    capacity = 0;
    return refuse(error, "trace: no memory for %u records on each of %u processors", records, cpu_count());
}

enum bh_error trace_start(uint32_t classes, uint32_t records) {
    trace_stop();
    if (records != capacity) {
        enum bh_error error = take_all(records);
        if (error)
            return error;
    }
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        struct trace_ring *ring = &trace_rings[cpu];
        ring->head = ring->edges_lost = 0;
        memset(ring->samples, 0, sizeof(ring->samples));
        memset(ring->records, 0, records * sizeof(struct bh_trace_record));
        memset(ring->edges, 0, EDGES_SIZE);
    }
    trace_mask = records - 1;
    trace_classes = classes;
    return BH_OK;
}

void trace_stop(void) {
    trace_classes = 0;
    cpus_stop(); // nobody is in the middle of a record
}

uint32_t trace_capacity(void) {
    return capacity;
}

uint64_t trace_head(uint32_t cpu) {
    return ((volatile struct trace_ring *)&trace_rings[cpu])->head;
}

// Is the record at `position` whole, and still itself after it was copied?
static bool copy(const struct trace_ring *ring, uint64_t position, struct bh_trace_record *to) {
    const volatile struct bh_trace_record *from = &ring->records[position & trace_mask];
    *to = (struct bh_trace_record){.position = from->position};
    to->time = from->time;
    to->event = from->event;
    to->thread = from->thread;
    to->domain = from->domain;
    to->a = from->a;
    to->b = from->b;
    return to->position == position + 1 && from->position == position + 1;
}

size_t trace_read(uint32_t cpu, uint64_t position, struct bh_trace_record *to, size_t max, uint64_t *next) {
    const struct trace_ring *ring = &trace_rings[cpu];
    uint64_t head = trace_head(cpu);
    size_t count = 0;
    if (position > head)
        position = head;
    if (head - position > capacity)
        position = head - capacity;
    for (; position < head && count < max; position++) {
        if (copy(ring, position, &to[count]))
            count++;
        else if (trace_head(cpu) - position < capacity)
            break; // its processor is about to write it
    }
    *next = position;
    return count;
}

const struct trace_edge *trace_edge(uint32_t number) {
    return number < cpu_count() * TRACE_EDGES && capacity ? &trace_rings[number / TRACE_EDGES].edges[number % TRACE_EDGES] : NULL;
}

uint64_t trace_edges_lost(void) {
    uint64_t lost = 0;
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        lost += trace_rings[cpu].edges_lost;
    return lost;
}

uint64_t trace_samples(uint32_t domain) {
    uint64_t samples = 0;
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        samples += trace_rings[cpu].samples[domain];
    return samples;
}

void trace_record(enum bh_trace_event event, uint32_t domain, uint32_t a, uint64_t b) {
    const struct cpu *cpu = cpu_self();
    bool nobody = !cpu->current || cpu->current == &cpu->idle;
    struct bh_trace_record record = {.time = rdtsc(), .event = event, .thread = nobody ? BH_TRACE_NO_THREAD : (uint8_t)cpu->current->id,
                                     .domain = (uint8_t)domain, .a = a, .b = b};
    trace_put(&trace_rings[cpu->id], &record);
}

static void sample(struct thread *thread, const struct trap_frame *frame) {
    static struct bh_frame_info frames[BH_BACKTRACE_MAX]; // large, and the lock is held
    // Inside a domain that sfi does not isolate: only that it is there. Its frames would be looked up one by one, too slowly for where it waits.
    bool bare = thread->domain == &kernel_domain ? !thread->top : thread->domain->mechanism != NULL;
    size_t count = bare ? 0 : backtrace_thread(thread, frame, frames, BH_BACKTRACE_MAX);
    trace_record(BH_TRACE_SAMPLE_EVENT, thread->domain ? thread->domain->id : 0, (uint32_t)count, frame->rip);
    for (size_t i = 0; i < count; i++)
        trace_record(BH_TRACE_FRAME_EVENT, frames[i].domain, (uint32_t)i, frames[i].offset);
}

void trace_clock(struct thread *thread, const struct trap_frame *frame, uint64_t period_ns) {
    struct trace_ring *ring = &trace_rings[cpu_self()->id];
    uint64_t now = clock_now_ns();
    if (now - ring->sampled_ns < period_ns / 2)
        return;
    ring->sampled_ns = now;
    ring->samples[thread->domain->id]++;
    if (trace_classes & BH_TRACE_SAMPLES)
        sample(thread, frame);
}
