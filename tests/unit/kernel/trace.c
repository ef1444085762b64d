// SPDX-License-Identifier: MIT
//
// The rings of the trace: what is overwritten is counted, writers that interrupt one another lose nothing, a reader beside a writer never takes a record
// that is half one and half another, and edges count what they should.
#include "kernel/debug/trace.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

#include "world.h"

#define RECORDS 64
#define EACH 200000

// A record that tells by itself whether it is whole.
static struct bh_trace_record marked(uint64_t number) {
    return (struct bh_trace_record){.time = number, .event = (uint16_t)number, .thread = (uint8_t)(number >> 3), .domain = (uint8_t)(number >> 5),
                                    .a = (uint32_t)(number * 2654435761u), .b = ~number};
}

static bool is_whole(const struct bh_trace_record *record) {
    struct bh_trace_record wanted = marked(record->time);
    wanted.position = record->position;
    return memcmp(record, &wanted, sizeof(wanted)) == 0;
}

static void traced_world(void) {
    world();
    cr_assert_eq(trace_start(BH_TRACE_CALLS | BH_TRACE_STATISTICS, RECORDS), BH_OK);
}

static void write_one(uint64_t number) {
    struct bh_trace_record record = marked(number);
    trace_put(&trace_rings[0], &record);
}

Test(trace, what_is_overwritten_is_counted, .init = traced_world) {
    struct bh_trace_record records[RECORDS];
    uint64_t next;
    for (uint64_t number = 0; number < 100; number++)
        write_one(number);
    cr_assert_eq(trace_read(0, 0, records, RECORDS, &next), RECORDS);
    cr_assert_eq(next, 100);
    for (uint64_t i = 0; i < RECORDS; i++)
        cr_assert(is_whole(&records[i]) && records[i].position == 100 - RECORDS + i + 1 && records[i].time == 100 - RECORDS + i);
    cr_assert_eq(trace_read(0, next, records, RECORDS, &next), 0);
    cr_assert_eq(trace_read(0, ~0ull, records, RECORDS, &next), 0); // a position that never was
    cr_assert_eq(next, 100);
}

Test(trace, a_new_start_forgets, .init = traced_world) {
    struct bh_trace_record records[RECORDS];
    uint64_t next;
    size_t before = frames_free_count();
    write_one(1);
    cr_assert_eq(trace_start(BH_TRACE_CALLS, RECORDS), BH_OK);
    cr_assert_eq(trace_read(0, 0, records, RECORDS, &next), 0);
    cr_assert_eq(frames_free_count(), before);
    cr_assert_eq(trace_start(BH_TRACE_CALLS, 2 * RECORDS), BH_OK);
    cr_assert_eq(trace_start(BH_TRACE_CALLS, RECORDS), BH_OK);
    cr_assert_eq(frames_free_count(), before);
    cr_assert_eq(trace_start(BH_TRACE_CALLS, 1u << 22), BH_ENOMEM); // more than there is: nothing is recorded, nothing is lost
    cr_assert_eq(trace_classes, 0);
    cr_assert_eq(trace_capacity(), 0);
}

static volatile uint64_t interrupts;

static void interrupt(int signal_number) {
    (void)signal_number;
    write_one(1ull << 40 | interrupts++);
}

// As an interrupt in the middle of a traced proxy.
Test(trace, interrupted_writers_lose_nothing, .init = traced_world) {
    struct bh_trace_record records[RECORDS];
    struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
    uint64_t next, written = 0;
    signal(SIGALRM, interrupt);
    setitimer(ITIMER_REAL, &often, NULL);
    while (interrupts < 500)
        write_one(written++);
    setitimer(ITIMER_REAL, &never, NULL);
    cr_assert_eq(trace_head(0), written + interrupts);
    cr_assert_eq(trace_read(0, 0, records, RECORDS, &next), RECORDS);
    for (int i = 0; i < RECORDS; i++)
        cr_assert(is_whole(&records[i]), "record %d of %llu", i, (unsigned long long)records[i].position);
}

static void *writer(void *unused) {
    (void)unused;
    for (uint64_t number = 0; number < EACH; number++)
        write_one(number);
    return NULL;
}

Test(trace, a_reader_beside_a_writer_sees_whole_records, .init = traced_world) {
    struct bh_trace_record records[RECORDS];
    uint64_t next = 0, last = 0, seen = 0;
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, writer, NULL), 0);
    while (next < EACH) {
        size_t count = trace_read(0, next, records, RECORDS, &next);
        for (size_t i = 0; i < count; i++) {
            cr_assert(is_whole(&records[i]), "position %llu", (unsigned long long)records[i].position);
            cr_assert(records[i].position > last && records[i].position == records[i].time + 1);
            last = records[i].position;
        }
        seen += count;
    }
    pthread_join(thread, NULL);
    cr_assert(seen >= RECORDS && last == EACH, "%llu seen, the last %llu", (unsigned long long)seen, (unsigned long long)last);
}

Test(trace, edges_count, .init = traced_world) {
    for (uint32_t i = 0; i < 10; i++)
        trace_count(&trace_rings[0], trace_key(1, 2, 0x304), i == 9 ? -9 : 0, 1ull << i);
    trace_count(&trace_rings[0], trace_key(1, 2, 0x304), 0, ~0ull);
    const struct trace_edge *found = NULL;
    for (uint32_t i = 0; trace_edge(i); i++)
        if (trace_edge(i)->key == trace_key(1, 2, 0x304))
            found = trace_edge(i);
    cr_assert_not_null(found);
    cr_assert(found->count == 11 && found->errors == 1);
    for (uint32_t i = 0; i < BH_TRACE_BUCKETS; i++)
        cr_assert_eq(found->buckets[i], i < 10 || i == BH_TRACE_BUCKETS - 1);
}

Test(trace, edges_past_the_room_are_counted_as_lost, .init = traced_world) {
    for (uint32_t i = 0; i < TRACE_EDGES + 5; i++)
        trace_count(&trace_rings[0], trace_key(i / 200, 7, i), 0, 1);
    cr_assert_eq(trace_edges_lost(), 5);
    cr_assert_null(trace_edge(TRACE_EDGES)); // there is one processor
}
