// SPDX-License-Identifier: MIT
//
// The benchmark programs in a domain. Serves BenchPrograms behind the port "programs"; needs nothing but memory. When it dies the
// benchmark fails.
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
    enum bh_error error = bench_programs_serve("programs", &methods, NULL);
    if (error) {
        bh_error_log("cannot serve: %s", bh_strerror(error));
        return 1;
    }
    bh_thread_exit();
}
