// SPDX-License-Identifier: MIT
//
// longjmp as it must not be: to frames that were left, into an outer activation of this domain, and with marks made up.
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <bulkhead/domain.h>

#include "misbehave.h"
#include "victim.h"

static jmp_buf place;

[[gnu::noinline]] static int set_here(void) {
    return setjmp(place);
}

[[gnu::noinline]] static uint64_t other(volatile uint64_t *value) {
    if (*value)
        longjmp(place, 1);
    return *value;
}

// The mark is the last word of the jmp_buf; the kernel is to believe none of it.
static struct bh_frame_mark *mark_of(jmp_buf buf) {
    return (struct bh_frame_mark *)&buf[0].__jb[7];
}

static void forge(uint64_t how) {
    struct bh_frame_mark *mark = mark_of(place);
    switch (how) {
    case JUMP_OTHER_FUNCTION: // a call in another function, whose frame is as deep as may be
        mark->resume = (uint32_t)(uintptr_t)other + 64;
        break;
    case JUMP_INTO_FUNCTION: // not behind a call
        mark->resume = (uint32_t)(uintptr_t)forge;
        break;
    case JUMP_BESIDE:
        mark->frame -= 8;
        break;
    case JUMP_ABOVE:
        mark->frame = 0;
        break;
    case JUMP_BELOW:
        mark->frame = 0xffff0000;
        break;
    default: // anything
        mark->frame = (uint32_t)(how * 2654435761u >> 3) & 0xfff8;
        mark->resume += (uint32_t)(how * 40503u) & 0xfff;
    }
}

uint64_t jump_badly(bh_cap next, uint64_t how) {
    volatile uint64_t value = 1;
    uint64_t sum;
    if (how == JUMP_LEFT_FRAME) {
        set_here();
        return other(&value);
    }
    if (how == JUMP_FROM_INSIDE)
        return other(&value);
    if (setjmp(place))
        return 77;
    if (how == JUMP_WELL) { // over a call that came and went
        (void)victim_echo(next, 1, &sum);
        return other(&value);
    }
    if (how == JUMP_OUT_OF_DOMAIN)
        return victim_relay(next, 2, MISBEHAVE_JUMP, JUMP_FROM_INSIDE - 2, &sum) ? 0 : 78; // comes back into this domain
    forge(how);
    return other(&value);
}
