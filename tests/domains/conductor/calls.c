// SPDX-License-Identifier: MIT
//
// What calls carry, what they refuse, and what a hostile caller or server cannot do to anybody but itself.
#include "conductor.h"

#include <string.h>

#include "tests/domains/victim/misbehave.h"

static void structures(const struct victim *victim) {
    struct bh_victim_numbers given = {~0ull, 41, 0xffff, 6, true, "Bulkhead"}, changed;
    memset(&changed, 0xaa, sizeof(changed));
    EXPECT_OK(victim_numbers(victim->port, &given, &changed));
    EXPECT(changed.first == 0 && changed.second == 42 && changed.third == 0 && changed.fourth == 7 && !changed.fifth &&
               strcmp(changed.name, "daehkluB") == 0, "%s: numbers came back changed", victim->name);
}

static void bytes(const struct victim *victim) {
    uint8_t data[701], reversed[701];
    uint32_t size;
    for (uint32_t count = 0; count <= 700; count += count < 20 ? 1 : 97) {
        for (uint32_t i = 0; i < count; i++)
            data[i] = (uint8_t)(i * 7 + count);
        memset(reversed, 0xaa, sizeof(reversed));
        EXPECT_OK(victim_reverse(victim->port, data, count, reversed, &size));
        EXPECT(size == count, "%u bytes came back as %u", count, size);
        for (uint32_t i = 0; i < count; i++)
            EXPECT(reversed[i] == data[count - 1 - i], "byte %u of %u", i, count);
        EXPECT(reversed[count] == 0xaa, "byte %u was written", count);
    }
    EXPECT_ERROR(victim_reverse(victim->port, data, 701, reversed, &size), BH_ERANGE);
}

void calls_carry_values(void) {
    const struct victim *all[] = {&a, &b, &c};
    uint64_t value;
    for (int i = 0; i < 3; i++) {
        expect_serves(all[i]);
        structures(all[i]);
        bytes(all[i]);
        EXPECT_OK(victim_echo_through(all[i]->port, all[(i + 1) % 3]->port, 77, &value));
        EXPECT(value == 77, "echo through another gave %llu", (unsigned long long)value);
        EXPECT_OK(victim_echo_through(all[i]->port, all[i]->port, 78, &value)); // it calls itself
        EXPECT(value == 78, "echo through itself gave %llu", (unsigned long long)value);
    }
    for (uint32_t depth = 0; depth < 12; depth++) {
        EXPECT_OK(victim_relay(a.port, depth, 0, 100, &value));
        EXPECT(value == 101 + depth, "relay of depth %u gave %llu", depth, (unsigned long long)value);
    }
    wait_until_holds(&a, 5); // its own and the ring's: nothing was left with it
}

void calls_refuse_capabilities(void) {
    uint64_t value;
    bh_cap event, weak, closed;
    wait_until_holds(&a, 5);
    EXPECT_ERROR(victim_echo(0, 1, &value), BH_ECAP);
    EXPECT_ERROR(victim_echo(199, 1, &value), BH_ECAP);
    EXPECT_ERROR(victim_echo(0xffffffff, 1, &value), BH_ECAP);
    EXPECT_ERROR(victim_echo(0x80000001, 1, &value), BH_ECAP);
    EXPECT_ERROR(victim_echo(system_cap, 1, &value), BH_ECAP);
    EXPECT_ERROR(system_kill(a.port, a.id), BH_ECAP);
    EXPECT_OK(bh_cap_derive(a.port, BH_RIGHT_GRANT, &weak));
    EXPECT_ERROR(victim_echo(weak, 1, &value), BH_ERIGHTS);
    EXPECT_OK(bh_event_create(&event));
    EXPECT_ERROR(victim_echo_through(a.port, event, 1, &value), BH_ECAP);
    EXPECT_OK(bh_cap_derive(b.port, BH_RIGHT_CALL, &closed));
    EXPECT_ERROR(victim_echo_through(a.port, closed, 1, &value), BH_ERIGHTS); // without GRANT it cannot be passed on
    // The second of two is refused: the first is taken back.
    uint32_t before = info_of(&a).caps;
    for (int i = 0; i < 100; i++)
        EXPECT_ERROR(victim_two_caps(a.port, event, b.port), BH_ECAP);
    EXPECT(info_of(&a).caps == before, "a refused call left %u capabilities with a", info_of(&a).caps - before);
    EXPECT_OK(victim_two_caps(a.port, event, event));
    EXPECT(info_of(&a).caps == before, "a kept a capability");
}

