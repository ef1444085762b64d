// SPDX-License-Identifier: MIT
//
// The middle of a chain of calls. Serves BenchMiddle behind the port "middle-gs" or "middle-fs", named after its colour, as the
// manifest names what it needs: "next-gs" or "next-fs", a BenchServer. When it dies the benchmark fails.
#include <bulkhead/domain.h>

#include "bench.h"

static bh_cap next;

static enum bh_error forward(void *object, uint32_t times) {
    enum bh_error error = BH_OK;
    (void)object;
    for (uint32_t i = 0; i < times; i++)
        error |= bench_server_nothing(next);
    return error;
}

int main(void) {
    static const struct bench_middle_methods methods = {forward};
    bool gs = bh_cap_find("next-gs", &next) == BH_OK;
    enum bh_error error = gs ? BH_OK : bh_cap_find("next-fs", &next);
    if (!error)
        error = bench_middle_serve(gs ? "middle-gs" : "middle-fs", &methods, NULL);
    if (error) {
        bh_error_log("cannot serve: %s", bh_strerror(error));
        return 1;
    }
    bh_thread_exit();
}
