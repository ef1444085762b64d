// SPDX-License-Identifier: MIT
//
// Uses the tally, breaks it, and sees it come back.
//
// Serves nothing. Needs: "tally" (Tally), "system" (System), to power off at the end.
// When it dies nobody notices.
#include <bulkhead/domain.h>

#include "kernel.h"
#include "tally.h"

#define RETRY_NS 1000000
#define RETRIES 5000

static void print(bh_cap tally) {
    struct bh_tally_report report;
    enum bh_error error = tally_report(tally, &report);
    if (error)
        bh_warn("report: %s", bh_strerror(error));
    else
        bh_info("%llu numbers, sum %lld, mean %lld", (unsigned long long)report.count, (long long)report.sum,
                (long long)report.mean);
}

// A server that died is waited for: its supervisor restarts it.
static enum bh_error add(bh_cap tally, int64_t value) {
    enum bh_error error = tally_add(tally, value);
    for (int i = 0; i < RETRIES && error == BH_EDEAD; i++) {
        bh_sleep_for(RETRY_NS);
        error = tally_add(tally, value);
    }
    return error;
}

int main(void) {
    bh_cap tally, system;
    enum bh_error error = bh_cap_find("tally", &tally);
    if (!error)
        error = bh_cap_find("system", &system);
    for (int64_t value = 1; value <= 9 && !error; value += 2)
        error = add(tally, value);
    if (error)
        bh_panic("cannot begin: %s", bh_strerror(error));
    print(tally);

    error = tally_clear(tally);
    print(tally); // the mean of nothing: the tally divides by zero and dies

    if (!error)
        error = add(tally, 42);
    print(tally);
    return system_power_off(system, error ? 1 : 0);
}
