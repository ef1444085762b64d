// SPDX-License-Identifier: MIT
//
// Hostile acts, as far as verified code can commit them. Those that the kernel survives by refusing return the error it gave; those for which
// it ends the domain do not return.
#include "misbehave.h"

#include <stdlib.h>
#include <string.h>

#include <bulkhead/domain.h>

#include "kernel/abi/crash.h"
#include "runtime/calls.h"
#include "victim.h"

#define MS 1000000ull

// hostile.S
uint64_t call_without_stack(uint64_t capability, uint64_t depth, uint64_t kind, uint64_t value, uint64_t stack);
uint64_t call_not_imported(void);
void fill_fpu(void);
uint64_t call_misaligned(uint64_t capability, uint64_t value);
uint64_t call_kernel_misaligned(void);

static const struct bh_victim_numbers read_only = {.first = 1};

static enum bh_error serve(const char *port, uint32_t count, const uint64_t *addresses) {
    return bh_serve(port, BH_VICTIM_ID, BH_VICTIM_FINGERPRINT, addresses, count, NULL);
}

static enum bh_error serve_data(const char *port) {
    uint64_t addresses[16];
    for (int i = 0; i < 16; i++)
        addresses[i] = (uint64_t)addresses;
    return serve(port, 16, addresses);
}

[[noreturn]] static void watch(struct watch *watch) {
    volatile uint64_t *target = (uint64_t *)watch->target;
    for (;;) {
        uint32_t moment = __atomic_load_n(&watch->moment, __ATOMIC_SEQ_CST);
        if (watch->write)
            *target = moment;
        else
            (void)*target;
        __atomic_store_n(&watch->touched, moment, __ATOMIC_SEQ_CST);
    }
}

static enum bh_error derive_deep(uint64_t *depth) {
    bh_cap first, at;
    enum bh_error error = bh_event_create(&first);
    *depth = 0;
    for (at = first; !error; (*depth)++)
        error = bh_cap_derive(at, BH_RIGHT_SIGNAL, &at);
    if (error != BH_EQUOTA)
        return error;
    error = bh_cap_revoke(first);
    if (error)
        return error;
    return bh_event_signal(at) == BH_EREVOKED ? BH_OK : BH_EINVAL; // the last one derived
}

[[gnu::noinline]] static uint64_t descend(uint64_t levels) {
    volatile uint64_t keep = levels;
    if (!levels)
        bh_panic("at the bottom");
    return descend(levels - 1) + keep;
}

static enum bh_error move_and_touch(bh_cap next) {
    bh_cap buffer;
    void *address;
    uint64_t sum;
    enum bh_error error = bh_buffer_alloc(8192, &buffer, &address);
    if (!error)
        error = victim_take(next, buffer, &sum);
    if (!error)
        *(volatile uint8_t *)address = 1;
    return error;
}

static enum bh_error lend_slowly(bh_cap next) {
    bh_cap buffer;
    void *address;
    enum bh_error error = bh_buffer_alloc(8192, &buffer, &address);
    return error ? error : victim_fill(next, buffer, 3, FILL_SLOWLY);
}

static enum bh_error share_and_die(bh_cap next) {
    bh_cap buffer;
    void *address;
    uint64_t theirs;
    enum bh_error error = bh_buffer_alloc(8192, &buffer, &address);
    if (!error)
        error = victim_keep(next, buffer, BH_RIGHT_READ, &theirs);
    if (!error)
        bh_panic("shared");
    return error;
}

static enum bh_error move_shared(bh_cap next) {
    bh_cap buffer, derived;
    void *address;
    uint64_t sum;
    enum bh_error error = bh_buffer_alloc(8192, &buffer, &address);
    if (!error)
        error = victim_take(next, buffer, &sum);
    if (!error)
        error = bh_cap_derive(buffer, BH_RIGHT_READ, &derived); // not its own any more
    return error;
}

// Submit some requests to the ring "play" and wait until so many were completed, those of a former life among them.
static enum bh_error play(uint32_t submissions, uint32_t awaited, uint64_t *completed) {
    static struct bh_ring ring;
    uint64_t deadline = bh_time_ns() + 2000 * MS;
    enum bh_error error = ring.cap ? BH_OK : bh_ring_attach("play", &ring), status;
    uint32_t slot;
    *completed = 0;
    while (!error && (submissions || *completed < awaited)) {
        struct bh_victim_request request = {submissions, MS / 4};
        struct bh_victim_completion completion;
        if (submissions && bh_ring_submit(&ring, &request, &slot) == BH_OK) {
            submissions--;
            bh_ring_submit_notify(&ring);
            continue;
        }
        error = bh_ring_complete(&ring, &slot, &status, &completion);
        *completed += !error;
        if (error == BH_EAGAIN) {
            (void)bh_ring_wait_completion(&ring, bh_time_ns() + 5 * MS);
            error = bh_time_ns() < deadline ? BH_OK : BH_ETIMEDOUT;
        }
    }
    return error;
}

static struct bh_victim_numbers late_answer;

static enum bh_error call_late(bh_cap next) {
    return victim_late(next, 40 * MS, &late_answer);
}

