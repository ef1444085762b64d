// SPDX-License-Identifier: MIT
//
// The benchmark programs in a domain. Serves BenchPrograms behind the port "programs"; needs nothing but memory. When it dies the
// benchmark fails. Hardened, it is granted the other one's port as "plain", and serves "programs-hardened".
#include <bulkhead/domain.h>

#include "bench.h"
#include "bench/programs/programs.h"

static enum bh_error run(void *object, uint32_t index, uint32_t rounds, uint64_t *checksum) {
    (void)object;
    if (index >= program_count)
        return BH_ERANGE;
    *checksum = programs[index].run(rounds);
    return BH_OK;
}

int main(void) {
    static const struct bench_programs_methods methods = {run};
    bh_cap plain;
    bool hardened = bh_cap_find("plain", &plain) == BH_OK;
    enum bh_error error = bench_programs_serve(hardened ? "programs-hardened" : "programs", &methods, NULL);
    if (error) {
        bh_error_log("cannot serve: %s", bh_strerror(error));
        return 1;
    }
    bh_thread_exit();
}
