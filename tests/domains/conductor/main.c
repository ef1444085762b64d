// SPDX-License-Identifier: MIT
//
// Runs one scenario against the victims and powers off: status 0 when it held, 1 when it did not (the log says where). Serves nothing;
// needs System, Settings (setting `scenario`), and a port of each victim. When it dies the run has failed: nobody powers off.
#include "conductor.h"

#include <string.h>

#include "tests/domains/victim/misbehave.h"

struct victim a = {.name = "a"}, b = {.name = "b"}, c = {.name = "c"};
bh_cap system_cap;
bool plain;

static const struct {
    const char *name;
    scenario *run;
} scenarios[] = {
    {"crash-in-call", crash_in_call},
    {"crash-by-injection", crash_by_injection},
    {"crash-of-two-threads", crash_of_two_threads},
    {"nested-death-in-the-middle", nested_death_in_the_middle},
    {"nested-death-at-the-end", nested_death_at_the_end},
    {"caller-dies-first", caller_dies_first},
    {"leaks", leaks},
    {"calls-carry-values", calls_carry_values},
    {"calls-refuse-capabilities", calls_refuse_capabilities},
    {"hostile-callers", hostile_callers},
    {"hostile-servers", hostile_servers},
    {"deep-panic", deep_panic},
    {"busy-watchdog", busy_watchdog},
    {"exits", exits},
    {"capability-rights", capability_rights},
    {"capability-revocation", capability_revocation},
    {"restart-keeps-capabilities", restart_keeps_capabilities},
    {"capability-badges", capability_badges},
    {"capability-answers", capability_answers},
    {"capability-quotas", capability_quotas},
    {"capability-list", capability_list},
    {"revocation-in-steps", revocation_in_steps},
    {"revoke-during-calls", revoke_during_calls},
    {"buffers-lent", buffers_lent},
    {"buffers-moved", buffers_moved},
    {"buffers-shared", buffers_shared},
    {"buffer-owner-dies", buffer_owner_dies},
    {"quotas", quotas},
    {"events", events},
    {"signals-unheard", signals_unheard},
    {"sleeping", sleeping},
    {"preemption", preemption},
    {"priorities", priorities},
    {"nobody-starves", nobody_starves},
    {"floating-point", floating_point},
    {"thread-limits", thread_limits},
    {"deaths-are-told", deaths_are_told},
    {"ring-replay", ring_replay},
    {"ring-broken", ring_broken},
    {"ring-full", ring_full},
    {"log-is-harmless", log_is_harmless},
    {"late-answer", late_answer},
    {"floating-point-stack", floating_point_stack},
    {"many-callers", many_callers},
    {"given-up-capabilities", given_up_capabilities},
    {"ring-client-dies", ring_client_dies},
    {"senseless-calls", senseless_calls},
    {"memory-runs-out", memory_runs_out},
    {"threads-run-out", threads_run_out},
    {"storm", storm},
    {"typed-calls", typed_calls},
    {"typed-entries", typed_entries},
    {"buffers-moved-away", buffers_moved_away},
    {"buffers-lent-on", buffers_lent_on},
    {"buffers-moved-while-lent", buffers_moved_while_lent},
    {"buffers-lent-thread-ends", buffers_lent_to_who_ends_the_thread},
    {"processors-all-work", processors_all_work},
    {"processors-kill", processors_kill},
    {"processors-kill-the-middle", processors_kill_the_middle},
    {"processors-watchdog", processors_watchdog},
    {"processors-revocation", processors_revocation},
    {"processors-revoke-calls", processors_revoke_calls},
    {"race-arguments", race_arguments},
    {"race-unmap", race_unmap},
    {"race-lend", race_lend},
    {"race-caps", race_caps},
    {"race-badges", race_badges},
    {"race-threads", race_threads},
    {"race-serve", race_serve},
    {"race-scribble", race_scribble},
    {"race-ring", race_ring},
    {"device-race", device_race},
    {"jumps", jumps},
    {"plain-attacks", plain_attacks},
    {"plain-killed", plain_killed},
    {"trace-records", trace_records},
    {"trace-statistics", trace_statistics},
    {"trace-under-load", trace_under_load},
    {"core-of-a-call", core_of_a_call},
    {"supervised-restart", supervised_restart},
    {"supervised-giving-up", supervised_giving_up},
    {"supervised-ring", supervised_ring},
};

struct bh_domain_info info_of(const struct victim *victim) {
    struct bh_domain_info info;
    EXPECT_OK(system_domain_info(system_cap, victim->id, &info));
    return info;
}

void expect_serves(const struct victim *victim) {
    uint64_t same = 0;
    enum bh_error error = victim_echo(victim->port, 0x1234567890abcdefull, &same);
    EXPECT(!error && same == 0x1234567890abcdefull, "%s: echo: %s, %llx", victim->name, bh_strerror(error), (unsigned long long)same);
}

static void wait_until_serving(const struct victim *victim) {
    uint64_t deadline = bh_time_ns() + PATIENCE_NS, same;
    while (victim_echo(victim->port, 1, &same) != BH_OK) {
        EXPECT(bh_time_ns() < deadline, "%s does not serve", victim->name);
        bh_sleep_for(MS / 4);
    }
}

void wait_for_death(const struct victim *victim, struct bh_crash_info *crash) {
    uint64_t deadline = bh_time_ns() + PATIENCE_NS;
    while (info_of(victim).state != BH_DOMAIN_STATE_DEAD) {
        EXPECT(bh_time_ns() < deadline, "%s does not die", victim->name);
        bh_sleep_for(MS / 4);
    }
    EXPECT_OK(system_crash_info(system_cap, victim->id, crash));
}

