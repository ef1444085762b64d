// SPDX-License-Identifier: MIT
//
// The kernel interface Trace: what it records is whole, in order and counted when it is lost; nobody without a capability gets at it; a system under load
// with domains that die is recorded while it runs; the memory of the dead is kept. What is recorded goes into the log, in base64, for those who take it
// apart (tests/system/watching.py).
#include "conductor.h"

#include <string.h>

#include "kernel/abi/buffer.h"
#include "kernel/abi/core.h"
#include "kernel/abi/trace.h"
#include "tracing.h"

#define ECHO (38u << 8)
#define ALL_RECORDS (BH_TRACE_ALL & ~BH_TRACE_STATISTICS)
#define SAMPLE_NS MS
#define FEW 64
#define MANY 2048
#define LINE_BYTES 324 // of what is printed in one line
#define AT_ONCE 64     // records of a read

static bh_cap trace_cap;

static void find_trace(void) {
    EXPECT_OK(bh_cap_find("trace", &trace_cap));
}

void watch_begin(void) {
    find_trace();
    EXPECT_OK(trace_start(trace_cap, BH_TRACE_ALL, MANY, SAMPLE_NS));
}

void watch_end(void) {
    struct bh_trace_info info;
    uint64_t records = 0;
    EXPECT_OK(trace_stop(trace_cap));
    EXPECT_OK(trace_info(trace_cap, &info));
    for (uint32_t cpu = 0; cpu < info.cpus; cpu++)
        records += info.heads[cpu];
    EXPECT(records > 10, "%llu records", (unsigned long long)records);
}

static void print(const char *what, const void *data, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = data;
    for (size_t start = 0; start < size; start += LINE_BYTES) {
        char line[LINE_BYTES / 3 * 4 + 5], *at = line;
        for (size_t i = start; i < size && i < start + LINE_BYTES; i += 3) {
            size_t left = size - i;
            uint32_t word = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0u);
            *at++ = digits[word >> 18];
            *at++ = digits[word >> 12 & 63];
            *at++ = left > 1 ? digits[word >> 6 & 63] : '=';
            *at++ = left > 2 ? digits[word & 63] : '=';
        }
        *at = 0;
        bh_info("%s %s", what, line);
    }
}

// ---- records

static void refusals(void) {
    struct bh_trace_info info;
    void *address;
    bh_cap buffer, event;
    EXPECT_ERROR(trace_start(trace_cap, 0, FEW, SAMPLE_NS), BH_EINVAL);
    EXPECT_ERROR(trace_start(trace_cap, BH_TRACE_ALL + 1, FEW, SAMPLE_NS), BH_EINVAL);
    EXPECT_ERROR(trace_start(trace_cap, BH_TRACE_CALLS, FEW - 1, SAMPLE_NS), BH_ERANGE);
    EXPECT_ERROR(trace_start(trace_cap, BH_TRACE_CALLS, FEW + 1, SAMPLE_NS), BH_ERANGE);
    EXPECT_ERROR(trace_start(trace_cap, BH_TRACE_CALLS, 2 * BH_TRACE_RECORDS_MAX, SAMPLE_NS), BH_ERANGE);
    EXPECT_ERROR(trace_start(trace_cap, BH_TRACE_SAMPLES, FEW, 1), BH_ERANGE);
    // Capabilities to other things, and numbers that stand for nothing.
    EXPECT_ERROR(trace_start(system_cap, BH_TRACE_CALLS, FEW, SAMPLE_NS), BH_ECAP);
    EXPECT_ERROR(trace_info(a.port, &info), BH_ECAP);
    EXPECT_ERROR(trace_stop(0), BH_ECAP);
    EXPECT_ERROR(trace_stop(12345), BH_ECAP);
    EXPECT_OK(bh_buffer_alloc(1 << 20, &buffer, &address));
    EXPECT_OK(bh_event_create(&event));
    EXPECT_ERROR(trace_keep_cores(trace_cap, buffer, event), BH_EINVAL); // it would go with its owner
    EXPECT_ERROR(trace_keep_cores(trace_cap, event, event), BH_ECAP);
    EXPECT_OK(bh_cap_drop(buffer));
    EXPECT_OK(bh_cap_drop(event));
}

