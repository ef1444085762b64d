// SPDX-License-Identifier: MIT
//
// Asks the call benchmark's client for batches, writes what each took into the log, and ends the machine. Serves nothing; needs "client", a BenchClient,
// and System. When it dies the benchmark does not end.
#include <bulkhead/domain.h>

#include "bench.h"
#include "kernel.h"

static const struct {
    const char *name;
    uint32_t batch, count;
} batches[] = {{"local", BH_BENCH_BATCH_LOCAL, 1000}, {"call", BH_BENCH_BATCH_NOTHING, 1000}, {"record", BH_BENCH_BATCH_RECORD, 1000}};

static enum bh_error measure(bh_cap client) {
    for (size_t i = 0; i < sizeof(batches) / sizeof(*batches); i++) {
        uint64_t ticks = 0, least = UINT64_MAX;
        for (int round = 0; round < 5; round++) { // the clock's interrupts are not the call's
            enum bh_error error = bench_client_run(client, batches[i].batch, batches[i].count, &ticks);
            if (error)
                return error;
            least = ticks < least ? ticks : least;
        }
        bh_info("batch %s: %llu in %u", batches[i].name, (unsigned long long)least, batches[i].count);
    }
    return BH_OK;
}

int main(void) {
    bh_cap client, system_cap;
    uint64_t deadline = bh_time_ns() + BH_SERVER_WAIT_NS;
    if (bh_cap_find("client", &client) != BH_OK || bh_cap_find("system", &system_cap) != BH_OK)
        bh_panic("the manifest gives no client, or no System");
    enum bh_error error = measure(client);
    while (error == BH_EDEAD && bh_time_ns() < deadline) { // it has not begun to serve
        bh_sleep_for(1000000);
        error = measure(client);
    }
    if (error)
        bh_error_log("the client says: %s", bh_strerror(error));
    (void)system_power_off(system_cap, error ? 1 : 0);
    return 1;
}
