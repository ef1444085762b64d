// SPDX-License-Identifier: MIT
//
// Counts numbers for others.
//
// Serves: port "tally" (interface Tally). Needs nothing.
// When it dies the tally is lost: the restarted domain begins at zero.
#include <stdatomic.h>

#include <bulkhead/domain.h>

#include "tally.h"

struct tally {
    atomic_flag lock; // several threads may call at once
    uint64_t count;
    int64_t sum;
};

static void lock(struct tally *tally) {
    while (atomic_flag_test_and_set(&tally->lock))
        bh_yield();
}

static void unlock(struct tally *tally) {
    atomic_flag_clear(&tally->lock);
}

static enum bh_error add(void *object, int64_t value) {
    struct tally *tally = object;
    enum bh_error error = BH_OK;
    int64_t sum;
    lock(tally);
    if (__builtin_add_overflow(tally->sum, value, &sum)) {
        error = BH_EOVERFLOW;
    } else {
        tally->sum = sum;
        tally->count++;
    }
    unlock(tally);
    return error;
}

static enum bh_error report(void *object, struct bh_tally_report *report) {
    struct tally *tally = object;
    lock(tally);
    report->count = tally->count;
    report->sum = tally->sum;
    report->mean = tally->sum / (int64_t)tally->count;
    unlock(tally);
    return BH_OK;
}

static enum bh_error clear(void *object) {
    struct tally *tally = object;
    lock(tally);
    tally->count = 0;
    tally->sum = 0;
    unlock(tally);
    return BH_OK;
}

int main(void) {
    static const struct tally_methods methods = {.add = add, .report = report, .clear = clear};
    static struct tally tally = {.lock = ATOMIC_FLAG_INIT};
    enum bh_error error = tally_serve("tally", &methods, &tally);
    if (error)
        bh_panic("cannot serve: %s", bh_strerror(error));
    bh_thread_exit(); // the port stays served
}
