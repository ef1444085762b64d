// SPDX-License-Identifier: MIT
//
// The state that a dead vmm leaves may be garbage, of another version, or not there; and an exit may kill one vmm after the other.
#include "guest_world.h"

#include <sys/wait.h>
#include <unistd.h>

static uint64_t chance = 88172645463325252ull;

static uint64_t next_chance(void) {
    chance ^= chance << 13;
    chance ^= chance >> 7;
    return chance ^= chance << 17;
}

// The sanitizers watch a guest that goes on with a state in which some bytes are wrong.
static bool live_with_garbage(void) {
    bool again;
    uint8_t *bytes = (uint8_t *)&kept;
    uint64_t most = next_chance() % 2 ? sizeof(kept) : offsetof(struct kept, areas[0].machine.disk.requests);
    if (next_chance() % 2)
        undo_save(machine, &machine->lapic, sizeof(machine->lapic)); // a log to be put back
    for (uint64_t i = 1 + next_chance() % 40; i > 0; i--)
        bytes[next_chance() % most] ^= (uint8_t)next_chance();
    if (fixture_restart(&again))
        return false;
    for (int i = 0; i < 40; i++) {
        hand = (struct exit){.reason = BH_EXIT_REASON_IO, .info1 = (i % 2 ? OUT(0, 1) : IN(0, 1)) | (next_chance() % 0x1000) << 16, .rax = next_chance()};
        hand_rip = state.rip;
        fake_now_ns += next_chance() % (1000 * MS);
        describe_exit();
        answer_exit();
        (void)mmio_read(LAPIC_ADDRESS + (next_chance() & 0x3f0));
        mmio_write(bar0 + 0x3000, 0);
    }
    return true;
}

Test(kept, garbage_is_refused_or_harms_only_its_guest, .init = create, .timeout = 120) {
    int status, lived = 0;
    const int rounds = 400;
    offer_two();
    for (int i = 0; i < rounds; i++) {
        (void)next_chance();
        pid_t child = fork();
        if (!child) {
            alarm(20);
            _exit(live_with_garbage());
        }
        waitpid(child, &status, 0);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) <= 1, "round %d: status 0x%x", i, status);
        lived += WEXITSTATUS(status);
    }
    cr_assert(lived > rounds / 20 && lived < rounds, "%d of %d went on", lived, rounds);
}

Test(kept, another_version_is_refused, .init = create) {
    bool again;
    kept.version++;
    cr_assert(strstr(fixture_restart(&again), "another version"));
    kept.version--;
    kept.area_size += 8;
    cr_assert(strstr(fixture_restart(&again), "another version"));
    kept.area_size -= 8;
    kept.magic = 7;
    cr_assert(strstr(fixture_restart(&again), "not the state of a guest"));
}

Test(kept, nothing_left_is_nothing_to_go_on_with, .init = create) {
    const char *why;
    kept_drop(&kept);
    cr_assert_null(kept_find(&kept, &why));
    cr_assert_null(why);
}

static void die_in_the_first_exit(void) {
    bool again;
    describe_exit();
    machine->entry_rip = state.rip; // as exits_handle() begins
    cr_assert_null(fixture_restart(&again));
    cr_assert(again);
}

Test(kept, deaths_in_one_exit_are_counted_and_others_are_not, .init = create) {
    hand.reason = BH_EXIT_REASON_IO;
    hand.info1 = IN(0x3fd, 1);
    hand_rip = state.rip;
    die_in_the_first_exit();
    cr_assert_eq(machine->tries, 0, "it may have died of something else");
    for (uint32_t i = 1; i <= KEPT_TRIES_MAX; i++) {
        die_in_the_first_exit();
        cr_assert_eq(machine->tries, i);
    }
    bool again;
    cr_assert_null(fixture_restart(&again));
    cr_assert(again);
    cr_assert_eq(machine->tries, 0, "it died before it began");
    describe_exit();
    answer_exit();
    die_in_the_first_exit();
    cr_assert_eq(machine->tries, 0, "it had answered one");
}
