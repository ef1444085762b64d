// SPDX-License-Identifier: MIT
//
// Calls everything that Shop has, as it is meant and then with values that no client stub would pass, and powers off with status 0 when all of it
// was answered as it should be. The setting "scenario" says which.
#include <string.h>

#include <bulkhead/domain.h>

#include "kernel.h"
#include "shop.h"
#include "shopper.h"
#include "tests/domains/expect.h"

bh_cap system_cap;
static bh_cap shop;

// The stubs behind the client: words as they come.
struct bh_result {
    int32_t error;
    uint64_t value;
};
struct bh_result bh_stub_shop_paint(uint64_t target, uint64_t word0, uint64_t word1, uint64_t word2);
struct bh_result bh_stub_shop_put(uint64_t target, uint64_t word0, uint64_t word1);
struct bh_result bh_stub_shop_find(uint64_t target, uint64_t word0, uint64_t word1, uint64_t word2, uint64_t word3, uint64_t word4);
struct bh_result bh_stub_shop_many(uint64_t target, uint64_t word0, uint64_t word1);

bh_cap find(const char *name) {
    bh_cap cap;
    enum bh_error error = bh_cap_find(name, &cap);
    EXPECT(!error, "%s: %s", name, bh_strerror(error));
    return cap;
}

static void await(void) {
    uint32_t count;
    enum bh_error error = BH_EDEAD;
    for (int tries = 0; tries < 1000 && error == BH_EDEAD; tries++) {
        error = shop_count(shop, &count);
        if (error)
            bh_sleep_for(5000000);
    }
    EXPECT_OK(error);
}

static const struct bh_shop_item good = {.price = 7, .size = {1, 2}, .colour = BH_SHOP_COLOUR_BLUE, .sold = true, .wish = BH_SHOP_WISH_EXPRESS,
                                         .name = "fifteen letters", .stripes = {1, 2, 5}, .lining = BH_SHOP_COLOUR_GREEN,
                                         .lining_present = true};

static void scalars(void) {
    uint8_t before = 0;
    EXPECT_OK(shop_paint(shop, BH_SHOP_COLOUR_GREEN, BH_SHOP_WISH_GIFT | BH_SHOP_WISH_EXPRESS, true, &before));
    EXPECT(before == BH_SHOP_COLOUR_RED, "it was %u", before);
    EXPECT_OK(shop_paint(shop, BH_SHOP_COLOUR_RED, 0, false, &before));
    EXPECT(before == BH_SHOP_COLOUR_GREEN, "it was %u", before);
    EXPECT_ERROR(shop_paint(shop, BH_SHOP_COLOUR_BLUE, 0, true, &before), BH_SHOP_ERRORS_SOLD_OUT);
    EXPECT_ERROR(shop_paint(shop, BH_SHOP_COLOUR_RED, BH_SHOP_WISH_GIFT, true, &before), BH_SHOP_ERRORS_CLOSED);
    EXPECT_ERROR(shop_paint(shop, BH_SHOP_COLOUR_RED, BH_SHOP_WISH_FRAGILE, true, &before), BH_EPROTO); // it fails with something else
}

static void structures(void) {
    struct bh_shop_item same;
    EXPECT_OK(shop_put(shop, &good, &same));
    EXPECT(memcmp(&same, &good, sizeof(same)) == 0, "the item came back as another");
}

static void optionals(void) {
    const uint8_t colour = BH_SHOP_COLOUR_BLUE;
    const struct bh_shop_size least = {3, 4};
    uint64_t price;
    char other[12];
    bool has_price, has_other;
    EXPECT_OK(shop_find(shop, "spoon", &colour, &least, &price, &has_price, other, &has_other));
    EXPECT(has_price && price == 4305 && has_other && strcmp(other, "noops") == 0, "%d %llu %d", has_price, (unsigned long long)price, has_other);
    EXPECT_OK(shop_find(shop, "spoon", &colour, NULL, &price, &has_price, other, &has_other));
    EXPECT(has_price && price == 5, "%d %llu", has_price, (unsigned long long)price);
    EXPECT_OK(shop_find(shop, "", NULL, NULL, &price, &has_price, other, &has_other));
    EXPECT(!has_price && !has_other, "%d %d", has_price, has_other);
    EXPECT_ERROR(shop_find(shop, "sixteen letters.", NULL, NULL, &price, &has_price, other, &has_other), BH_ERANGE);
}

