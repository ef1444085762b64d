// SPDX-License-Identifier: MIT
//
// Some calls of Shop (tests/interfaces/shop.bidl) as the generated trace decoder writes them; idl.py compares with trace.ok.
#include "trace.h"

#include <string.h>

#include "locker.h"
#include "shop.h"

enum { PAINT = 1, PUT, FIND, SUM, FILL, READY, SERVE_ORDERS, MANY, LIE };

static void call(uint32_t method, const uint64_t words[5], const uint8_t *const memory[5]) {
    fputs(trace_call(stdout, BH_SHOP_ID, method, words, memory) ? "\n" : "no such method\n", stdout);
}

static void back(uint32_t method, int32_t error, uint64_t value, const uint64_t words[5], const uint8_t *const memory[5]) {
    fputs(trace_back(stdout, BH_SHOP_ID, method, error, value, words, memory) ? "\n" : "no such method\n", stdout);
}

int main(void) {
    static const uint8_t *const none[5];
    struct bh_shop_item item = {.price = 7, .size = {1, 2}, .colour = BH_SHOP_COLOUR_BLUE, .sold = true, .wish = 0x4009, .name = "a \"name\"",
                                .stripes = {1, 2, 3}};
    struct bh_shop_item lined = {.lining = BH_SHOP_COLOUR_RED};
    memset(&lined.lining_present, 7, 1); // neither there nor left out
    memset(item.name + 8, 'x', 8); // no end
    uint64_t price[2] = {1, 12}, colour[2] = {0, 5};
    call(PAINT, (uint64_t[5]){BH_SHOP_COLOUR_GREEN, BH_SHOP_WISH_GIFT | BH_SHOP_WISH_EXPRESS, 1}, none);
    call(PAINT, (uint64_t[5]){3, 0, 0}, none);
    back(PAINT, 0, BH_SHOP_COLOUR_RED, (uint64_t[5]){0}, none);
    back(PAINT, BH_SHOP_ERRORS_SOLD_OUT, 0, (uint64_t[5]){0}, none);
    call(PUT, (uint64_t[5]){0x1000, 0x2000}, (const uint8_t *const[5]){(const uint8_t *)&item});
    call(PUT, (uint64_t[5]){0x1000, 0x2000}, (const uint8_t *const[5]){(const uint8_t *)&lined});
    call(PUT, (uint64_t[5]){0x1000, 0x2000}, none);
    call(FIND, (uint64_t[5]){0}, (const uint8_t *const[5]){(const uint8_t *)"spoon", (const uint8_t *)colour, (const uint8_t *)colour});
    back(FIND, 0, 0, (uint64_t[5]){0}, (const uint8_t *const[5]){NULL, NULL, NULL, (const uint8_t *)price, (const uint8_t *)colour});
    call(SUM, (uint64_t[5]){8, 512}, none);
    back(SUM, 0, (uint64_t)-5, (uint64_t[5]){0}, none);
    call(MANY, (uint64_t[5]){0x1000, 3}, (const uint8_t *const[5]){(const uint8_t *)"\1\2\377"});
    (void)trace_call(stdout, BH_LOCKER_ID, 1, (uint64_t[5]){0, 0x1000}, none);
    (void)trace_back(stdout, BH_LOCKER_ID, 1, 0, 12, (uint64_t[5]){0, 0x1000}, (const uint8_t *const[5]){NULL, (const uint8_t *)&(uint64_t){4}});
    putchar('\n');
    call(99, (uint64_t[5]){0}, none);
    return trace_call(stdout, 59, 0, (uint64_t[5]){0}, none);
}
