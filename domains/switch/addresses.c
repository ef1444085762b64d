// SPDX-License-Identifier: MIT
//
// A table of sets, each of a few entries: a lookup reads one set, and nothing that is learned makes it longer. In a full set a port pushes out
// entries of its own and those that are too old; so one that sends with ever new addresses forgets its own.
#include "addresses.h"

#include <stddef.h>

static struct address *set_of(struct addresses *addresses, uint64_t mac) {
    uint64_t hash = mac * 0x9e3779b97f4a7c15ull;
    return addresses->sets[hash >> 57];
}
static_assert(ADDRESSES_SETS == 1 << 7);

static bool stale(const struct address *entry, uint64_t now_ns) {
    return !entry->mac || (!entry->fixed && now_ns - entry->seen_ns > ADDRESSES_AGE_NS);
}

static struct address *entry_of(struct addresses *addresses, uint64_t mac) {
    struct address *set = set_of(addresses, mac);
    for (uint32_t i = 0; i < ADDRESSES_WAYS; i++)
        if (set[i].mac == mac)
            return &set[i];
    return NULL;
}

bool addresses_fix(struct addresses *addresses, const uint8_t mac[6], uint32_t port) {
    uint64_t number = address_number(mac);
    struct address *set = set_of(addresses, number);
    if (entry_of(addresses, number))
        return false;
    for (uint32_t i = 0; i < ADDRESSES_WAYS; i++)
        if (!set[i].mac) {
            set[i] = (struct address){.mac = number, .port = port, .fixed = true};
            return true;
        }
    return false;
}

bool addresses_learn(struct addresses *addresses, const uint8_t mac[6], uint32_t port, uint64_t now_ns) {
    uint64_t number = address_number(mac);
    struct address *set = set_of(addresses, number), *place = entry_of(addresses, number);
    if (place && place->fixed)
        return place->port == port;
    for (uint32_t i = 0; !place && i < ADDRESSES_WAYS; i++)
        if (stale(&set[i], now_ns))
            place = &set[i];
    if (!place) // the oldest of its own
        for (uint32_t i = 0; i < ADDRESSES_WAYS; i++)
            if (!set[i].fixed && set[i].port == port && (!place || set[i].seen_ns < place->seen_ns))
                place = &set[i];
    if (place)
        *place = (struct address){.mac = number, .port = port, .seen_ns = now_ns};
    return true;
}

uint32_t addresses_find(const struct addresses *addresses, const uint8_t mac[6], uint64_t now_ns) {
    const struct address *entry = entry_of((struct addresses *)addresses, address_number(mac));
    return entry && !stale(entry, now_ns) ? entry->port : ADDRESSES_NOWHERE;
}