static void expect_death(enum misbehaviour kind, enum bh_crash_cause cause) {
    uint64_t value = 0;
    struct bh_crash_info crash;
    EXPECT_ERROR(victim_relay(a.port, 0, kind, 0, &value), BH_EDEAD);
    wait_for_death(&a, &crash);
    EXPECT(crash.cause == cause, "misbehaviour %u: cause %u, expected %u: %s", kind, crash.cause, cause, crash.text);
    expect_serves(&b);
    EXPECT(info_of(&b).restarts == 0 && info_of(&c).restarts == 0, "misbehaviour %u: somebody else was harmed", kind);
    revive(&a);
}

void hostile_callers(void) {
    uint64_t value = 0;
    expect_death(MISBEHAVE_NULL_IN, BH_CRASH_FAULT);
    expect_death(MISBEHAVE_NULL_OUT, BH_CRASH_FAULT);
    expect_death(MISBEHAVE_READ_ONLY_OUT, BH_CRASH_FAULT);
    expect_death(MISBEHAVE_BYTES_PAST_END, BH_CRASH_FAULT);
    expect_death(MISBEHAVE_NOT_IMPORTED, BH_CRASH_PROTOCOL);
    expect_death(MISBEHAVE_PANIC_WILD, BH_CRASH_PANIC);
    EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_MISALIGNED, 0, &value), BH_EINVAL); // neither the server nor the kernel trips over it
    expect_serves(&a);
    uint64_t used = info_of(&a).memory_used;
    for (int i = 0; i < 40; i++) // each would take a data stack more
        EXPECT_OK(victim_relay(a.port, 0, MISBEHAVE_NO_STACK, 0, &value));
    EXPECT(info_of(&a).memory_used == used, "%llu bytes more are used", (unsigned long long)(info_of(&a).memory_used - used));
    EXPECT_OK(victim_relay(a.port, 0, MISBEHAVE_DERIVE_DEEP, 0, &value));
    EXPECT(value > 20, "only %llu derivations", (unsigned long long)value);
}

// a -> b -> c -> a -> b, and b has left a data stack pointer near an end of its slot: no neighbour is blamed.
static void stack_astray(uint64_t pointer) {
    uint64_t value = 0;
    struct bh_crash_info crash;
    EXPECT_ERROR(victim_relay(b.port, 0, MISBEHAVE_STACK_ASTRAY, pointer - 1, &value), BH_EDEAD);
    wait_for_death(&b, &crash);
    EXPECT(crash.cause == BH_CRASH_PROTOCOL || crash.cause == BH_CRASH_FAULT || crash.cause == BH_CRASH_DATA_STACK, "%llx: cause %u: %s", (unsigned long long)pointer,
           crash.cause, crash.text);
    EXPECT(info_of(&a).restarts == 0 && info_of(&c).restarts == 0 && info_of(&a).state == BH_DOMAIN_STATE_RUNNING &&
               info_of(&c).state == BH_DOMAIN_STATE_RUNNING, "%llx: a or c died", (unsigned long long)pointer);
    revive(&b);
}

void hostile_servers(void) {
    uint64_t value;
    static const uint64_t pointers[] = {0x10, 0x1000, 0xffffffff, 0xfffffff0, 0xffff0010, 0x40000010, 0x60000000, 0x5fffffff,
                                        0xdeadbeef00000010, UINT64_MAX};
    for (size_t i = 0; i < sizeof(pointers) / sizeof(*pointers); i++)
        stack_astray(pointers[i]);
    EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_SERVE_LESS, 0, &value), BH_EINVAL);
    expect_serves(&a);
    EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_EXECUTE_DATA, 0, &value), BH_EINVAL);
    expect_serves(&a);
}