static void buffers(void) {
    bh_cap buffer, reader, writer;
    void *address;
    int64_t total;
    uint64_t count;
    EXPECT_OK(bh_buffer_alloc(4096, &buffer, &address));
    struct bh_shop_sample *samples = address;
    for (int32_t i = 0; i < 512; i++)
        samples[i] = (struct bh_shop_sample){i, -2 * i};
    EXPECT_OK(shop_sum(shop, buffer, 512, &total));
    EXPECT(total == -511 * 256, "the sum is %lld", (long long)total);
    EXPECT_ERROR(shop_sum(shop, buffer, 513, &total), BH_ERANGE);
    EXPECT_OK(shop_fill(shop, buffer, 10, &count));
    EXPECT(count == 1024 && ((uint32_t *)address)[1023] == 1033, "%llu numbers", (unsigned long long)count);
    EXPECT_OK(bh_cap_derive(buffer, BH_RIGHT_READ, &reader));
    EXPECT_OK(shop_sum(shop, reader, 1, &total));
    EXPECT_OK(bh_cap_derive(buffer, BH_RIGHT_WRITE, &writer));
    EXPECT_ERROR(shop_sum(shop, writer, 1, &total), BH_ERIGHTS);
    EXPECT_OK(bh_cap_drop(buffer));
}

static void capabilities(void) {
    bh_cap event, waiter;
    EXPECT_OK(bh_event_create(&event));
    EXPECT_OK(shop_ready(shop, event));
    EXPECT_OK(bh_event_wait(event, bh_time_ns() + 1000000000));
    EXPECT_OK(bh_cap_derive(event, BH_RIGHT_WAIT | BH_RIGHT_GRANT, &waiter));
    EXPECT_ERROR(shop_ready(shop, waiter), BH_ERIGHTS);
    EXPECT_ERROR(shop_ready(shop, shop), BH_ECAP);
    EXPECT_OK(bh_cap_drop(event));
}

static void rings(void) {
    static struct bh_ring ring;
    struct bh_shop_receipt receipt = {0};
    enum bh_error status, error = BH_EAGAIN;
    uint32_t slot;
    EXPECT_ERROR(shop_serve_orders(shop, find("other-orders")), BH_ECAP); // of another type
    EXPECT_OK(shop_serve_orders(shop, find("orders")));
    EXPECT_OK(bh_ring_attach("orders", &ring));
    for (uint64_t item = 3; error != BH_OK; item = 0) {
        EXPECT_OK(bh_ring_submit(&ring, &(struct bh_shop_order){item}, &slot));
        bh_ring_submit_notify(&ring);
        while ((error = bh_ring_complete(&ring, &slot, &status, &receipt)) == BH_EAGAIN)
            (void)bh_ring_wait_completion(&ring, bh_time_ns() + 5000000000ull);
    }
    EXPECT(error == BH_OK && status == BH_OK && receipt.price == 6, "%d, %d, %llu", error, status, (unsigned long long)receipt.price);
}

static void versions(void) {
    uint32_t value;
    uint8_t colour, data[16];
    uint32_t size, more;
    bool has_more;
    struct bh_shop_item item;
    EXPECT_OK(shop_later(shop, &value));
    EXPECT(value == 2, "%u", value);
    EXPECT_OK(shop_lie(shop, 0, &colour, data, &size, &item, &more, &has_more));
    EXPECT(colour == BH_SHOP_COLOUR_GREEN && size == 4 && item.colour == BH_SHOP_COLOUR_BLUE && !has_more, "%u %u %u", colour, size, item.colour);
    EXPECT_OK(shop_lie(shop, 9, &colour, data, &size, &item, &more, &has_more));
    EXPECT(has_more && more == 9, "%u", more);
    EXPECT_ERROR(shop_lie(shop, 10, &colour, data, &size, &item, &more, &has_more), BH_ENOENT);
}

