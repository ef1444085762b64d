// SPDX-License-Identifier: MIT
//
// The kernel interface Trace: switches the trace on and off, traced entries in the domains' call tables included, and shows what was recorded. Called by
// the generated glue with interrupts disabled and the kernel's lock held; structures are the glue's copies.
#include "kernel/domain/tracing.h"

#include <string.h>

#include "kernel/base.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/core.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/loader.h"
#include "kernel/exchange/rings.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/sched.h"
#include "tracing_kernel.h"

#define SAMPLE_NS_MIN 100000u
#define SAMPLE_NS_MAX 1000000000u
#define READ_SIZE 2048 // of Trace.read

static void switch_off(void) {
    sched_tick_ns = TICK_NS;
    loader_trace(false, false);
    trace_stop();
    trace_reader = 0;
}

static enum bh_error start_check(uint32_t classes, uint32_t records, uint64_t sample_ns) {
    if (!classes || classes & ~BH_TRACE_ALL)
        return refuse(BH_EINVAL, "trace.start: classes 0x%x are none, or not all among 0x%x", classes, BH_TRACE_ALL);
    if (records < BH_TRACE_RECORDS_MIN || records > BH_TRACE_RECORDS_MAX || records & (records - 1))
        return refuse(BH_ERANGE, "trace.start: %u records are not a power of two from %u to %u", records, BH_TRACE_RECORDS_MIN,
                      BH_TRACE_RECORDS_MAX);
    if (classes & TRACE_CLOCK && (sample_ns < SAMPLE_NS_MIN || sample_ns > SAMPLE_NS_MAX))
        return refuse(BH_ERANGE, "trace.start: a sample every %llu ns is not between %u and %u", (unsigned long long)sample_ns,
                      SAMPLE_NS_MIN, SAMPLE_NS_MAX);
    return BH_OK;
}

enum bh_error serve_trace_start(struct domain *caller, uint64_t object, uint32_t classes, uint32_t records, uint64_t sample_ns) {
    (void)object;
    enum bh_error error = start_check(classes, records, sample_ns);
    if (!error)
        error = trace_start(classes, records);
    if (error)
        return error;
    trace_reader = caller->id;
    bool statistics = classes & BH_TRACE_STATISTICS;
    loader_trace(statistics || classes & BH_TRACE_CALLS, classes & BH_TRACE_KERNEL);
    sched_tick_ns = classes & TRACE_CLOCK && sample_ns < TICK_NS ? sample_ns : TICK_NS;
    return BH_OK;
}

enum bh_error serve_trace_stop(struct domain *caller, uint64_t object) {
    (void)caller, (void)object;
    switch_off();
    return BH_OK;
}

void tracing_domain_died(const struct domain *domain) {
    if (trace_reader == domain->id)
        switch_off();
    core_holder_died(domain);
}

enum bh_error serve_trace_keep_cores(struct domain *caller, uint64_t object, struct cap *buffer, struct cap *event) {
    (void)object;
    return core_offer(caller, buffer->object, event->object);
}

enum bh_error serve_trace_forget_cores(struct domain *caller, uint64_t object) {
    (void)caller, (void)object;
    core_withdraw();
    return BH_OK;
}

enum bh_error serve_trace_info(struct domain *caller, uint64_t object, struct bh_trace_info *info) {
    (void)caller, (void)object;
    *info = (struct bh_trace_info){.classes = trace_classes, .records = trace_capacity(), .cpus = cpu_count(), .ticks = clock_ticks(),
                                   .ns = clock_now_ns(), .edges_lost = trace_edges_lost()};
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        info->heads[cpu] = trace_head(cpu);
    for (uint32_t id = 0; id < BH_SLOT_COUNT; id++)
        info->samples[id] = trace_samples(id);
    return BH_OK;
}

enum bh_error serve_trace_read(struct domain *caller, uint64_t object, uint32_t cpu, uint64_t position, void *records, uint32_t *records_size,
                               uint64_t *next) {
    (void)caller, (void)object;
    if (cpu >= cpu_count())
        return refuse(BH_ERANGE, "trace.read: processor %u is not below %u", cpu, cpu_count());
    size_t count = trace_read(cpu, position, records, READ_SIZE / sizeof(struct bh_trace_record), next);
    *records_size = (uint32_t)(count * sizeof(struct bh_trace_record));
    return BH_OK;
}

struct search {
    uint32_t from;
    const struct thread *found;
};

static void look(struct thread *thread, void *context) {
    struct search *search = context;
    if (thread->id >= search->from && (!search->found || thread->id < search->found->id))
        search->found = thread;
}

enum bh_error serve_trace_thread_info(struct domain *caller, uint64_t object, uint32_t from, struct bh_thread_info *info) {
    struct search search = {from, NULL};
    (void)caller, (void)object;
    thread_each(look, &search);
    const struct thread *thread = search.found;
    if (!thread)
        return BH_ENOENT; // the way to find the end of the list
    *info = (struct bh_thread_info){.id = thread->id, .home = thread->home->id, .domain = thread->domain->id, .state = thread->state,
                                    .cpu = thread->cpu ? thread->cpu->id : 0, .priority = thread->priority};
    copy_name(info->name, sizeof(info->name), thread->name);
    return BH_OK;
}

enum bh_error serve_trace_edge(struct domain *caller, uint64_t object, uint32_t from, struct bh_trace_edge *out) {
    const struct trace_edge *edge = trace_edge(from);
    (void)caller, (void)object;
    while (edge && !edge->key)
        edge = trace_edge(++from);
    if (!edge)
        return BH_ENOENT; // as above
    *out = (struct bh_trace_edge){.number = from, .caller = edge->key >> 24 & 0xff, .callee = edge->key >> 16 & 0xff, .method = edge->key & 0xffff,
                                  .count = edge->count, .errors = edge->errors, .ticks = edge->ticks};
    memcpy(out->buckets, edge->buckets, sizeof(out->buckets));
    return BH_OK;
}
