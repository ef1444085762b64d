// SPDX-License-Identifier: MIT
//
// Watches hub and spokes, kills them where the scenario wants it, starts them again, and powers off: status 0 when all spokes got what they
// wanted and nobody else than the guilty was told on. Serves nothing; needs System, Settings and the board.
#include "kernel/abi/crash.h"
#include "tests/domains/board.h"
#include "tests/domains/expect.h"

#define PATIENCE_NS (40000 * MS)

enum { HUB, FIRST_SPOKE, DOMAINS = FIRST_SPOKE + SPOKES };
static const char *const names[DOMAINS] = {"hub", "spoke-a", "spoke-b", "spoke-c"};
static uint32_t ids[DOMAINS];
static struct board *board;
static char scenario[BH_SETTING_SIZE];
bh_cap system_cap;

static bool is(const char *name) {
    return strcmp(scenario, name) == 0;
}

static struct bh_domain_info info_of(uint32_t which) {
    struct bh_domain_info info;
    EXPECT_OK(system_domain_info(system_cap, ids[which], &info));
    return info;
}

static bool all_done(void) {
    for (uint32_t i = 0; i < SPOKES; i++)
        if (board->done[i] != ALL_DONE)
            return false;
    return !is("two-slanderers") || board->cancelled[1];
}

// Who is dead has been killed by us, or may be; it comes back.
static void repair(uint32_t which, bool may_die) {
    struct bh_crash_info crash;
    if (info_of(which).state != BH_DOMAIN_STATE_DEAD)
        return;
    EXPECT_OK(system_crash_info(system_cap, ids[which], &crash));
    EXPECT(crash.cause == BH_CRASH_KILLED || may_die, "%s died: %s", names[which], crash.text);
    EXPECT(crash.cause != BH_CRASH_PANIC, "%s: %s", names[which], crash.text);
    EXPECT_OK(system_restart(system_cap, ids[which]));
}

static void disturb(uint64_t random) {
    uint32_t which = (random >> 40) % (2 * DOMAINS);
    which = is("deaths") && which < DOMAINS ? which : HUB;
    if ((random >> 50) % 4 || info_of(which).state != BH_DOMAIN_STATE_RUNNING)
        return;
    if (is("deaths") || is("cancel"))
        EXPECT_OK(system_kill(system_cap, ids[which]));
    if (is("broken-server"))
        (void)system_inject(system_cap, ids[HUB], BH_INJECT_RING); // refused while it has no ring yet
    board->deaths++;
}

static void verdict(void) {
    uint32_t cancelled = board->cancelled[0] + board->cancelled[1] + board->cancelled[2];
    struct bh_domain_info hub = info_of(HUB), a = info_of(FIRST_SPOKE);
    bh_info("hub: %u restarts, %u breaches; a: %u restarts, %u breaches; %u cancelled, %u lies", hub.restarts, hub.breaches, a.restarts, a.breaches,
            cancelled, board->lies);
    EXPECT(is("lies") == (a.breaches > 0), "a is told on %u times", a.breaches);
    EXPECT(!is("lies") || (a.breaches >= LIES && !hub.restarts && !hub.breaches), "%u breaches, hub %u restarts", a.breaches, hub.restarts);
    for (uint32_t i = FIRST_SPOKE + 1; i < DOMAINS; i++)
        EXPECT(info_of(i).breaches == 0, "%s is told on", names[i]);
    EXPECT(!is("slander") || (hub.breaches == 5 && hub.restarts == 0), "the hub was told on %u times, and died %u times", hub.breaches, hub.restarts);
    EXPECT(!is("two-slanderers") || hub.restarts == 1, "two say so, and the hub died %u times", hub.restarts);
    EXPECT(!is("broken-server") || (hub.restarts > 3 && hub.breaches >= hub.restarts), "%u restarts", hub.restarts);
    EXPECT(!is("deaths") || (hub.restarts > 3 && a.restarts), "%u and %u restarts", hub.restarts, a.restarts);
    EXPECT(!is("cancel") || (cancelled > 20 && cancelled < SPOKES * CANCELS - 20 && hub.restarts > 1), "%u cancelled", cancelled);
    EXPECT(!is("many") || (!hub.breaches && !hub.restarts), "the hub did not do well");
}

int main(void) {
    uint64_t random = 99;
    EXPECT_OK(bh_cap_find("system", &system_cap));
    EXPECT_SETTING("scenario", scenario);
    board = find_board();
    for (uint32_t i = 0; i < DOMAINS; i++)
        EXPECT_OK(system_domain_find(system_cap, names[i], &ids[i]));
    uint64_t deadline = bh_time_ns() + PATIENCE_NS;
    while (!all_done()) {
        EXPECT(bh_time_ns() < deadline, "done: %x %x %x", board->done[0], board->done[1], board->done[2]);
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        disturb(random);
        bh_sleep_for(MS / 2);
        for (uint32_t i = 0; i < DOMAINS; i++)
            repair(i, i == HUB && (is("broken-server") || is("two-slanderers")));
    }
    if (is("two-slanderers")) // it dies of the second
        for (uint64_t end = bh_time_ns() + 100 * MS; bh_time_ns() < end && !info_of(HUB).restarts; bh_sleep_for(MS))
            repair(HUB, true);
    verdict();
    bh_info("ok %s", scenario);
    return (int)system_power_off(system_cap, 0);
}
