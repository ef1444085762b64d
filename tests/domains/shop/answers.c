// SPDX-License-Identifier: MIT
//
// Serves the interface Locker: capabilities as results, good ones and such as its types do not allow. What it answered with last is dropped before
// the next one is made; the caller's own stays.
#include "answers.h"

#include <bulkhead/domain.h>

#include "locker.h"

static bh_cap last;

static enum bh_error make_event(bh_cap *event) {
    if (last)
        (void)bh_cap_drop(last);
    enum bh_error error = bh_event_create(event);
    last = error ? BH_CAP_NONE : *event;
    return error;
}

static bh_cap derived(bh_cap cap, uint32_t rights) {
    bh_cap child = BH_CAP_NONE;
    return bh_cap_derive(cap, rights, &child) ? BH_CAP_NONE : child;
}

static bh_cap named(const char *name) {
    bh_cap cap;
    return bh_cap_find(name, &cap) ? BH_CAP_NONE : cap;
}

static enum bh_error opened(void *, uint32_t how, bh_cap *done) {
    bh_cap event;
    enum bh_error error = make_event(&event);
    if (!error)
        error = bh_event_signal(event);
    if (error)
        return error;
    const uint32_t rights[] = {0, 0, 0, BH_RIGHT_SIGNAL | BH_RIGHT_GRANT, BH_RIGHT_WAIT, 0, BH_RIGHT_WAIT | BH_RIGHT_GRANT, 0};
    *done = how == 1 ? BH_CAP_NONE : how == 2 ? named("shop") : how == 5 ? 4000000 : event;
    if (how < 8 && rights[how])
        *done = derived(event, rights[how]);
    return how == 6 ? bh_cap_revoke(event) : how == 7 ? BH_EBUSY : BH_OK;
}

static enum bh_error orders(void *, uint32_t how, uint32_t *entries, bh_cap *queue) {
    *entries = 4;
    *queue = named(how ? "other-orders" : "orders");
    return BH_OK;
}

static enum bh_error samples(void *, uint32_t how, bh_cap numbers, bh_cap *page) {
    static bh_cap buffer;
    struct bh_shop_sample *sample;
    uint32_t *number;
    uint64_t count = 0;
    void *address;
    enum bh_error error = locker_samples_open_numbers(numbers, BH_RIGHT_READ, &number, &count);
    if (!error && !buffer)
        error = bh_buffer_alloc(4096, &buffer, &address);
    if (!error)
        error = locker_samples_open_page(buffer, BH_RIGHT_READ | BH_RIGHT_WRITE, &sample, &(uint64_t){0});
    for (uint64_t i = 0; !error && i < 512; i++)
        sample[i] = (struct bh_shop_sample){(int32_t)number[i], -(int32_t)number[i]};
    *page = how == 1 ? numbers : how == 2 ? derived(buffer, BH_RIGHT_WRITE | BH_RIGHT_GRANT) : buffer;
    return error ? error : how == 3 ? BH_EBUSY : BH_OK;
}

static enum bh_error shop(void *, uint32_t badge, bh_cap *counter) {
    return bh_cap_derive_badged(named("shop"), BH_RIGHT_CALL | BH_RIGHT_GRANT, badge, counter);
}

static enum bh_error slowly(void *, uint64_t duration_ns, bh_cap *done) {
    bh_sleep_for(duration_ns);
    return make_event(done);
}

static enum bh_error badge(void *, uint32_t *number) {
    *number = bh_badge();
    return BH_OK;
}

enum bh_error answers_serve(void) {
    static const struct locker_methods methods = {.opened = opened, .orders = orders, .samples = samples, .shop = shop, .slowly = slowly,
                                                  .badge = badge};
    return locker_serve("locker", &methods, NULL);
}
