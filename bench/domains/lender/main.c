// SPDX-License-Identifier: MIT
//
// Lends buffers of several sizes to a driver, writes into the log what each lending took, and ends the machine. Serves nothing; needs "borrower", a
// BenchBorrower, "system", and the buffers. When it dies the benchmark does not end.
#include <bulkhead/domain.h>

#include "bench.h"
#include "kernel.h"

#define ROUNDS 24
#define PAUSE_NS 1000000ull

static bh_cap borrower;

static enum bh_error lend(bh_cap buffer, uint64_t *map, uint64_t *unmap) {
    bh_cap lent;
    enum bh_error error = bh_cap_derive(buffer, BH_RIGHT_READ | BH_RIGHT_WRITE | BH_RIGHT_DMA | BH_RIGHT_GRANT, &lent);
    if (error)
        return error;
    error = bench_borrower_borrow(borrower, lent, map, unmap);
    enum bh_error dropped = bh_cap_drop(lent);
    return error ? error : dropped;
}

static enum bh_error measure(const char *name) {
    bh_cap buffer;
    enum bh_error error = bh_cap_find(name, &buffer);
    for (int round = 0; !error && round < ROUNDS; round++) {
        uint64_t map, unmap;
        error = lend(buffer, &map, &unmap);
        if (!error)
            bh_info("lent %s: %llu %llu", name, (unsigned long long)map, (unsigned long long)unmap);
    }
    return error;
}

int main(void) {
    static const char *const names[] = {"4K", "64K", "2M"};
    uint64_t map, unmap, deadline = bh_time_ns() + BH_SERVER_WAIT_NS;
    bh_cap system_cap, buffer;
    if (bh_cap_find("borrower", &borrower) || bh_cap_find("system", &system_cap) || bh_cap_find(names[0], &buffer))
        bh_panic("the manifest gives no borrower, no System, or no buffers");
    enum bh_error error = lend(buffer, &map, &unmap);
    while (error == BH_EDEAD && bh_time_ns() < deadline) { // it has not begun to serve
        bh_sleep_for(PAUSE_NS);
        error = lend(buffer, &map, &unmap);
    }
    for (size_t i = 0; !error && i < sizeof(names) / sizeof(*names); i++)
        error = measure(names[i]);
    if (error)
        bh_error_log("buffers cannot be lent: %s", bh_strerror(error));
    (void)system_power_off(system_cap, error ? 1 : 0);
    return 1;
}
