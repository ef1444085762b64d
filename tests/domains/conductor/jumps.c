// SPDX-License-Identifier: MIT
//
// longjmp inside a domain works, also when other domains were called meanwhile; a jump to a frame that is not there, or with a mark that was
// made up, ends the domain that tried it and nothing else.
#include <string.h>

#include "conductor.h"
#include "tests/domains/victim/misbehave.h"

#define MADE_UP 40

void jumps(void) {
    uint64_t value = 0;
    EXPECT_OK(victim_relay(a.port, 0, MISBEHAVE_JUMP, JUMP_WELL, &value));
    EXPECT(value == 77, "a good jump: %llu", (unsigned long long)value);
    for (uint64_t how = JUMP_WELL + 1; how < JUMP_ANYWHERE + MADE_UP; how++) {
        struct bh_crash_info crash;
        EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_JUMP, how, &value), BH_EDEAD);
        wait_for_death(&a, &crash);
        EXPECT(crash.cause == BH_CRASH_PROTOCOL && strstr(crash.text, "longjmp"), "jump %llu: cause %u, %s", (unsigned long long)how, crash.cause,
               crash.text);
        expect_serves(&b);
        revive(&a);
    }
    EXPECT_OK(victim_relay(a.port, 0, MISBEHAVE_JUMP, JUMP_WELL, &value));
    EXPECT(value == 77, "a good jump afterwards: %llu", (unsigned long long)value);
}