// As many as the queue takes are taken, while the shop's thread has no turn; each is run once.
static void oneway(void) {
    bh_cap event, watched;
    uint32_t sent = 0, taken = 0, refused = 0;
    uint64_t sum;
    EXPECT_OK(bh_event_create(&event));
    EXPECT_OK(bh_event_create(&watched));
    EXPECT_OK(shop_watch_noted(shop, watched));
    for (int i = 0; i < 40; i++) {
        enum bh_error error = shop_note(shop, 1, "four", "\1\2", 2, event);
        EXPECT(!error || error == BH_EAGAIN, "%d", error);
        sent += !error;
        refused += error == BH_EAGAIN;
    }
    EXPECT(sent >= 16 && refused, "%u were sent, %u refused", sent, refused);
    EXPECT_OK(bh_event_wait(event, bh_time_ns() + 5000000000ull));
    EXPECT_OK(bh_event_wait(watched, bh_time_ns() + 5000000000ull));
    for (int tries = 0; taken < sent && tries < 1000; tries++) {
        bh_sleep_for(1000000);
        EXPECT_OK(shop_notes(shop, &taken, &sum));
    }
    EXPECT(taken == sent && sum == 8ull * sent, "%u of %u, %llu", taken, sent, (unsigned long long)sum);
    EXPECT_OK(shop_note(shop, 0, "", "", 0, event));
    for (int i = 1; i < 16; i++)
        EXPECT_OK(shop_watch_noted(shop, watched));
    EXPECT_ERROR(shop_watch_noted(shop, watched), BH_ENOSPC);
}

static void all_calls(void) {
    scalars();
    structures();
    optionals();
    buffers();
    capabilities();
    rings();
    versions();
    oneway();
}

// An item with other bytes at one place.
static enum bh_error put_with(size_t offset, const void *bytes, size_t size) {
    struct bh_shop_item item = good, same;
    memcpy((uint8_t *)&item + offset, bytes, size);
    return (enum bh_error)bh_stub_shop_put(shop, (uint64_t)&item, (uint64_t)&same).error;
}
#define PUT_WITH(field, ...) put_with(offsetof(struct bh_shop_item, field), &(typeof(((struct bh_shop_item *)0)->field))__VA_ARGS__, sizeof(((struct bh_shop_item *)0)->field))

static enum bh_error find_with(uint64_t has_colour, uint64_t colour, const char name[16]) {
    uint64_t given[2] = {has_colour, colour}, none[2] = {0}, price[2], other[3];
    return (enum bh_error)bh_stub_shop_find(shop, (uint64_t)name, (uint64_t)given, (uint64_t)none, (uint64_t)price, (uint64_t)other).error;
}

static uint32_t asked(void) {
    uint32_t count;
    EXPECT_OK(shop_count(shop, &count));
    return count;
}

static void hostile_values(void) {
    uint32_t before = asked(), size;
    const uint64_t colours[] = {3, 0, 4, 6, 0x101, ~0ull, 1ull << 32 | 1};
    for (size_t i = 0; i < sizeof(colours) / sizeof(*colours); i++)
        EXPECT_ERROR((enum bh_error)bh_stub_shop_paint(shop, colours[i], 0, 0).error, BH_EINVAL);
    const uint64_t sizes[] = {65, 4096, 1ull << 32, ~0ull};
    static const char data[64];
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        EXPECT_ERROR((enum bh_error)bh_stub_shop_many(shop, (uint64_t)data, sizes[i]).error, BH_ERANGE);
    EXPECT(asked() == before, "the shop was asked");
    EXPECT_OK(shop_many(shop, data, 64, &size));
    EXPECT(size == 64, "%u", size);
}