// The kernel has enough control stack left wherever a call may still be made.
void deep_panic(void) {
    struct bh_crash_info crash;
    uint32_t panics = 0, used_up = 0;
    for (uint64_t levels = 100; levels < 2600; levels += 50) {
        uint64_t value = 0;
        EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_DEEP_PANIC, levels - 1, &value), BH_EDEAD);
        wait_for_death(&a, &crash);
        panics += crash.cause == BH_CRASH_PANIC;
        used_up += crash.cause == BH_CRASH_CONTROL_STACK;
        EXPECT(crash.cause == BH_CRASH_PANIC || crash.cause == BH_CRASH_CONTROL_STACK || crash.cause == BH_CRASH_DATA_STACK,
               "%llu levels: cause %u", (unsigned long long)levels, crash.cause);
        revive(&a);
    }
    EXPECT(panics && used_up, "%u panics, %u times the stack was used up: the levels are not around the limit", panics, used_up);
}

static volatile enum bh_error looper_result;

static void looper(uint64_t unused) {
    (void)unused;
    looper_result = victim_crash(a.port, BH_INJECT_LOOP);
    bh_thread_exit();
}

// A loop is found although others call into the same domain all the time; and calling for long is no loop.
void busy_watchdog(void) {
    struct bh_crash_info crash;
    uint64_t same, value, end = bh_time_ns() + PATIENCE_NS;
    EXPECT_OK(bh_thread_create(looper, 0, 2));
    while (victim_echo(a.port, 1, &same) == BH_OK)
        EXPECT(bh_time_ns() < end, "the loop was not found");
    wait_for_death(&a, &crash);
    EXPECT(crash.cause == BH_CRASH_WATCHDOG, "cause %u", crash.cause);
    revive(&a);
    EXPECT(looper_result == BH_EDEAD, "the looping caller got %d", looper_result);
    EXPECT_OK(victim_relay(a.port, 0, MISBEHAVE_BUSY_CALLS, 0, &value));
}

void exits(void) {
    uint64_t value, deadline = bh_time_ns() + PATIENCE_NS;
    EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_EXIT, 0, &value), BH_EDEAD);
    while (info_of(&a).state != BH_DOMAIN_STATE_ENDED)
        EXPECT(bh_time_ns() < deadline, "a did not end");
    EXPECT_ERROR(victim_echo(a.port, 1, &value), BH_EDEAD);
    EXPECT_ERROR(system_kill(system_cap, a.id), BH_EINVAL);
    EXPECT_ERROR(system_abandon(system_cap, a.id), BH_EINVAL);
    revive(&a);
    expect_serves(&a);
    EXPECT_ERROR(system_restart(system_cap, a.id), BH_EBUSY);
    EXPECT_ERROR(system_restart(system_cap, 0), BH_ENOENT);
    EXPECT_ERROR(system_kill(system_cap, 64), BH_ENOENT);
    EXPECT_OK(system_kill(system_cap, a.id));
    EXPECT_OK(system_abandon(system_cap, a.id));
    EXPECT(info_of(&a).state == BH_DOMAIN_STATE_ENDED, "a is not given up");
    revive(&a);
}

void senseless_calls(void) {
    uint32_t deaths = 0;
    restart_all();
    struct bh_memory_info before = memory_now();
    for (uint64_t seed = 1; seed <= 150; seed++) {
        uint64_t value;
        enum bh_error error = victim_relay(a.port, 0, MISBEHAVE_CALL_AT_RANDOM, seed * 1000003, &value);
        EXPECT(error == BH_OK || error == BH_EDEAD, "seed %llu: %d", (unsigned long long)seed, error);
        expect_serves(&b);
        deaths += error == BH_EDEAD;
        if (error == BH_OK)
            EXPECT_OK(system_kill(system_cap, a.id));
        revive(&a);
    }
    end_without_leak(&before);
    EXPECT(info_of(&b).restarts == 2 && info_of(&c).restarts == 2, "somebody else was harmed");
    bh_info("%u deaths", deaths);
}
