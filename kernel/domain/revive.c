// SPDX-License-Identifier: MIT
//
// The one restart that the kernel decides: of the domain that decides all others. It keeps what it must not forget in a buffer of the manifest, and everything
// else it asks the kernel; so a successor takes up what was being done (domains/supervisor). Bounded: who dies REVIVALS times within WINDOW_NS stays dead.
#include "kernel/domain/revive.h"

#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/domain/domain.h"
#include "kernel/sched/thread.h"

#define REVIVALS 5
#define WINDOW_NS 10000000000ull
#define PAUSE_NS 1000000ull
#define PRIORITY 0

static uint64_t times[REVIVALS]; // a ring
static uint32_t count;

static void start(void *argument) {
    struct domain *domain = argument;
    (void)thread_sleep(clock_now_ns() + PAUSE_NS);
    if (domain->state != DOMAIN_DEAD)
        return; // an operator was quicker
    if (domain_start(domain) != BH_OK)
        log_write(BH_LOG_ERROR, "kernel", "%s cannot be started again: nobody is restarted any more", domain->name);
}

void revive(struct domain *domain) {
    uint64_t now = clock_now_ns();
    if (count >= REVIVALS && now - times[count % REVIVALS] < WINDOW_NS) {
        log_write(BH_LOG_ERROR, "kernel", "%s died more than %d times within %llu s: nobody is restarted any more; `bhctl restart %s' tries again", domain->name,
                  REVIVALS, WINDOW_NS / 1000000000ull, domain->name);
        return;
    }
    times[count++ % REVIVALS] = now;
    if (thread_create("revival", &kernel_domain, (uint64_t)start, (uint64_t)domain, PRIORITY, NULL) != BH_OK)
        log_write(BH_LOG_ERROR, "kernel", "%s cannot be started again: nobody is restarted any more", domain->name);
}