static void wait_until_has_threads(const struct victim *victim, uint32_t most) {
    uint64_t deadline = bh_time_ns() + PATIENCE_NS;
    while (info_of(victim).threads > most) {
        EXPECT(bh_time_ns() < deadline, "%s still has %u threads", victim->name, info_of(victim).threads);
        bh_sleep_for(MS / 4);
    }
    bh_sleep_for(MS / 4); // what the last one to end held is given back when threads change
}

// Its first thread ends when it serves: what that holds is not to be counted as something that goes away later. Those with a ring have another.
static void wait_until_started(const struct victim *victim) {
    wait_until_serving(victim);
    wait_until_has_threads(victim, victim->id == c.id ? 0 : 1);
    wait_until_holds(victim, CAPS_OF(victim));
}

void revive(const struct victim *victim) {
    EXPECT_OK(system_restart(system_cap, victim->id));
    wait_until_started(victim);
}

void wait_until_holds(const struct victim *victim, uint32_t caps) {
    uint64_t deadline = bh_time_ns() + PATIENCE_NS;
    while (info_of(victim).caps != caps) {
        EXPECT(bh_time_ns() < deadline, "%s holds %u capabilities, not %u", victim->name, info_of(victim).caps, caps);
        bh_sleep_for(MS / 4);
    }
    bh_sleep_for(MS / 2); // whoever is ready runs now, until it waits
}

static uint64_t order_hold(const struct victim *victim, enum hold order) {
    uint64_t under_way = 0;
    EXPECT_OK(victim_relay(victim->port, 0, MISBEHAVE_HOLD, order, &under_way));
    return under_way;
}

void hold_all(const struct victim *victim) {
    (void)order_hold(victim, HOLD_ALL);
}

void wait_until_under_way(const struct victim *victim, uint64_t count) {
    uint64_t deadline = bh_time_ns() + PATIENCE_NS, now;
    while ((now = order_hold(victim, HOLD_ASK)) != count) {
        EXPECT(bh_time_ns() < deadline, "%s: %llu under way, not %llu", victim->name, (unsigned long long)now, (unsigned long long)count);
        bh_sleep_for(MS / 4);
    }
}

void let_go(const struct victim *victim) {
    (void)order_hold(victim, HOLD_NONE);
}

bool crashed_in(const struct bh_crash_info *crash, uint32_t domain, const char *symbol) {
    for (uint32_t i = 0; i < crash->frame_count; i++)
        if (crash->frames[i].domain == domain && strcmp(crash->frames[i].symbol, symbol) == 0)
            return true;
    return false;
}

struct bh_memory_info memory_now(void) {
    struct bh_memory_info info;
    EXPECT_OK(system_memory(system_cap, &info));
    return info;
}

void expect_no_leak(const struct bh_memory_info *before, const struct bh_memory_info *after) {
    uint64_t allowance = 0;
    EXPECT_OK(bh_setting_number("page_tables", 0, INT64_MAX, &allowance));
    int64_t gone = (int64_t)(before->free_bytes - after->free_bytes);
    EXPECT(gone <= (int64_t)allowance, "%lld bytes leaked", (long long)gone);
    EXPECT(before->threads == after->threads, "%u threads, then %u", before->threads, after->threads);
    EXPECT(before->buffers == after->buffers, "%u buffers, then %u", before->buffers, after->buffers);
    EXPECT(before->caps == after->caps, "%u capabilities, then %u", before->caps, after->caps);
}

void end_without_leak(const struct bh_memory_info *before) {
    uint64_t deadline = bh_time_ns() + PATIENCE_NS;
    restart_all();
    while (memory_now().threads > before->threads && bh_time_ns() < deadline) // some are on their way out
        bh_sleep_for(MS);
    struct bh_memory_info after = memory_now();
    expect_no_leak(before, &after);
}

static void meet(struct victim *victim) {
    EXPECT_OK(bh_cap_find(victim->name, &victim->port));
    EXPECT_OK(system_domain_find(system_cap, victim->name, &victim->id));
    wait_until_started(victim);
}

static bool traced;

static void run(uint64_t index) {
    wait_until_has_threads(&(struct victim){.name = "conductor", .id = 1}, 1); // not the one of main() any more
    expect_serves(&a); // so that this thread has its data stacks there
    expect_serves(&b);
    expect_serves(&c);
    if (traced)
        watch_begin();
    scenarios[index].run();
    if (traced)
        watch_end();
    bh_info("ok %s", scenarios[index].name);
    (void)system_power_off(system_cap, 0);
}

// The scenario runs at the victims' priority, so that it has a better one to try.
int main(void) {
    char wanted[BH_SETTING_SIZE];
    if (bh_cap_find("system", &system_cap) != BH_OK)
        bh_panic("the manifest gives no System");
    a.devices = bh_setting("device", wanted, sizeof(wanted));
    traced = bh_setting("traced", wanted, sizeof(wanted));
    plain = bh_setting("plain", wanted, sizeof(wanted));
    EXPECT_SETTING("scenario", wanted);
    meet(&a);
    meet(&b);
    meet(&c);
    uint64_t index = 0;
    while (index < sizeof(scenarios) / sizeof(*scenarios) && strcmp(scenarios[index].name, wanted) != 0)
        index++;
    EXPECT(index < sizeof(scenarios) / sizeof(*scenarios), "there is no scenario \"%s\"", wanted);
    EXPECT_OK(bh_thread_create(run, index, 2));
    bh_thread_exit();
}
