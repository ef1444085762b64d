// SPDX-License-Identifier: MIT
//
// A server as small as one can be, whose restart is measured. Serves BenchPatient behind the port "patient"; needs nothing. Whoever calls its fail() is
// answered BH_EDEAD.
#include <bulkhead/domain.h>

#include "bench.h"

static volatile uint32_t *volatile nowhere;

static enum bh_error touch(void *object, uint32_t word, uint32_t *back) {
    (void)object;
    *back = word;
    return BH_OK;
}

static enum bh_error fail(void *object) {
    (void)object;
    *nowhere = 1;
    return BH_EINVAL; // not reached
}

int main(void) {
    static const struct bench_patient_methods methods = {touch, fail};
    enum bh_error error = bench_patient_serve("patient", &methods, NULL);
    if (error) {
        bh_error_log("cannot serve: %s", bh_strerror(error));
        return 1;
    }
    bh_thread_exit();
}
