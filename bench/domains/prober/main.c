// SPDX-License-Identifier: MIT
//
// Breaks the disk's driver while READS of its requests are in flight, waits until all are answered, and does it again; says in the log what it does, and
// what memory a domain gives back when it dies. Serves nothing; needs "system", "disk" (a ring) with "disk-info", "patient". Ends the machine. When it dies
// the benchmark does not end.
#include <bulkhead/domain.h>
#include <bulkhead/ring.h>

#include "bench.h"
#include "block.h"
#include "kernel.h"

#define READS 8
#define ROUNDS 5
#define SECTOR 512u
#define AGAIN_NS 1000000ull
#define LIMIT_NS 5000000000ull

static bh_cap system_cap;
static struct bh_ring ring;

static enum bh_error read_some(void) {
    for (uint32_t i = 0; i < READS; i++) {
        struct bh_block_request request = {.operation = BH_BLOCK_OPERATION_READ, .segment_count = 1, .lba = 8 * i};
        uint32_t slot;
        request.segments[0] = (struct bh_block_segment){.offset = i * 4096ull, .size = 8 * SECTOR};
        enum bh_error error = bh_ring_submit(&ring, &request, &slot);
        if (error)
            return error;
    }
    bh_ring_submit_notify(&ring);
    return BH_OK;
}

static enum bh_error take_answers(void) {
    uint64_t limit = bh_time_ns() + LIMIT_NS;
    for (uint32_t left = READS; left;) {
        struct bh_block_completion completion;
        enum bh_error status;
        uint32_t slot;
        enum bh_error error = bh_ring_complete(&ring, &slot, &status, &completion);
        if (error == BH_EAGAIN)
            error = bh_ring_wait_completion(&ring, limit);
        else if (!error && status)
            return status;
        else if (!error)
            left--;
        if (error && error != BH_EPROTO)
            return error;
    }
    return BH_OK;
}

static enum bh_error break_driver(uint32_t driver, uint32_t kind, const char *name) {
    for (int round = 0; round < ROUNDS; round++) {
        bh_info("round %s", name);
        enum bh_error error = read_some();
        if (!error)
            error = system_inject(system_cap, driver, kind);
        if (!error)
            error = take_answers();
        if (!error)
            error = read_some(); // an undisturbed one between
        if (!error)
            error = take_answers();
        if (error)
            return error;
        bh_sleep_for(20 * AGAIN_NS);
    }
    return BH_OK;
}

// What a domain that nobody restarts gives back when it is killed.
static enum bh_error weigh(const char *name) {
    struct bh_memory_info before, after;
    uint32_t id;
    enum bh_error error = system_domain_find(system_cap, name, &id);
    if (!error)
        error = system_memory(system_cap, &before);
    if (!error)
        error = system_kill(system_cap, id);
    bh_sleep_for(20 * AGAIN_NS); // its threads leave
    if (!error)
        error = system_memory(system_cap, &after);
    if (!error)
        bh_info("memory %s: %llu bytes", name, (unsigned long long)(after.free_bytes - before.free_bytes));
    return error;
}

// What one that lives is charged for.
static enum bh_error ask_for_memory(uint32_t id) {
    struct bh_domain_info info;
    enum bh_error error = system_domain_info(system_cap, id, &info);
    if (!error)
        bh_info("memory %s: %llu bytes", info.name, (unsigned long long)info.memory_used);
    return error;
}

static enum bh_error wait_for_disk(bh_cap disk_info) {
    struct bh_block_info info;
    enum bh_error error;
    uint64_t limit = bh_time_ns() + LIMIT_NS;
    while ((error = block_info(disk_info, &info)) == BH_EDEAD && bh_time_ns() < limit)
        bh_sleep_for(AGAIN_NS);
    return error;
}

int main(void) {
    bh_cap disk_info;
    uint32_t driver = 0;
    enum bh_error error = bh_cap_find("system", &system_cap);
    if (!error)
        error = bh_cap_find("disk-info", &disk_info);
    if (!error)
        error = bh_ring_attach("disk", &ring);
    if (!error)
        error = system_domain_find(system_cap, "virtio-blk", &driver);
    if (!error)
        error = wait_for_disk(disk_info);
    if (!error)
        error = break_driver(driver, BH_INJECTION_NULL_STORE, "null");
    if (!error)
        error = break_driver(driver, BH_INJECTION_PANIC, "panic");
    if (!error)
        error = weigh("patient");
    if (!error)
        error = ask_for_memory(driver);
    if (error)
        bh_error_log("the disk cannot be measured: %s", bh_strerror(error));
    (void)system_power_off(system_cap, error ? 1 : 0);
    return 1;
}
