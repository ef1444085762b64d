// SPDX-License-Identifier: MIT
//
// Restarts domains that died, as the manifest's policy says: after a delay that doubles with each death inside the window, and not any
// more once there were too many. Requests in flight are replayed by the new instance from the ring's log, and ports, rings and granted
// capabilities stay bound to the domain, so clients go on with what they hold. When this domain dies, the kernel starts it again (kernel/domain/revive.c).
//
// Invariant, at every instant, since it may be the last one: what a successor finds in a patient is as if this domain had not looked at the death yet, or had
// decided all of it. A decision is carried out again by a successor that finds the domain still dead.
#include <stdatomic.h>
#include <string.h>

#include "bulkhead/domain.h"
#include "kernel.h"
#include "hangs.h"
#include "kernel/abi/crash.h"
#include "kernel/abi/slot.h"
#include "trials.h"

#define STATE_MAGIC 0x7375706572766973ull
#define DAY_NS 86400000000000ull
#define DEATHS_MAX 64
#define BACKOFF_DOUBLINGS_MAX 10
#define POLICY_ON_CRASH 1
#define MS 1000000ull

// What is remembered of one domain.
struct patient {
    uint32_t generation;            // of the instance whose death was decided on last
    bool seen;                      // there was one
    uint64_t deaths[DEATHS_MAX];    // when instances died, by generation modulo their number; 0: not, or of an upgrade
    uint64_t restart_at;            // 0 of one that is dead: it is given up
};

// What a successor of this instance must know: in the buffer "state", where the manifest gives one.
struct state {
    uint64_t magic;
    struct patient patients[BH_SLOT_COUNT];
};

static struct state own_state;
static struct patient *patients = own_state.patients;

bh_cap system_cap;

static uint32_t deaths_within(const struct patient *patient, uint64_t now, uint64_t window) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < DEATHS_MAX; i++)
        count += patient->deaths[i] && now - patient->deaths[i] <= window;
    return count;
}

void give_up(const struct bh_domain_info *info, const char *why) {
    enum bh_error error = system_abandon(system_cap, info->id);
    bh_error_log("%s is given up: %s; `bhctl restart %s' starts it again", info->name, why, info->name);
    if (error)
        bh_warn("%s cannot be marked as given up: %s", info->name, bh_strerror(error));
}

// When to restart it after this death, or 0: not.
static uint64_t plan(const struct patient *patient, const struct bh_domain_info *info, uint64_t now) {
    uint32_t recent = deaths_within(patient, now, info->restart_window_ms * MS);
    if (info->restart_policy != POLICY_ON_CRASH || recent > info->restart_limit || recent > DEATHS_MAX - 1)
        return 0;
    uint32_t doublings = recent - 1 < BACKOFF_DOUBLINGS_MAX ? recent - 1 : BACKOFF_DOUBLINGS_MAX; // this death is one of them
    return now + ((uint64_t)info->backoff_ms * MS << doublings);
}

// A death that was not decided on yet. Whoever dies in here leaves a successor that does the same again; the last store makes it decided.
static void see_death(struct patient *patient, const struct bh_domain_info *info, uint64_t now) {
    patient->deaths[info->generation % DEATHS_MAX] = now;
    patient->restart_at = plan(patient, info, now);
    patient->seen = true;
    atomic_signal_fence(memory_order_seq_cst);
    *(volatile uint32_t *)&patient->generation = info->generation;
}

// Its time has come. What was planned stays until it runs.
static void restart(struct patient *patient, const struct bh_domain_info *info) {
    enum bh_error error = system_restart(system_cap, info->id);
    if (error) {
        bh_error_log("%s does not restart: %s", info->name, bh_strerror(error));
        give_up(info, error == BH_ETIMEDOUT ? "a device of it does not come out of its reset, as the kernel says" : "its restart failed");
    }
    patient->restart_at = 0;
}

// Look at every domain. Returns when to look again, 0: at the next death.
static uint64_t make_round(void) {
    uint64_t next = 0, now = bh_time_ns();
    struct bh_domain_info info;
    for (uint32_t id = 1; id < BH_SLOT_COUNT && system_domain_info(system_cap, id, &info) == BH_OK; id++) {
        struct patient *patient = &patients[id];
        hangs_look_at_domain(&info, now, &next);
        bool tried = trials_look(&info, now, &next), dead = info.state == BH_DOMAIN_STATE_DEAD;
        if (!dead)
            patient->restart_at = 0;
        if (tried || !dead)
            continue;
        if (!patient->seen || patient->generation != info.generation)
            see_death(patient, &info, now);
        if (!patient->restart_at)
            give_up(&info, info.restart_policy == POLICY_ON_CRASH ? "it died too often" : "its policy is never to restart");
        else if (patient->restart_at <= now) {
            restart(patient, &info);
            next = now; // the new instance is to be looked at, too
        }
        if (patient->restart_at)
            wake_by(&next, patient->restart_at);
    }
    hangs_look(now, &next);
    return next;
}

// Whatever a predecessor did to it before it died: each number is made one that may be.
static void repair(struct patient *patient, uint64_t now) {
    for (uint32_t i = 0; i < DEATHS_MAX; i++)
        if (patient->deaths[i] > now)
            patient->deaths[i] = now;
    if (patient->restart_at > now + DAY_NS)
        patient->restart_at = now;
    patient->seen = *(const uint8_t *)&patient->seen != 0;
}

static void adopt_state(void) {
    void *address;
    uint64_t size;
    if (bh_buffer_find("state", BH_RIGHT_READ | BH_RIGHT_WRITE, &address, &size) || size < sizeof(struct state))
        return;
    struct state *state = address;
    if (state->magic != STATE_MAGIC)
        memset(state, 0, sizeof(*state));
    else
        bh_info("goes on where its predecessor was");
    state->magic = STATE_MAGIC;
    patients = state->patients;
    for (uint32_t id = 0; id < BH_SLOT_COUNT; id++)
        repair(&patients[id], bh_time_ns());
}

int main(void) {
    bh_cap deaths;
    enum bh_error error = bh_cap_find("system", &system_cap);
    if (!error)
        error = bh_event_create(&deaths);
    if (!error)
        error = system_watch_deaths(system_cap, deaths);
    if (error)
        return bh_not_started("nobody will be restarted", error);
    adopt_state();
    trials_start();
    for (;;)
        (void)bh_event_await(deaths, make_round());
}
