// SPDX-License-Identifier: MIT
//
// Which address is behind which port: learned, forgotten, fixed, and stolen in vain.
#include <criterion/criterion.h>

#include "addresses.h"

#define SECOND 1000000000ull

static struct addresses addresses;

static const uint8_t *mac(uint32_t number) {
    static uint8_t bytes[6];
    bytes[0] = 2;
    for (int i = 0; i < 4; i++)
        bytes[2 + i] = (uint8_t)(number >> 8 * i);
    return bytes;
}

Test(addresses, nobody_is_known_at_first) {
    cr_assert_eq(addresses_find(&addresses, mac(1), 0), ADDRESSES_NOWHERE);
}

Test(addresses, what_was_heard_is_known_and_moves) {
    cr_assert(addresses_learn(&addresses, mac(1), 3, SECOND));
    cr_assert_eq(addresses_find(&addresses, mac(1), 2 * SECOND), 3);
    cr_assert(addresses_learn(&addresses, mac(1), 5, 3 * SECOND));
    cr_assert_eq(addresses_find(&addresses, mac(1), 4 * SECOND), 5);
}

Test(addresses, who_is_silent_is_forgotten) {
    cr_assert(addresses_learn(&addresses, mac(1), 3, SECOND));
    cr_assert_eq(addresses_find(&addresses, mac(1), SECOND + ADDRESSES_AGE_NS), 3);
    cr_assert_eq(addresses_find(&addresses, mac(1), SECOND + ADDRESSES_AGE_NS + 1), ADDRESSES_NOWHERE);
}

Test(addresses, a_fixed_one_stays_where_it_is) {
    cr_assert(addresses_fix(&addresses, mac(1), 2));
    cr_assert(!addresses_fix(&addresses, mac(1), 3), "two ports with one address");
    cr_assert(!addresses_learn(&addresses, mac(1), 4, SECOND), "somebody else says it is his");
    cr_assert(addresses_learn(&addresses, mac(1), 2, SECOND));
    cr_assert_eq(addresses_find(&addresses, mac(1), 100 * ADDRESSES_AGE_NS), 2);
}

Test(addresses, one_port_with_ever_new_addresses_forgets_its_own) {
    for (uint32_t i = 0; i < 100; i++)
        cr_assert(addresses_learn(&addresses, mac(i), 1, SECOND));
    for (uint32_t i = 0; i < 100000; i++)
        cr_assert(addresses_learn(&addresses, mac(1000 + i), 2, 2 * SECOND + i));
    for (uint32_t i = 0; i < 100; i++)
        cr_assert_eq(addresses_find(&addresses, mac(i), 3 * SECOND), 1, "address %u of the other port", i);
}