static void hostile_flags(void) {
    uint32_t before = asked();
    EXPECT_ERROR((enum bh_error)bh_stub_shop_paint(shop, 2, 4, 0).error, BH_EINVAL);
    EXPECT_ERROR((enum bh_error)bh_stub_shop_paint(shop, 2, 0, 2).error, BH_EINVAL);
    const uint64_t wishes[] = {16, 0x8000, 0x10001, 1ull << 63};
    for (size_t i = 0; i < sizeof(wishes) / sizeof(*wishes); i++)
        EXPECT_ERROR((enum bh_error)bh_stub_shop_paint(shop, 2, wishes[i], 0).error, BH_EINVAL);
    EXPECT(asked() == before, "the shop was asked");
}

static void hostile_fields(void) {
    uint32_t before = asked();
    EXPECT_ERROR(PUT_WITH(colour, {3}), BH_EINVAL);
    EXPECT_ERROR(PUT_WITH(name, {'n', 'o', ' ', 'e', 'n', 'd', ' ', 'i', 'n', ' ', 's', 'i', 'g', 'h', 't', '!'}), BH_EINVAL);
    EXPECT_ERROR(PUT_WITH(stripes, {1, 2, 3}), BH_EINVAL);
    EXPECT_ERROR(PUT_WITH(wish, {4}), BH_EINVAL);
    EXPECT_ERROR(put_with(offsetof(struct bh_shop_item, sold), "\2", 1), BH_EINVAL);
    EXPECT_ERROR(put_with(offsetof(struct bh_shop_item, lining_present), "\2", 1), BH_EINVAL);
    EXPECT_ERROR(put_with(offsetof(struct bh_shop_item, lining), "\3\1", 2), BH_EINVAL);
    EXPECT(asked() == before, "the shop was asked");
    EXPECT_OK(put_with(offsetof(struct bh_shop_item, lining), "\3", 2)); // what is left out has no value
}

static void hostile_optionals(void) {
    uint32_t before = asked();
    EXPECT_ERROR(find_with(2, 1, "name"), BH_EINVAL);
    EXPECT_ERROR(find_with(1, 1, "no end in sight!"), BH_EINVAL);
    EXPECT_ERROR(find_with(1, 3, "name"), BH_EINVAL);
    EXPECT(asked() == before, "the shop was asked");
    EXPECT_OK(find_with(0, 3, "name")); // what is left out has no value
}

static void hostile_results(void) {
    uint8_t colour, data[64];
    uint32_t size, more;
    bool has_more;
    struct bh_shop_item item;
    for (uint32_t how = 1; how <= 8; how++)
        EXPECT_ERROR(shop_lie(shop, how, &colour, data, &size, &item, &more, &has_more), BH_EPROTO);
    (void)asked();
}

static void old_server(void) {
    uint32_t value;
    EXPECT_OK(shop_count(shop, &value));
    EXPECT(value == 41, "%u", value);
    EXPECT_ERROR(shop_later(shop, &value), BH_ENOTSUP);
}

// What an image of version 1 calls.
static void old_client(void) {
    scalars();
    structures();
}

// The second domain of this image does nothing where the scenario needs no other.
[[noreturn]] static void bystander(void) {
    bh_thread_exit();
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {{"calls", all_calls}, {"hostile-values", hostile_values}, {"hostile-flags", hostile_flags},
                 {"hostile-fields", hostile_fields}, {"hostile-optionals", hostile_optionals}, {"hostile-results", hostile_results}, {"old-server", old_server},
                 {"old-client", old_client}, {"answers", answers}, {"die-in-locker", die_in_locker}, {"bystander", bystander},
                 {"shadow-modes", shadow_modes}, {"shadow-replays", shadow_replays}, {"shadow-dies", shadow_dies},
                 {"shadow-comes-and-goes", shadow_comes_and_goes}};

int main(void) {
    char name[BH_SETTING_SIZE];
    system_cap = find("system");
    shop = find("shop");
    EXPECT_SETTING("scenario", name);
    if (strcmp(name, "bystander") != 0) // it would be counted
        await();
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++)
        if (strcmp(scenarios[i].name, name) == 0) {
            scenarios[i].run();
            bh_info("ok %s", name);
            return (int)system_power_off(system_cap, 0);
        }
    fail(__FILE__, __LINE__, "no scenario %s", name);
}
