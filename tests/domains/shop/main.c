// SPDX-License-Identifier: MIT
//
// Serves the interface Shop as it is meant, and lies when it is told to. With the setting "version" = "1" it serves the first version, by functions
// that do nothing but return 41. Needs Settings. When it dies nothing is lost.
#include <string.h>

#include <bulkhead/domain.h>
#include <bulkhead/settings.h>

#include "answers.h"
#include "shop.h"

static uint32_t asked;
static enum bh_shop_colour painted = BH_SHOP_COLOUR_RED;

static enum bh_error count(void *, uint32_t *result) {
    *result = asked;
    return BH_OK;
}

static enum bh_error paint(void *, uint8_t colour, uint16_t wish, bool dry, uint8_t *before) {
    asked++;
    if (colour == BH_SHOP_COLOUR_BLUE)
        return BH_SHOP_ERRORS_SOLD_OUT;
    if (colour == BH_SHOP_COLOUR_RED && (wish & BH_SHOP_WISH_GIFT))
        return BH_SHOP_ERRORS_CLOSED;
    if (wish == BH_SHOP_WISH_FRAGILE)
        return BH_ENOSPC; // which its interface does not know
    *before = painted;
    painted = dry ? colour : painted;
    return BH_OK;
}

static enum bh_error put(void *, const struct bh_shop_item *item, struct bh_shop_item *same) {
    asked++;
    *same = *item;
    return BH_OK;
}

// Backwards, and the price is what was given of the rest.
static enum bh_error find(void *, const char *name, const uint8_t *colour, const struct bh_shop_size *least, uint64_t *price, bool *price_present,
                          char *other, bool *other_present) {
    asked++;
    size_t length = strlen(name);
    *price = (colour ? *colour : 0) + (least ? 100u * least->width + 1000u * least->height : 0);
    *price_present = colour || least;
    *other_present = length > 0 && length < 12;
    for (size_t i = 0; *other_present && i < length; i++)
        other[i] = name[length - 1 - i];
    return BH_OK;
}

static enum bh_error sum(void *, bh_cap samples, uint32_t wanted, int64_t *total) {
    struct bh_shop_sample *sample;
    uint64_t samples_count;
    void *writable;
    asked++;
    if (!bh_buffer_map(samples, BH_RIGHT_READ | BH_RIGHT_WRITE, &writable))
        return BH_EFAULT;
    enum bh_error error = shop_sum_open_samples(samples, BH_RIGHT_READ, &sample, &samples_count);
    if (error)
        return error;
    if (wanted > samples_count)
        return BH_ERANGE;
    *total = 0;
    for (uint32_t i = 0; i < wanted; i++)
        *total += sample[i].left + sample[i].right;
    return BH_OK;
}

static enum bh_error fill(void *, bh_cap numbers, uint32_t first, uint64_t *result) {
    uint32_t *number;
    asked++;
    enum bh_error error = shop_fill_open_numbers(numbers, BH_RIGHT_READ | BH_RIGHT_WRITE, &number, result);
    for (uint64_t i = 0; !error && i < *result; i++)
        number[i] = first + (uint32_t)i;
    return error;
}

static enum bh_error ready(void *, bh_cap done) {
    asked++;
    enum bh_error error = bh_event_wait(done, 0);
    if (error != BH_ERIGHTS)
        return BH_EFAULT;
    error = bh_event_signal(done);
    (void)bh_cap_drop(done);
    return error;
}

static void serve_ring(uint64_t cap) {
    static struct bh_ring ring;
    struct bh_shop_order order = {1};
    uint32_t slot;
    if (bh_ring_attach_cap((bh_cap)cap, &ring) || ring.info.type != BH_SHOP_ORDERS_TYPE)
        bh_panic("no ring of orders");
    while (order.item) {
        while (bh_ring_take(&ring, &slot, &order) == BH_EAGAIN)
            (void)bh_ring_wait_submit(&ring, ~0ull);
        struct bh_shop_receipt receipt = {2 * order.item};
        (void)bh_ring_finish(&ring, slot, BH_OK, &receipt);
        bh_ring_finish_notify(&ring);
    }
    bh_thread_exit();
}