// All records of a processor, of which there are at most FEW: they follow one another up to the newest, in time too, and are calls of ours.
static uint32_t check_ring(uint32_t cpu, uint64_t head) {
    struct bh_trace_record records[AT_ONCE];
    uint32_t size, count;
    uint64_t next, first = head > FEW ? head - FEW : 0;
    EXPECT_OK(trace_read(trace_cap, cpu, 0, (uint8_t *)records, &size, &next));
    count = size / sizeof(*records);
    EXPECT(next == head && count == head - first, "processor %u: %u records up to %llu of %llu", cpu, count, (unsigned long long)next, (unsigned long long)head);
    for (uint32_t i = 0; i < count; i++) {
        const struct bh_trace_record *record = &records[i];
        EXPECT(record->position == first + i + 1, "record %u has position %llu", i, (unsigned long long)record->position);
        EXPECT(!i || record->time >= records[i - 1].time, "record %u is older than the one before", i);
        EXPECT(record->event == BH_TRACE_CALL_EVENT || record->event == BH_TRACE_RETURN_EVENT, "event %u", record->event);
        if (record->event == BH_TRACE_CALL_EVENT)
            EXPECT(record->a == ECHO && (record->b >> 16 & 0xffff) == a.id, "a call of 0x%x, 0x%llx", record->a, (unsigned long long)record->b);
        else
            EXPECT(record->a == 0, "error %d", (int32_t)record->a);
    }
    return count;
}

static uint64_t heads(struct bh_trace_info *info) {
    uint64_t sum = 0;
    EXPECT_OK(trace_info(trace_cap, info));
    for (uint32_t cpu = 0; cpu < info->cpus; cpu++)
        sum += info->heads[cpu];
    return sum;
}

void trace_records(void) {
    struct bh_trace_info info, after;
    uint32_t kept = 0, calls = 500;
    find_trace();
    refusals();
    EXPECT_OK(trace_start(trace_cap, BH_TRACE_CALLS, FEW, SAMPLE_NS));
    for (uint32_t i = 0; i < calls; i++)
        expect_serves(&a);
    EXPECT_OK(trace_stop(trace_cap));
    EXPECT(heads(&info) == 2 * calls, "%llu records of %u calls", (unsigned long long)heads(&info), calls);
    for (uint32_t cpu = 0; cpu < info.cpus; cpu++)
        kept += check_ring(cpu, info.heads[cpu]);
    EXPECT(kept >= FEW && kept <= FEW * info.cpus, "%u kept", kept);
    expect_serves(&a);
    EXPECT(heads(&after) == 2 * calls, "switched off, and still recording");
    EXPECT(after.classes == 0, "classes 0x%x", after.classes);
}

// Calls of one method by us, over all processors.
static struct bh_trace_edge find_edge(uint32_t callee, uint32_t method) {
    struct bh_trace_edge edge, sum = {0};
    for (uint32_t from = 0; trace_edge(trace_cap, from, &edge) == BH_OK; from = edge.number + 1)
        if (edge.caller != callee && edge.callee == callee && edge.method == method) {
            sum.count += edge.count;
            sum.errors += edge.errors;
            sum.ticks += edge.ticks;
            for (uint32_t i = 0; i < BH_TRACE_BUCKETS; i++)
                sum.buckets[i] += edge.buckets[i];
        }
    return sum;
}

