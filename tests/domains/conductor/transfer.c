// SPDX-License-Identifier: MIT
//
// Badges, capabilities as results of calls, and what a domain and the operator see of them.
#include "conductor.h"

#include <string.h>

#include "tests/domains/victim/misbehave.h"

#define B_CALLED_WITH(badge) ((uint64_t)'b' << 32 | (badge))

static uint64_t ask(bh_cap port, enum misbehaviour kind, uint64_t value) {
    uint64_t answer = 0;
    EXPECT_OK(victim_relay(port, 0, kind, value, &answer));
    return answer;
}

static void expect_badge(bh_cap port, uint32_t badge) {
    uint64_t answer = ask(port, MISBEHAVE_BADGE, 0);
    EXPECT(answer == B_CALLED_WITH(badge), "badge %u: b says 0x%llx", badge, (unsigned long long)answer);
}

void capability_badges(void) {
    bh_cap seven, child, none, event, outer;
    EXPECT_OK(bh_cap_derive_badged(b.port, BH_RIGHT_CALL | BH_RIGHT_GRANT, 7, &seven));
    EXPECT_OK(bh_cap_derive(seven, BH_RIGHT_CALL, &child));
    expect_badge(b.port, 0);
    expect_badge(seven, 7);
    expect_badge(child, 7);
    EXPECT(bh_badge() == 0, "our own threads have badge %u", bh_badge());
    EXPECT_ERROR(bh_cap_derive_badged(seven, BH_RIGHT_CALL, 8, &none), BH_ERIGHTS);
    EXPECT_ERROR(bh_cap_derive_badged(child, BH_RIGHT_CALL, 7, &none), BH_ERIGHTS);
    EXPECT_ERROR(bh_cap_derive_badged(b.port, BH_RIGHT_CALL, 0, &none), BH_EINVAL);
    EXPECT_ERROR(bh_cap_derive_badged(b.port, BH_RIGHT_CALL | BH_RIGHT_SERVE, 3, &none), BH_ERIGHTS);
    EXPECT_OK(bh_event_create(&event));
    EXPECT_ERROR(bh_cap_derive_badged(event, BH_RIGHT_SIGNAL, 7, &none), BH_EINVAL);
    EXPECT_OK(bh_cap_drop(event));
    // The badge is of the call, whatever other calls come into the server meanwhile.
    EXPECT_OK(bh_cap_derive_badged(a.port, BH_RIGHT_CALL, 0xfedcba98, &outer));
    uint64_t nested = ask(outer, MISBEHAVE_BADGE_NESTED, 0);
    EXPECT(nested == 0xfedcba98fedcba98, "a was called with 0x%llx", (unsigned long long)nested);
    // The next to have an index has not the badge of the last.
    EXPECT_OK(bh_cap_drop(child));
    EXPECT_OK(bh_cap_derive(b.port, BH_RIGHT_CALL, &none));
    EXPECT(none == child, "index %u after %u", none, child);
    expect_badge(none, 0);
    EXPECT_OK(bh_cap_revoke(b.port));
    EXPECT_OK(bh_cap_drop(none));
    EXPECT_OK(bh_cap_drop(seven));
    EXPECT_OK(bh_cap_drop(outer));
}

// What a answers with: its "next", which is b, with a badge.
static bh_cap fetch(uint32_t badge) {
    bh_cap cap = 0;
    EXPECT_OK(bh_cap_accept());
    (void)ask(a.port, MISBEHAVE_ANSWER, badge);
    EXPECT_OK(bh_cap_taken(&cap));
    return cap;
}

static void answers_that_are_refused(void) {
    uint64_t unused;
    bh_cap cap;
    EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_ANSWER, 0, &unused), BH_EINVAL); // we accept none
    EXPECT_ERROR(bh_cap_taken(&cap), BH_ENOENT);
    EXPECT_OK(bh_cap_accept());
    EXPECT_ERROR(victim_relay(a.port, 1, MISBEHAVE_ANSWER, 0, &unused), BH_EINVAL); // a does not, for which b does it
    expect_serves(&b);
    EXPECT_ERROR(bh_cap_taken(&cap), BH_ENOENT);
    EXPECT_ERROR(bh_cap_answer(a.port), BH_EINVAL); // nobody called us
    for (enum misbehaviour kind = MISBEHAVE_ANSWER_TWICE; kind <= MISBEHAVE_ANSWER_WITH; kind++) {
        EXPECT_OK(bh_cap_accept());
        (void)ask(a.port, kind, 0);
        EXPECT_ERROR(bh_cap_accept(), BH_EBUSY);
        EXPECT_OK(bh_cap_taken(&cap));
        expect_badge(cap, 0);
        EXPECT_OK(bh_cap_drop(cap));
    }
}

static volatile uint32_t caller_back;

static void call_and_accept(uint64_t unused) {
    uint64_t answer;
    (void)unused;
    EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_ACCEPT_LATE, 1, &answer), BH_EDEAD);
    caller_back = 1;
    bh_thread_exit();
}

// a dies and comes back while it waits for an answer: the new instance is not given what the old one wanted.
static void an_answer_for_the_dead(void) {
    hold_all(&b);
    EXPECT_OK(bh_thread_create(call_and_accept, 0, 1));
    wait_until_under_way(&b, 1);
    EXPECT_OK(system_kill(system_cap, a.id));
    revive(&a);
    let_go(&b);
    while (!caller_back)
        bh_sleep_for(MS);
    wait_until_under_way(&b, 0);
    EXPECT(info_of(&a).caps == CAPS_OF(&a), "a holds %u", info_of(&a).caps);
    expect_serves(&b);
}

