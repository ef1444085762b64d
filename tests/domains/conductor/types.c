// SPDX-License-Identifier: MIT
//
// Typed control flow: a call through a pointer reaches functions of its type alone, and so does the kernel. The crash says what was called as
// what, and its backtrace names the caller.
#include "conductor.h"

#include <stdlib.h>
#include <string.h>

#include "../victim/misbehave.h"

static const struct {
    enum misbehaviour kind;
    const char *caller, *target; // the function that called; how the text ends
} wrong_calls[] = {
    {MISBEHAVE_CALL_OTHER_TYPE, "call_two_words", "one_word, of type 0x"},
    {MISBEHAVE_JUMP_OTHER_TYPE, "jump_two_words", "one_word, of type 0x"},
    {MISBEHAVE_CALL_UNLABELLED, "call_nothing", "unlabelled, which has no type label"},
    {MISBEHAVE_CALL_DATA, "call_nothing", "which is no function"},
    {MISBEHAVE_CALL_NULL, "call_nothing", "which is a null pointer"},
};

static void expect_type_crash(size_t i, const struct bh_crash_info *crash) {
    const struct bh_crash_frame *caller = &crash->frames[0];
    EXPECT(crash->cause == BH_CRASH_TYPE, "kind %u: cause %u: %s", wrong_calls[i].kind, crash->cause, crash->text);
    EXPECT(strstr(crash->text, wrong_calls[i].target) != NULL, "kind %u: %s", wrong_calls[i].kind, crash->text);
    EXPECT(crash->frame_count > 0 && !strcmp(caller->symbol, wrong_calls[i].caller), "kind %u: the caller is %s, not %s", wrong_calls[i].kind,
           caller->symbol, wrong_calls[i].caller);
}

void typed_calls(void) {
    uint64_t value;
    EXPECT_OK(victim_relay(a.port, 0, MISBEHAVE_CALL_STUBS, 0, &value));
    EXPECT(value == 3, "stubs called through pointers: %llu", (unsigned long long)value);
    for (size_t i = 0; i < sizeof(wrong_calls) / sizeof(*wrong_calls); i++) {
        const struct victim *victim = i % 2 ? &c : &a; // both colours
        struct bh_crash_info crash;
        EXPECT_ERROR(victim_relay(victim->port, 0, wrong_calls[i].kind, 0, &value), BH_EDEAD);
        wait_for_death(victim, &crash);
        expect_type_crash(i, &crash);
        revive(victim);
    }
}

void typed_entries(void) {
    uint64_t value;
    EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_SERVE_OTHER_TYPE, 0, &value), BH_EINVAL);
    expect_serves(&a);
    EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_THREAD_OTHER_TYPE, 0, &value), BH_EINVAL);
    expect_serves(&a);
}