void trace_statistics(void) {
    uint32_t in_buckets = 0;
    find_trace();
    EXPECT_OK(trace_start(trace_cap, BH_TRACE_STATISTICS, FEW, SAMPLE_NS));
    for (uint32_t i = 0; i < 100; i++)
        expect_serves(&b);
    for (uint32_t i = 0; i < 7; i++)
        EXPECT_ERROR(victim_two_caps(b.port, b.port, b.port), BH_ECAP); // refused before it gets there: not a call
    EXPECT_ERROR(victim_forget(b.port), BH_ECAP); // it has kept nothing: an error of its own
    EXPECT_OK(trace_stop(trace_cap));
    struct bh_trace_edge echo = find_edge(b.id, ECHO), forget = find_edge(b.id, ECHO | 11), two = find_edge(b.id, ECHO | 15);
    for (uint32_t i = 0; i < BH_TRACE_BUCKETS; i++)
        in_buckets += echo.buckets[i];
    EXPECT(echo.count == 100 && in_buckets == 100 && !echo.errors && echo.ticks > 100, "%llu calls, %u in buckets, %llu errors",
           (unsigned long long)echo.count, in_buckets, (unsigned long long)echo.errors);
    EXPECT(forget.count == 1 && forget.errors == 1 && two.count == 0, "%llu and %llu calls", (unsigned long long)forget.count, (unsigned long long)two.count);
}

// ---- under load

static volatile bool over;
static volatile uint32_t workers;

static void worker(uint64_t number) {
    static const struct victim *const victims[] = {&a, &b, &c};
    uint64_t random = number, sum;
    while (!over) {
        uint32_t kind = draw(&random, 40) ? 0 : BH_INJECT_NULL + draw(&random, 2);
        (void)victim_relay(victims[draw(&random, 3)]->port, draw(&random, 5), kind, 1, &sum);
        if (!draw(&random, 8))
            bh_sleep_for(MS / 8);
    }
    __atomic_fetch_sub(&workers, 1, __ATOMIC_RELAXED);
    bh_thread_exit();
}

// Read behind the writers, who go on: what is read follows in order, gaps are what was overwritten.
static uint64_t follow(uint32_t cpu, uint64_t *position) {
    struct bh_trace_record records[AT_ONCE];
    uint32_t size;
    EXPECT_OK(trace_read(trace_cap, cpu, *position, (uint8_t *)records, &size, position));
    for (uint32_t i = 1; i < size / sizeof(*records); i++)
        EXPECT(records[i].position > records[i - 1].position, "position %llu behind %llu", (unsigned long long)records[i].position,
               (unsigned long long)records[i - 1].position);
    return size / sizeof(*records);
}

static uint32_t restarts(void) {
    return info_of(&a).restarts + info_of(&b).restarts + info_of(&c).restarts;
}

static void revive_the_dead(void) {
    const struct victim *all[] = {&a, &b, &c};
    for (int i = 0; i < 3; i++)
        if (info_of(all[i]).state == BH_DOMAIN_STATE_DEAD)
            EXPECT_OK(system_restart(system_cap, all[i]->id));
}

// Until the timer has found somebody at it: a profile is made of the newest records, and on a busy host it may be some time since the timer came.
static bool work_until_sampled(uint32_t cpus, uint64_t *positions) {
    struct bh_trace_record records[AT_ONCE];
    uint64_t end = bh_time_ns() + PATIENCE_NS;
    for (uint32_t cpu = 0; bh_time_ns() < end; cpu = (cpu + 1) % cpus) {
        uint32_t size;
        EXPECT_OK(trace_read(trace_cap, cpu, positions[cpu], (uint8_t *)records, &size, &positions[cpu]));
        for (uint32_t i = 0; i < size / sizeof(*records); i++)
            if (records[i].event == BH_TRACE_SAMPLE_EVENT)
                return true;
    }
    return false;
}

static void dump_trace(void) {
    struct bh_trace_record records[AT_ONCE];
    struct bh_trace_info info;
    EXPECT_OK(trace_info(trace_cap, &info));
    bh_info("trace-end %llu %llu %u", (unsigned long long)info.ticks, (unsigned long long)info.ns, info.cpus);
    for (uint32_t cpu = 0; cpu < info.cpus; cpu++) {
        char what[24];
        uint32_t size = 1;
        snprintf(what, sizeof(what), "trace-records %u", cpu);
        bh_info("trace-head %u %llu", cpu, (unsigned long long)info.heads[cpu]);
        for (uint64_t position = 0; size;) {
            EXPECT_OK(trace_read(trace_cap, cpu, position, (uint8_t *)records, &size, &position));
            print(what, records, size);
        }
    }
}

