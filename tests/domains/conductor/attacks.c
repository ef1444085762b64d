// SPDX-License-Identifier: MIT
//
// What plain code tries against others, by mechanism (setting `plain'): held back, and the attacker dies of it; or not, as docs/mechanisms.md says.
#include "conductor.h"

#include <string.h>

#include "tests/domains/victim/misbehave.h"

#define SECRET 0x5ec4e75ec4e7ull
#define CONTROL_STACKS 0x200000000000ull
#define NOWHERE 0x10ull

enum outcome { DIES, COMES_BACK, NOT_TRIED }; // what would break the kernel itself is not tried

static volatile uint64_t secret = SECRET;
static void function(void) {}

static const struct {
    enum misbehaviour kind;
    const char *what;
    volatile void *address;
    enum outcome none, pks, paging, process;
} attacks[] = {
    {ATTACK_READ, "a read of another slot", &secret, COMES_BACK, DIES, DIES, DIES},
    {ATTACK_WRITE, "a write to another slot", &secret, COMES_BACK, DIES, DIES, DIES},
    {ATTACK_READ, "a read of the control stacks", (void *)CONTROL_STACKS, COMES_BACK, DIES, DIES, DIES},
    {ATTACK_WRITE_TEXT, "a write to its own text", NULL, DIES, DIES, DIES, DIES},
    {ATTACK_JUMP, "a jump into another slot", (void *)function, NOT_TRIED, NOT_TRIED, DIES, DIES},
    {ATTACK_JUMP, "a jump to nowhere", (void *)NOWHERE, DIES, DIES, DIES, DIES},
    {ATTACK_PRIVILEGED, "a privileged instruction", NULL, NOT_TRIED, COMES_BACK, DIES, DIES},
    {ATTACK_PORT, "an I/O port", NULL, NOT_TRIED, COMES_BACK, DIES, DIES},
    {ATTACK_SYSTEM_CALL, "a system call", NULL, NOT_TRIED, NOT_TRIED, DIES, DIES},
    {ATTACK_BASES, "other segment bases", NULL, NOT_TRIED, COMES_BACK, COMES_BACK, DIES}, // its process finds its own mailbox by one
    {ATTACK_FLAGS, "other flags and floating-point control", NULL, NOT_TRIED, COMES_BACK, COMES_BACK, COMES_BACK},
};

static enum outcome expected(size_t i, const char *mechanism) {
    return strcmp(mechanism, "none") == 0 ? attacks[i].none : strcmp(mechanism, "pks") == 0 ? attacks[i].pks
         : strcmp(mechanism, "paging") == 0 ? attacks[i].paging : attacks[i].process;
}

static void expect_arithmetic(void) {
    volatile double zero = 0, one = 1;
    volatile long double long_zero = 0;
    EXPECT(one / zero > 1e300 && one / long_zero > 1e300, "a division came back wrong");
    expect_serves(&b);
    expect_serves(&c);
}

void plain_attacks(void) {
    char mechanism[BH_SETTING_SIZE];
    EXPECT_SETTING("plain", mechanism);
    for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++) {
        uint64_t value = 0;
        struct bh_crash_info crash;
        enum outcome outcome = expected(i, mechanism);
        if (outcome == NOT_TRIED)
            continue;
        secret = SECRET;
        enum bh_error error = victim_relay(a.port, 0, attacks[i].kind, (uint64_t)attacks[i].address, &value);
        EXPECT(error == (outcome == DIES ? BH_EDEAD : BH_OK), "%s: %s", attacks[i].what, bh_strerror(error));
        bool was_written = outcome == COMES_BACK && attacks[i].kind == ATTACK_WRITE;
        EXPECT(secret == (was_written ? 0 : SECRET), "%s: the secret is %llx", attacks[i].what, (unsigned long long)secret);
        EXPECT(outcome == COMES_BACK || value != SECRET, "%s: it got out", attacks[i].what);
        expect_arithmetic();
        if (outcome != DIES)
            continue;
        wait_for_death(&a, &crash);
        bh_info("%s: %s", attacks[i].what, crash.text);
        EXPECT(crash.cause == BH_CRASH_FAULT || crash.cause == BH_CRASH_PROTECTION || crash.cause == BH_CRASH_PROTOCOL || crash.cause == BH_CRASH_INSTRUCTION,
               "%s: cause %u: %s", attacks[i].what, crash.cause, crash.text);
        EXPECT(info_of(&b).restarts == 0 && info_of(&c).restarts == 0, "%s: somebody else died", attacks[i].what);
        revive(&a);
        expect_serves(&a);
    }
}

// Somebody outside kills the process of a, at any moment: an accident like another.
void plain_killed(void) {
    struct bh_crash_info crash;
    uint64_t same, end = bh_time_ns() + 4 * PATIENCE_NS;
    bh_info("calls a until it is killed");
    while (victim_echo(a.port, 1, &same) == BH_OK)
        EXPECT(bh_time_ns() < end, "nobody kills a");
    wait_for_death(&a, &crash);
    EXPECT(crash.cause == BH_CRASH_KILLED, "cause %u: %s", crash.cause, crash.text);
    expect_serves(&b);
    revive(&a);
    expect_serves(&a);
}