// 42, by way of x87.
static uint64_t compute(void) {
    volatile long double sum = 0;
    for (int i = 1; i <= 6; i++)
        sum += (long double)i * 2;
    return (uint64_t)sum;
}

static enum bh_error call_with_full_fpu(bh_cap next, uint64_t *value) {
    fill_fpu();
    enum bh_error error = victim_relay(next, 0, MISBEHAVE_COMPUTE, 0, value);
    fill_fpu();
    return error;
}

static enum bh_error busy_calls(bh_cap next) {
    uint64_t end = bh_time_ns() + 300 * MS, same;
    enum bh_error error = BH_OK;
    while (!error && bh_time_ns() < end)
        error = victim_echo(next, 1, &same);
    return error;
}

static enum bh_error misaligned(bh_cap next) {
    enum bh_error error = (enum bh_error)call_misaligned(next, 1);
    return error == BH_EINVAL ? (enum bh_error)call_kernel_misaligned() : error;
}

static enum bh_error call_badly(enum misbehaviour kind, bh_cap next) {
    struct bh_victim_numbers numbers = {0};
    uint8_t reversed[700];
    uint32_t size;
    switch (kind) {
    case MISBEHAVE_NULL_IN:
        return victim_numbers(next, NULL, &numbers);
    case MISBEHAVE_NUMBERS:
        return victim_numbers(next, &numbers, &numbers);
    case MISBEHAVE_NULL_OUT:
        return victim_numbers(next, &numbers, NULL);
    case MISBEHAVE_READ_ONLY_OUT:
        return victim_numbers(next, &numbers, (struct bh_victim_numbers *)(uintptr_t)&read_only);
    default:
        return victim_reverse(next, (void *)0xffffff80ull, 700, reversed, &size);
    }
}

enum bh_error misbehave(enum misbehaviour kind, const char *port, uint64_t *value) {
    bh_cap next;
    enum bh_error error = bh_cap_find("next", &next);
    if (error)
        return error;
    if (kind >= MISBEHAVE_RACE_FIRST)
        return race(kind, port, *value - 1, value);
    switch (kind) {
    case MISBEHAVE_CALL_LATE:
        return call_late(next);
    case MISBEHAVE_LATE_ANSWER:
        *value = late_answer.first;
        return BH_OK;
    case MISBEHAVE_PLAY:
        return play((*value - 1) & 0xffff, (uint32_t)(*value - 1) >> 16, value);
    case MISBEHAVE_CALL_AT_RANDOM:
        call_at_random(*value);
        return BH_OK;
    case MISBEHAVE_JUMP:
        *value = jump_badly(next, *value - 1);
        return BH_OK;
    case MISBEHAVE_GIVE_UP:
        return bh_cap_drop(next);
    case MISBEHAVE_FULL_FPU:
        return call_with_full_fpu(next, value);
    case MISBEHAVE_COMPUTE:
        *value = compute();
        return BH_OK;
    case MISBEHAVE_NO_STACK:
        return (enum bh_error)call_without_stack(next, 2, 0, 0, 0); // comes back into this domain
    case MISBEHAVE_STACK_ASTRAY:
        return (enum bh_error)call_without_stack(next, 1, MISBEHAVE_NUMBERS, 0, *value); // the one after the next calls it with structures
    case MISBEHAVE_SERVE_LESS:
        return serve(port, 0, NULL);
    case MISBEHAVE_MISALIGNED:
        return misaligned(next);
    case MISBEHAVE_NOT_IMPORTED:
        return (enum bh_error)call_not_imported();
    case MISBEHAVE_DERIVE_DEEP:
        return derive_deep(value);
    case MISBEHAVE_PANIC_WILD:
        bh_call_panic((const char *)0xfffff000ull, 100000);
        return BH_OK;
    case MISBEHAVE_DEEP_PANIC:
        *value = descend(*value);
        return BH_OK;
    case MISBEHAVE_MOVE_AND_TOUCH:
        return move_and_touch(next);
    case MISBEHAVE_LEND_SLOWLY:
        return lend_slowly(next);
    case MISBEHAVE_BUSY_CALLS:
        return busy_calls(next);
    case MISBEHAVE_EXECUTE_DATA:
        return serve_data(port);
    case MISBEHAVE_SHARE_AND_DIE:
        return share_and_die(next);
    case MISBEHAVE_HOLD:
        *value = hold(*value - 1);
        return BH_OK;
    case MISBEHAVE_WATCH:
        watch((struct watch *)(*value - 1)); // relay() adds one
    case MISBEHAVE_EXIT:
        bh_call_exit(7);
        return BH_OK;
    case MISBEHAVE_MOVE_SHARED:
        return move_shared(next);
    default:
        if (kind >= MISBEHAVE_BADGES && kind < MISBEHAVE_TYPES)
            return try_badges(kind, port, next, value);
        if (kind >= MISBEHAVE_ATTACKS)
            return attack(kind, value);
        return kind >= MISBEHAVE_TYPES ? break_types(kind, port, value) : call_badly(kind, next);
    }
}
