// SPDX-License-Identifier: MIT
//
// Counts numbers for others.
//
// Serves: port "tally" (interface Tally). Needs nothing.
// When it dies the tally is lost: the restarted domain begins at zero.
#include <bulkhead/domain.h>
#include <bulkhead/mutex.h>

#include "tally.h"

struct tally {
    struct bh_mutex lock; // several threads may call at once
    uint64_t count;
    int64_t sum;
};

static enum bh_error add(void *object, int64_t value) {
    struct tally *tally = object;
    enum bh_error error = BH_OK;
    int64_t sum;
    bh_mutex_lock(&tally->lock);
    if (__builtin_add_overflow(tally->sum, value, &sum)) {
        error = BH_EOVERFLOW;
    } else {
        tally->sum = sum;
        tally->count++;
    }
    bh_mutex_unlock(&tally->lock);
    return error;
}

static enum bh_error report(void *object, struct bh_tally_report *report) {
    struct tally *tally = object;
    bh_mutex_lock(&tally->lock);
    report->count = tally->count;
    report->sum = tally->sum;
    report->mean = tally->sum / (int64_t)tally->count;
    bh_mutex_unlock(&tally->lock);
    return BH_OK;
}

static enum bh_error clear(void *object) {
    struct tally *tally = object;
    bh_mutex_lock(&tally->lock);
    tally->count = 0;
    tally->sum = 0;
    bh_mutex_unlock(&tally->lock);
    return BH_OK;
}

int main(void) {
    static const struct tally_methods methods = {.add = add, .report = report, .clear = clear};
    static struct tally tally;
    enum bh_error error = bh_mutex_create(&tally.lock);
    if (!error)
        error = tally_serve("tally", &methods, &tally);
    if (error)
        bh_panic("cannot serve: %s", bh_strerror(error));
    bh_thread_exit(); // the port stays served
}
