// SPDX-License-Identifier: MIT
//
// The calling side of the call benchmark. Serves BenchClient; needs "target" and "near", two BenchServers, "middle-gs" and "middle-fs", two BenchMiddles, and the BenchServers "shadowed" and "measured". Each batch is timed here with
// the time-stamp counter, between the instructions that make the calls. When it dies the benchmark fails.
#include <bulkhead/domain.h>
#include <x86intrin.h>

#include "bench.h"

#define WARM_UP 32
#define PAGE_SIZE 4096
#define TREE_MAX 500 // capabilities
#define MANY 16 // calls of the middle domain in one of its own

static bh_cap target, near, page, middle_gs, middle_fs, shadowed, measured;

static uint64_t now(void) {
    _mm_lfence();
    uint64_t ticks = __rdtsc();
    _mm_lfence();
    return ticks;
}

typedef enum bh_error local_function(bh_cap cap);
static __attribute__((noinline)) enum bh_error local(bh_cap cap) {
    __asm__ volatile("" : "+r"(cap));
    return BH_OK;
}

static enum bh_error batch_local(uint32_t count) {
    local_function *function = local;
    enum bh_error error = BH_OK;
    __asm__ volatile("" : "+r"(function));
    for (uint32_t i = 0; i < count; i++)
        error |= function(target);
    return error;
}

static enum bh_error batch_nothing(bh_cap to, uint32_t count) {
    enum bh_error error = BH_OK;
    for (uint32_t i = 0; i < count; i++)
        error |= bench_server_nothing(to);
    return error;
}

static enum bh_error batch_chain(bh_cap middle, uint32_t times, uint32_t count) {
    enum bh_error error = BH_OK;
    for (uint32_t i = 0; i < count; i++)
        error |= bench_middle_forward(middle, times);
    return error;
}

static enum bh_error batch_record(uint32_t count) {
    struct bh_bench_record record = {.words = {1, 2, 3, 4, 5, 6, 7, 8}};
    enum bh_error error = BH_OK;
    for (uint32_t i = 0; i < count; i++) {
        record.words[0] = i;
        error |= bench_server_record(target, &record);
    }
    return error;
}

// Only the way there is timed.
static enum bh_error batch_move(uint32_t count, uint64_t *ticks) {
    *ticks = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t start = now();
        enum bh_error error = bench_server_take(target, page);
        *ticks += now() - start;
        if (!error)
            error = bench_server_untake(target);
        if (error)
            return error;
    }
    return BH_OK;
}

static enum bh_error batch_derive(uint32_t count) {
    enum bh_error error = BH_OK;
    bh_cap derived;
    for (uint32_t i = 0; i < count && !error; i++) {
        error = bh_cap_derive(near, BH_RIGHT_CALL, &derived);
        if (!error)
            error = bh_cap_drop(derived);
    }
    return error;
}

static enum bh_error batch_revoke(uint32_t count, uint64_t *ticks) {
    bh_cap tree[TREE_MAX + 1] = {near};
    enum bh_error error = count <= TREE_MAX ? BH_OK : BH_ERANGE;
    for (uint32_t i = 1; i <= count && !error; i++)
        error = bh_cap_derive(tree[(i - 1) / 3], BH_RIGHT_CALL, &tree[i]);
    uint64_t start = now();
    if (!error)
        error = bh_cap_revoke(near);
    *ticks = now() - start;
    for (uint32_t i = 1; i <= count && !error; i++)
        error = bh_cap_drop(tree[i]);
    return error;
}

static enum bh_error one_batch(uint32_t batch, uint32_t count) {
    switch (batch) {
    case BH_BENCH_BATCH_LOCAL: return batch_local(count);
    case BH_BENCH_BATCH_NOTHING: return batch_nothing(target, count);
    case BH_BENCH_BATCH_SAME_COLOUR: return batch_nothing(near, count);
    case BH_BENCH_BATCH_RECORD: return batch_record(count);
    case BH_BENCH_BATCH_CHAIN_GOOD: return batch_chain(middle_fs, 1, count);
    case BH_BENCH_BATCH_CHAIN_BAD: return batch_chain(middle_gs, 1, count);
    case BH_BENCH_BATCH_CHAIN_GOOD_16: return batch_chain(middle_fs, MANY, count);
    case BH_BENCH_BATCH_SHADOW: return batch_nothing(shadowed, count);
    case BH_BENCH_BATCH_MEASURED: return batch_nothing(measured, count);
    case BH_BENCH_BATCH_DERIVE: return batch_derive(count);
    case BH_BENCH_BATCH_CHAIN_BAD_16: return batch_chain(middle_gs, MANY, count);
    default: return BH_EINVAL;
    }
}

static enum bh_error run(void *object, uint32_t batch, uint32_t count, uint64_t *ticks) {
    (void)object;
    if (batch == BH_BENCH_BATCH_MOVE)
        return batch_move(count, ticks);
    if (batch == BH_BENCH_BATCH_REVOKE)
        return batch_revoke(count, ticks);
    enum bh_error error = one_batch(batch, WARM_UP);
    if (error)
        return error;
    uint64_t start = now();
    error = one_batch(batch, count);
    *ticks = now() - start;
    return error;
}

static enum bh_error give_back(void *object, bh_cap back) {
    (void)object;
    page = back;
    return BH_OK;
}

int main(void) {
    static const struct bench_client_methods methods = {run, give_back};
    void *address;
    enum bh_error error = bh_cap_find("target", &target);
    if (!error)
        error = bh_cap_find("near", &near);
    if (!error)
        error = bh_cap_find("middle-gs", &middle_gs);
    if (!error)
        error = bh_cap_find("middle-fs", &middle_fs);
    if (!error)
        error = bh_cap_find("shadowed", &shadowed);
    if (!error)
        error = bh_cap_find("measured", &measured);
    if (!error)
        error = bh_buffer_alloc(PAGE_SIZE, &page, &address);
    if (!error)
        error = bench_client_serve("client", &methods, NULL);
    if (error) {
        bh_error_log("cannot start: %s", bh_strerror(error));
        return 1;
    }
    bh_thread_exit();
}
