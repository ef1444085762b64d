// SPDX-License-Identifier: MIT
//
// Capabilities as domains name them: an index into the domain's own table, which only the kernel
// writes. Index 0 is never valid.
#ifndef BH_ABI_CAP_H
#define BH_ABI_CAP_H

#include <stdint.h>

typedef uint32_t bh_cap;
#define BH_CAP_NONE 0u
#define BH_CAP_NAME_SIZE 32 // of the names by which the manifest grants capabilities

// What a capability points to. Values from BH_CAP_PORT on are BH_CAP_PORT + interface identifier.
enum bh_cap_type : uint32_t {
    BH_CAP_EMPTY = 0,
    BH_CAP_EVENT = 1,  // rights: WAIT, SIGNAL
    BH_CAP_BUFFER = 2, // rights: READ, WRITE, DMA
    BH_CAP_RING = 3,   // rights: CLIENT or SERVER
    BH_CAP_PORT = 256, // rights: CALL, SERVE
};

enum bh_cap_state : uint8_t {
    BH_CAP_LIVE = 0,
    BH_CAP_LENT = 1,     // a buffer, for the length of a call
    BH_CAP_REVOKED = 2,  // it stands for nothing any more and waits to be dropped
    BH_CAP_GIVEN_UP = 3, // the manifest granted it and the running instance dropped it: the next one finds it again
};

enum bh_right : uint32_t {
    BH_RIGHT_CALL = 1 << 0,
    BH_RIGHT_SERVE = 1 << 1,
    BH_RIGHT_WAIT = 1 << 2,
    BH_RIGHT_SIGNAL = 1 << 3,
    BH_RIGHT_READ = 1 << 4,
    BH_RIGHT_WRITE = 1 << 5,
    BH_RIGHT_DMA = 1 << 6, // of a buffer: devices of its holder may read it, and with WRITE write it
    BH_RIGHT_CLIENT = 1 << 7,
    BH_RIGHT_SERVER = 1 << 8,
    BH_RIGHT_GRANT = 1 << 9, // may be passed on
};

#define BH_BADGE_OF_CALLER 0xffffffffu // of a shadow's capability to its server, and no other: the badge by which the shadow itself was called

#define BH_CAP_DEPTH 256 // how often in a row a capability may be derived or passed on

#endif
