// SPDX-License-Identifier: MIT
//
// Breaks the domain that its setting `target` names at regular intervals, by a store through a null pointer, until it is told to stop. Serves
// BenchSaboteur behind the port "saboteur"; needs "system" and "settings". When it dies nobody is broken any more.
#include <stdatomic.h>

#include <bulkhead/domain.h>

#include "bench.h"
#include "kernel.h"

#define MS 1000000ull
#define IDLE_NS (50 * MS)

static _Atomic uint32_t interval_ms;
static _Atomic uint64_t crashes;

static enum bh_error start(void *object, uint32_t interval) {
    (void)object;
    atomic_store(&interval_ms, interval);
    return BH_OK;
}

static enum bh_error count(void *object, uint64_t *value) {
    (void)object;
    *value = atomic_load(&crashes);
    return BH_OK;
}

[[noreturn]] static void work(bh_cap system_cap, uint32_t target) {
    uint64_t next = bh_time_ns();
    for (;;) {
        uint64_t interval = atomic_load(&interval_ms) * MS, now = bh_time_ns();
        next = interval ? next + interval : now + IDLE_NS;
        if (next < now)
            next = now;
        (void)bh_sleep_until(next);
        if (interval && system_inject(system_cap, target, BH_INJECTION_NULL_STORE) == BH_OK)
            atomic_fetch_add(&crashes, 1);
    }
}

int main(void) {
    static const struct bench_saboteur_methods methods = {start, count};
    static char name[480];
    bh_cap system_cap, settings;
    uint32_t target;
    enum bh_error error = bh_cap_find("system", &system_cap);
    if (!error)
        error = bh_cap_find("settings", &settings);
    if (!error)
        error = settings_get(settings, "target", name);
    if (!error)
        error = system_domain_find(system_cap, name, &target);
    if (!error)
        error = bench_saboteur_serve("saboteur", &methods, NULL);
    if (error) {
        bh_error_log("cannot work: %s", bh_strerror(error));
        return 1;
    }
    work(system_cap, target);
}
