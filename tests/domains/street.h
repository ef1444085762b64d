// SPDX-License-Identifier: MIT
//
// The tests of the switch's hostile clients: two `neighbours' talk through the switch, a `rowdy' one does what it can to them and to the switch. The
// street is a buffer that all share, where each writes its own words: what happened is known without the network.
#ifndef STREET_H
#define STREET_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <bulkhead/domain.h>

#include "kernel.h"
#include "tests/domains/expect.h"

#define MS 1000000ull
#define QUESTIONS 150
#define TALK_MS 400        // at least so long
#define FLOOD_LIMIT 400ull // of the switch's settings
#define TALK_TYPE 0x88b5

enum { ASKER, ANSWERER, NEIGHBOURS };

struct street {
    _Atomic uint32_t begun;             // the rowdy's doings go on
    _Atomic uint32_t enough;            // the neighbours are done
    _Atomic uint32_t over;              // so is the rowdy, and found everything as it should be
    _Atomic uint32_t deeds;             // of the rowdy
    _Atomic uint32_t heard[NEIGHBOURS]; // frames from the rowdy, in its own name
    _Atomic uint32_t strange;           // and others from it, of no kind that neighbours know
    _Atomic uint32_t ready[NEIGHBOURS];
};

// What stands in a frame: a question, its answer, something of the rowdy's in its own name, or in somebody else's.
enum : uint8_t { TALK_QUESTION = 'q', TALK_ANSWER = 'a', TALK_NOISE = 'n', TALK_FORGED = 'f' };

struct talk {
    uint8_t to[6], from[6];
    uint8_t type[2];
    uint8_t kind, pad;
    uint32_t number;
    uint8_t text[980];
};
static_assert(sizeof(struct talk) == 1000);

// As the manifest has them (tests/hosted/switch.toml).
static const uint8_t mac_of_asker[6] = {0x02, 0, 0, 0, 0, 0xa}, mac_of_answerer[6] = {0x02, 0, 0, 0, 0, 0xb}, mac_of_rowdy[6] = {0x02, 0, 0, 0, 0, 0xc};
static const uint8_t mac_of_all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, mac_of_nobody[6] = {0x02, 0, 0, 0, 0, 0xee};

static inline struct talk talk_of(const uint8_t *to, const uint8_t *from, uint8_t kind, uint32_t number) {
    struct talk talk = {.type = {TALK_TYPE >> 8, TALK_TYPE & 0xff}, .kind = kind, .number = number};
    memcpy(talk.to, to, 6);
    memcpy(talk.from, from, 6);
    for (uint32_t i = 0; i < sizeof(talk.text); i++)
        talk.text[i] = (uint8_t)(number * 31 + i);
    return talk;
}

static inline struct street *find_street(void) {
    void *address;
    uint64_t size;
    EXPECT_OK(bh_cap_find("system", &system_cap));
    EXPECT_OK(bh_buffer_find("street", BH_RIGHT_READ | BH_RIGHT_WRITE, &address, &size));
    return address;
}

#endif
