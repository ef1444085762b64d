// SPDX-License-Identifier: MIT
//
// The tests of several clients of one server: `hub' serves three `spokes' by a ring each, `judge' kills and counts. The board is a buffer that
// all share and that outlives them; each writes its own words.
#ifndef BOARD_H
#define BOARD_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <bulkhead/domain.h>
#include <bulkhead/settings.h>

#include "victim.h"

#define MS 1000000ull
#define SPOKES 3
#define SPOKE_THREADS 3
#define CALLS 250     // by each thread
#define CANCELS 600   // requests of each spoke in the scenario that cancels
#define LIES 60
#define DEATHS 25     // in the scenarios that have some; the spokes go on until then

struct board {
    _Atomic uint32_t progress[SPOKES][SPOKE_THREADS]; // calls answered
    _Atomic uint32_t done[SPOKES];                    // a bit for each thread that is
    _Atomic uint32_t cancelled[SPOKES];
    _Atomic uint8_t begun[SPOKES][CANCELS];           // by the hub, whichever life
    _Atomic uint32_t deaths;                          // that the judge has caused
    _Atomic uint32_t lies;                            // that the hub was told
};

#define ALL_DONE ((1u << SPOKE_THREADS) - 1)

// A request's value says whose it is.
static inline uint64_t value_of(uint32_t spoke, uint32_t thread, uint32_t index) {
    return (uint64_t)spoke << 32 | thread << 24 | index;
}

#define CHECK(condition, ...) ((condition) ? (void)0 : bh_panic(__VA_ARGS__))

static inline void setting(const char *key, char value[BH_SETTING_SIZE]) {
    CHECK(bh_setting(key, value, BH_SETTING_SIZE), "no setting %s", key);
}

static inline struct board *find_board(void) {
    void *address;
    uint64_t size;
    CHECK(bh_buffer_find("board", BH_RIGHT_READ | BH_RIGHT_WRITE, &address, &size) == BH_OK, "no board");
    return address;
}

#endif