void capability_answers(void) {
    struct bh_crash_info crash;
    uint64_t unused;
    bh_cap cap;
    restart_all();
    struct bh_memory_info before = memory_now();
    cap = fetch(11);
    expect_badge(cap, 11);
    EXPECT_ERROR(bh_cap_taken(&cap), BH_ENOENT);
    EXPECT_OK(bh_cap_drop(cap));
    answers_that_are_refused();
    EXPECT_OK(bh_cap_accept());
    EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_ANSWER_AND_DIE, 0, &unused), BH_EDEAD);
    wait_for_death(&a, &crash);
    EXPECT_OK(bh_cap_taken(&cap)); // it was given, for good
    expect_badge(cap, 0);
    EXPECT_OK(bh_cap_drop(cap));
    revive(&a);
    an_answer_for_the_dead();
    end_without_leak(&before);
}

// A table that is full: the giver is told so, whichever way the capability goes, and the log names holder, quota and key of the manifest.
void capability_quotas(void) {
    static char text[2049];
    uint64_t position = 0, next = 0;
    uint32_t size;
    bool said = false;
    restart_all();
    struct bh_memory_info before = memory_now();
    uint64_t answers = ask(a.port, MISBEHAVE_FILL_TABLE, 0);
    EXPECT(answers == 40 - CAPS_OF(&a) && info_of(&a).caps == 40, "%llu answers, %u capabilities", (unsigned long long)answers, info_of(&a).caps);
    bh_cap event;
    EXPECT_OK(bh_event_create(&event));
    EXPECT_ERROR(victim_signal_later(a.port, event, MS), BH_EQUOTA);
    EXPECT_OK(bh_cap_drop(event));
    while (!said && system_log_read(system_cap, position, text, &size, &next) == BH_OK && size) {
        text[size] = 0;
        said = strstr(text, "a holds 40 capabilities, its quota; raise `caps` in the manifest") != NULL;
        position = next;
    }
    EXPECT(said, "the log does not say so");
    end_without_leak(&before);
}

static struct bh_cap_info entry_of(bh_cap cap) {
    struct bh_cap_info info;
    EXPECT_OK(bh_cap_list(cap, &info));
    EXPECT(info.index == cap, "entry %u, not %u", info.index, cap);
    return info;
}

void capability_list(void) {
    struct bh_cap_info info;
    struct bh_held_cap held;
    uint32_t own, count = 0;
    bh_cap seven, buffer, shared;
    void *address;
    uint64_t theirs;
    EXPECT_OK(system_domain_find(system_cap, "conductor", &own));
    EXPECT_OK(bh_cap_derive_badged(b.port, BH_RIGHT_CALL, 7, &seven));
    info = entry_of(seven);
    EXPECT(info.badge == 7 && info.rights == BH_RIGHT_CALL && !info.name[0] && info.parent_domain == own && info.parent == b.port &&
           info.object_domain == b.id && !strcmp(info.object_name, "b.victim") && info.state == BH_CAP_LIVE, "entry of a badged capability");
    info = entry_of(b.port);
    EXPECT(!info.badge && !strcmp(info.name, "b") && !info.parent_domain && info.type == BH_CAP_PORT + BH_VICTIM_ID, "entry of its parent");
    EXPECT_OK(bh_buffer_alloc(8192, &buffer, &address));
    EXPECT_OK(bh_cap_derive(buffer, BH_RIGHT_READ | BH_RIGHT_GRANT, &shared));
    EXPECT_OK(victim_keep(a.port, shared, BH_RIGHT_READ, &theirs));
    bool found = false;
    for (uint32_t index = 0; system_cap_info(system_cap, a.id, index, &held) == BH_OK; index = held.number + 1)
        if (held.type == BH_CAP_BUFFER) {
            found = true;
            EXPECT(held.parent_domain == own && held.parent == shared && held.object_domain == own && held.object == ((uint64_t)address & 0xffffffff) &&
                   held.rights == (BH_RIGHT_READ | BH_RIGHT_GRANT), "a's entry of the buffer");
        }
    EXPECT(found, "a holds no buffer");
    EXPECT_OK(bh_cap_revoke(b.port));
    info = entry_of(seven);
    EXPECT(info.state == BH_CAP_REVOKED && !info.rights && !info.parent_domain && !info.object_name[0], "entry of a revoked one");
    for (uint32_t index = 0; bh_cap_list(index, &info) == BH_OK; index = info.index + 1) {
        EXPECT_OK(system_cap_info(system_cap, own, index, &held));
        EXPECT(!memcmp(&held, &info, sizeof(held)), "the operator sees something else of %u", info.index);
        count++;
    }
    struct bh_domain_info ours;
    EXPECT_OK(system_domain_info(system_cap, own, &ours));
    EXPECT(count == ours.caps, "%u of %u are listed", count, ours.caps);
    EXPECT_ERROR(bh_cap_list(201, &info), BH_ENOENT);
    EXPECT_ERROR(bh_cap_list(0xffffffff, &info), BH_ENOENT);
    EXPECT_ERROR(system_cap_info(system_cap, 60, 0, &held), BH_ENOENT);
}
