// SPDX-License-Identifier: MIT
//
// Which Ethernet address is behind which port. Fixed entries are the clients' own and stay; others are learned from frames, forgotten after
// ADDRESSES_AGE_NS without one, and never take the place of a fixed one, nor push out another port's.
#ifndef SWITCH_ADDRESSES_H
#define SWITCH_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>

#define ADDRESSES_SETS 128
#define ADDRESSES_WAYS 8
#define ADDRESSES_AGE_NS 300000000000ull
#define ADDRESSES_NOWHERE UINT32_MAX

struct addresses {
    struct address {
        uint64_t mac; // 0: free
        uint32_t port;
        bool fixed;
        uint64_t seen_ns;
    } sets[ADDRESSES_SETS][ADDRESSES_WAYS];
};

// A MAC address as a number.
static inline uint64_t address_number(const uint8_t mac[6]) {
    uint64_t number = 0;
    for (int i = 0; i < 6; i++)
        number = number << 8 | mac[i];
    return number;
}

// False: there is no room, or it is fixed already.
bool addresses_fix(struct addresses *addresses, const uint8_t mac[6], uint32_t port);
// A frame from `mac` came in by `port`. False when that address is fixed, to another port.
bool addresses_learn(struct addresses *addresses, const uint8_t mac[6], uint32_t port, uint64_t now_ns);
// The port, or ADDRESSES_NOWHERE.
uint32_t addresses_find(const struct addresses *addresses, const uint8_t mac[6], uint64_t now_ns);

#endif
