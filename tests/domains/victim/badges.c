// SPDX-License-Identifier: MIT
//
// Badges and capabilities as results, from the side of the server: what it is called with, and what it answers with, rightly and not.
#include "misbehave.h"

#include <bulkhead/domain.h>

#include "kernel/abi/crash.h"
#include "victim.h"

void bh_inject(uint64_t kind);

static enum bh_error answer(bh_cap next, uint32_t badge) {
    bh_cap cap;
    if (!badge)
        return bh_cap_answer(next);
    enum bh_error error = bh_cap_derive_badged(next, BH_RIGHT_CALL | BH_RIGHT_GRANT, badge, &cap);
    if (error)
        return error;
    error = bh_cap_answer(cap);
    enum bh_error dropped = bh_cap_drop(cap);
    return error ? error : dropped;
}

// Each of these must be refused, and the last one be accepted.
static enum bh_error answer_wrongly(bh_cap next) {
    bh_cap mean;
    if (bh_cap_answer(0) != BH_ECAP || bh_cap_answer(39) != BH_ECAP || bh_cap_answer(0xffffffff) != BH_ECAP)
        return BH_EINVAL;
    enum bh_error error = bh_cap_derive(next, BH_RIGHT_CALL, &mean);
    if (error)
        return error;
    if (bh_cap_answer(mean) != BH_ERIGHTS)
        return BH_EINVAL;
    error = bh_cap_drop(mean);
    return error ? error : bh_cap_answer(next);
}

static enum bh_error answer_twice(bh_cap next) {
    enum bh_error error = bh_cap_answer(next);
    return error ? error : bh_cap_answer(next) == BH_EINVAL ? BH_OK : BH_EPROTO;
}

static enum bh_error fill_table(bh_cap next, uint64_t *answers) {
    uint64_t unused;
    bh_cap cap;
    enum bh_error error = BH_OK;
    for (*answers = 0; !error; ++*answers) {
        error = bh_cap_accept();
        if (!error)
            error = victim_relay(next, 0, MISBEHAVE_ANSWER, 0, &unused);
        if (!error)
            error = bh_cap_taken(&cap);
    }
    --*answers;
    return error == BH_EQUOTA && bh_cap_taken(&cap) == BH_ENOENT ? BH_OK : error;
}

enum bh_error try_badges(enum misbehaviour kind, const char *port, bh_cap next, uint64_t *value) {
    uint64_t before = bh_badge(), unused;
    uint32_t given = (uint32_t)*value - 1; // relay() adds one
    switch (kind) {
    case MISBEHAVE_BADGE:
        *value = (uint64_t)*port << 32 | before;
        return BH_OK;
    case MISBEHAVE_BADGE_NESTED: {
        enum bh_error error = victim_relay(next, 2, MISBEHAVE_BADGE, 0, &unused);
        *value = before << 32 | bh_badge();
        return error;
    }
    case MISBEHAVE_ANSWER:
        return answer(next, given);
    case MISBEHAVE_ANSWER_TWICE:
        return answer_twice(next);
    case MISBEHAVE_ANSWER_WITH:
        return answer_wrongly(next);
    case MISBEHAVE_ANSWER_LATE:
        take_time(given * 1000000ull);
        return bh_cap_answer(next);
    case MISBEHAVE_ANSWER_AND_DIE:
        (void)bh_cap_answer(next);
        bh_inject(BH_INJECT_NULL);
        return BH_OK;
    case MISBEHAVE_ACCEPT_LATE: {
        enum bh_error error = bh_cap_accept();
        return error ? error : victim_relay(next, 0, MISBEHAVE_ANSWER_LATE, given, &unused);
    }
    case MISBEHAVE_FILL_TABLE:
        return fill_table(next, value);
    default:
        return BH_EINVAL;
    }
}