static enum bh_error serve_orders(void *, bh_cap orders) {
    return bh_thread_create(serve_ring, orders, 2);
}

static enum bh_error many(void *, const void *, uint32_t data_size, uint32_t *size) {
    *size = data_size;
    return BH_OK;
}

static enum bh_error lie(void *, uint32_t how, uint8_t *colour, void *data, uint32_t *data_size, struct bh_shop_item *item, uint32_t *more,
                         bool *more_present) {
    *colour = how == 1 ? 3 : BH_SHOP_COLOUR_GREEN;
    *data_size = how == 2 ? 17 : 4;
    memcpy(data, "data", 4);
    item->colour = how == 3 ? 0 : BH_SHOP_COLOUR_BLUE;
    item->wish = how == 4 ? 0x4000 : BH_SHOP_WISH_EXPRESS;
    memset(item->name, how == 5 ? 'x' : 0, sizeof(item->name));
    memset(item->stripes, BH_SHOP_COLOUR_RED, sizeof(item->stripes));
    if (how == 6)
        item->stripes[2] = 4;
    if (how == 7)
        memset(&item->sold, 2, 1);
    *more = how;
    *more_present = how == 9;
    return how == 8 ? BH_EBUSY : how == 10 ? BH_ENOENT : BH_OK;
}

static enum bh_error later(void *, uint32_t *value) {
    *value = 2;
    return BH_OK;
}

static uint32_t notes_taken;
static uint64_t notes_sum;

static enum bh_error note(void *, uint64_t value, const char *name, const void *data, uint32_t data_size, bh_cap done) {
    notes_sum += value + strlen(name);
    for (uint32_t i = 0; i < data_size; i++)
        notes_sum += ((const uint8_t *)data)[i];
    notes_taken++;
    shop_signal_noted();
    enum bh_error error = bh_event_signal(done);
    (void)bh_cap_drop(done);
    return error;
}

static enum bh_error notes(void *, uint32_t *taken, uint64_t *total) {
    *taken = notes_taken;
    *total = notes_sum;
    return BH_OK;
}

static uint64_t money;

static enum bh_error fill_till(void *, uint64_t amount) {
    money += amount;
    return BH_OK;
}

static enum bh_error till(void *, uint64_t *amount) {
    *amount = money;
    return BH_OK;
}

// Who never gets a turn while others call without a pause.
static void take_notes(uint64_t) {
    while (shop_run_oneway(~0ull) == BH_OK)
        ;
    bh_panic("the notes came to an end");
}

struct bh_result {
    int32_t error;
    uint64_t value;
};

static struct bh_result old(void) {
    return (struct bh_result){BH_OK, 41};
}

int main(void) {
    static const struct shop_methods methods = {.count = count, .paint = paint, .put = put, .find = find, .sum = sum, .fill = fill, .ready = ready,
                                                .serve_orders = serve_orders, .many = many, .lie = lie, .later = later, .note = note, .notes = notes,
                                                .fill_till = fill_till, .till = till};
    enum bh_error error;
    char version[BH_SETTING_SIZE];
    if (bh_setting("version", version, sizeof(version))) {
        uint64_t addresses[BH_SHOP_METHODS_1];
        for (size_t i = 0; i < BH_SHOP_METHODS_1; i++)
            addresses[i] = (uint64_t)old;
        error = bh_serve("shop", BH_SHOP_ID, BH_SHOP_FINGERPRINT_1, addresses, BH_SHOP_METHODS_1, NULL);
    } else {
        error = shop_serve("shop", &methods, NULL);
        if (!error)
            error = bh_thread_create(take_notes, 0, 3);
        if (!error)
            error = answers_serve();
    }
    if (error)
        bh_panic("shop: %s", bh_strerror(error));
    bh_thread_exit();
}