void trace_under_load(void) {
    uint64_t positions[16] = {0}, seen = 0, longest = 0, sum, end = bh_time_ns() + 400 * MS;
    struct bh_trace_info info;
    uint32_t before = restarts();
    find_trace();
    EXPECT_OK(trace_start(trace_cap, ALL_RECORDS, MANY, SAMPLE_NS));
    EXPECT_OK(trace_info(trace_cap, &info));
    bh_info("trace-start %llu %llu", (unsigned long long)info.ticks, (unsigned long long)info.ns);
    workers = 3;
    for (uint64_t i = 0; i < 3; i++)
        EXPECT_OK(bh_thread_create(worker, 7 + i, 2));
    while (bh_time_ns() < end || ((longest <= MANY || restarts() == before) && bh_time_ns() < end + PATIENCE_NS)) { // until one processor's ring is overwritten
        for (uint32_t cpu = 0; cpu < info.cpus; cpu++) {
            seen += follow(cpu, &positions[cpu]);
            longest = positions[cpu] > longest ? positions[cpu] : longest;
        }
        revive_the_dead();
        bh_sleep_for(MS / 4);
    }
    over = true;
    while (workers) {
        revive_the_dead();
        bh_sleep_for(MS / 4);
    }
    restart_all();
    EXPECT_OK(trace_info(trace_cap, &info));
    memcpy(positions, info.heads, sizeof(positions));
    EXPECT(work_until_sampled(info.cpus, positions), "no sample is taken");
    EXPECT_ERROR(victim_relay(a.port, 2, BH_INJECT_NULL, 1, &sum), BH_EDEAD); // so that a death in a call is among the newest records
    EXPECT_OK(trace_stop(trace_cap));
    EXPECT(longest > MANY && restarts() > before, "%llu records read, %llu of one processor, %u restarts", (unsigned long long)seen, (unsigned long long)longest,
           restarts() - before);
    dump_trace();
}

// ---- cores

static uint64_t deaths_take(bool kept, bh_cap buffer, bh_cap event) {
    uint64_t sum = 0;
    for (int i = 0; i < 10; i++) {
        if (kept)
            EXPECT_OK(trace_keep_cores(trace_cap, buffer, event));
        uint64_t start = bh_time_ns();
        EXPECT_OK(system_kill(system_cap, a.id));
        EXPECT_OK(system_restart(system_cap, a.id));
        sum += bh_time_ns() - start;
    }
    return sum / 10;
}

void core_of_a_call(void) {
    bh_cap buffer, event;
    void *address;
    uint64_t sum;
    find_trace();
    EXPECT_OK(bh_cap_find("cores", &buffer));
    EXPECT_OK(bh_buffer_map(buffer, BH_RIGHT_READ, &address));
    const volatile struct bh_core *core = address;
    EXPECT_OK(bh_event_create(&event));
    expect_serves(&b);
    EXPECT_OK(trace_keep_cores(trace_cap, buffer, event));
    EXPECT_ERROR(victim_relay(a.port, 2, BH_INJECT_NULL, 4711, &sum), BH_EDEAD); // c dies of it
    EXPECT_OK(bh_event_wait(event, bh_time_ns() + PATIENCE_NS));
    EXPECT(core->magic == BH_CORE_MAGIC && core->domain == c.id && core->thread_count, "domain %u", core->domain);
    print("core", address, core->size);
    uint64_t size = core->size, time_ns = core->time_ns;
    EXPECT_OK(system_kill(system_cap, b.id)); // nobody asked to have that one kept
    EXPECT(core->domain == c.id && core->size == size && core->time_ns == time_ns, "a second death was written");
    revive(&b);
    revive(&c);
    uint64_t without = deaths_take(false, buffer, event), with = deaths_take(true, buffer, event);
    bh_info("core-cost %llu ns for a death and a restart, %llu when %llu bytes are kept", (unsigned long long)without, (unsigned long long)with,
            (unsigned long long)core->size);
    EXPECT_OK(trace_forget_cores(trace_cap));
}
