// SPDX-License-Identifier: MIT
//
// Between the scenarios of the test conductor: what they stand on.
#ifndef CONDUCTOR_H
#define CONDUCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include <bulkhead/domain.h>

#include "kernel.h"
#include "kernel/abi/crash.h"
#include "tests/domains/expect.h"
#include "victim.h"

#define MS 1000000ull
#define PATIENCE_NS (5000 * MS)

struct victim {
    char name[32];
    uint32_t id;
    bh_cap port; // its interface Victim
    uint32_t devices; // that it was granted
};
extern bool plain; // the victims are of the plain flavour (setting `plain'): some mechanism other than sfi isolates them
extern struct victim a, b, c; // c is in the fs colour; each has a right to call the next, c to call a

struct bh_domain_info info_of(const struct victim *victim);
void expect_serves(const struct victim *victim); // an echo
// Wait until it is dead, and fail when that takes too long; its crash record.
void wait_for_death(const struct victim *victim, struct bh_crash_info *crash);
// Start it again and wait until it serves.
void revive(const struct victim *victim);
void wait_until_holds(const struct victim *victim, uint32_t caps); // that many capabilities
#define CAPS_OF(victim) (((victim)->id == c.id ? 3 : 5) + (victim)->devices) // settings, next, a ring; a and b have attached to theirs, and so hold two events of it
// From now on what takes time in it stays until let_go(), or until it dies.
void hold_all(const struct victim *victim);
void wait_until_under_way(const struct victim *victim, uint64_t count); // that many calls and requests that take time
void let_go(const struct victim *victim);
bool crashed_in(const struct bh_crash_info *crash, uint32_t domain, const char *symbol); // is such a frame in the backtrace?
struct bh_memory_info memory_now(void);
void restart_all(void); // all victims, so that what they hold is known
// As many threads, buffers and capabilities, and as much free memory but for what the setting `page_tables' allows: page tables stay.
void expect_no_leak(const struct bh_memory_info *before, const struct bh_memory_info *after);
void end_without_leak(const struct bh_memory_info *before); // the same after a restart of all, once their threads have ended

uint32_t draw(uint64_t *random, uint32_t limit); // the next number below the limit

uint32_t processors(void);     // how many
void occupy(uint32_t count);   // that many threads of our priority compute, each on a processor of its own if there are as many; vacate() ends them
void vacate(void);

void watch_begin(void); // everything is traced from now on (setting `traced')
void watch_end(void);

typedef void scenario(void);
scenario crash_in_call, crash_by_injection, crash_of_two_threads, nested_death_in_the_middle, nested_death_at_the_end,
    caller_dies_first, leaks, calls_carry_values, calls_refuse_capabilities, hostile_callers, hostile_servers, deep_panic, busy_watchdog,
    exits, capability_rights, capability_revocation, restart_keeps_capabilities, buffers_lent, buffers_moved, buffers_shared, buffer_owner_dies,
    quotas, events, signals_unheard, sleeping, preemption, priorities, nobody_starves, floating_point, thread_limits, deaths_are_told, ring_replay, ring_broken, ring_full,
    log_is_harmless, late_answer, floating_point_stack, many_callers, given_up_capabilities, ring_client_dies, senseless_calls, memory_runs_out,
    threads_run_out, storm, jumps, typed_calls, typed_entries, buffers_moved_away, buffers_lent_on, buffers_moved_while_lent,
    buffers_lent_to_who_ends_the_thread, race_arguments, race_unmap,
    processors_all_work, processors_kill, processors_kill_the_middle, processors_watchdog, processors_revocation,
    race_lend, race_caps, race_threads, race_serve, race_scribble, race_ring, device_race, supervised_restart, supervised_giving_up, supervised_ring,
    capability_badges, capability_answers, capability_quotas, capability_list, revoke_during_calls, processors_revoke_calls, revocation_in_steps, race_badges,
    plain_attacks, plain_killed, trace_records, trace_statistics, trace_under_load, core_of_a_call;

#endif
