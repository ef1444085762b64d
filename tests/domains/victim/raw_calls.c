// SPDX-License-Identifier: MIT
//
// Run-time calls with arguments that no wrapper would let through: numbers, addresses and sizes picked at random, wrong ones preferred. Left out
// are those that end the domain or the thread. Whatever the kernel makes of them, it stays up, and so does everybody else.
#include "misbehave.h"

#include <stdlib.h>

#include <bulkhead/domain.h>

#define ROUNDS 400

typedef uint64_t raw_call(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
raw_call raw_call_3, raw_call_4, raw_call_5, raw_call_6, raw_call_8, raw_call_9, raw_call_10, raw_call_11, raw_call_12, raw_call_13, raw_call_14,
    raw_call_15, raw_call_16, raw_call_17, raw_call_18, raw_call_19, raw_call_20, raw_call_21, raw_call_22, raw_call_23, raw_call_24;

static uint64_t seed;
static uint64_t scratch[1024];

static uint64_t draw(uint64_t limit) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (seed >> 33) % limit;
}

static uint64_t word(void) {
    static const uint64_t odd[] = {0, 1, 7, 8, 0xff, 0x1000, 0x10000, 0x10008, 0x20000, 0x10000000, 0x40000000, 0x60000000, 0x7fffffff, 0x80000000,
                                   0x80000ffc, 0xfffefff8, 0xffff0000, 0xfffffff8, 0xffffffff, 0x100000000, 0x100200010000, 0x200000000000,
                                   0x7fffffffffffffff, 0x8000000000000000, 0xffffffff80100000, UINT64_MAX};
    switch (draw(6)) {
    case 0:
        return odd[draw(sizeof(odd) / sizeof(*odd))];
    case 1:
        return (uint64_t)&scratch[draw(1024)] + draw(8);
    case 2:
        return draw(40); // a capability, perhaps
    case 3:
        return (uint64_t)&word + draw(64); // text
    case 4:
        return seed;
    default:
        return draw(9000);
    }
}

static uint64_t now_and_then(uint64_t value) {
    return draw(4) ? value : word();
}

static void one_call(uint64_t which) {
    uint64_t a = word(), b = word(), c = word(), d = word();
    switch (which) {
    case 3: (void)raw_call_3(a, b, c, d, 0, 0); break;
    case 4: (void)raw_call_4(a, b, c, d, 0, 0); break;
    case 5: (void)raw_call_5(draw(1000), b, c, d, 0, 0); break;
    case 6: (void)raw_call_6((uint64_t)&scratch[draw(1024)], b, c, d, 0, 0); break; // a thread at a function might do anything
    case 8: (void)raw_call_8(a, b, c, d, 0, 0); break;
    case 9: (void)raw_call_9(now_and_then((uint64_t)scratch), b, c, d, 0, 0); break;
    case 10: (void)raw_call_10(a, b, c, d, 0, 0); break;
    case 11: (void)raw_call_11(a, 1 + draw(1000), c, d, 0, 0); break;
    case 12: (void)raw_call_12(a, b, c, d, 0, 0); break;
    case 13: (void)raw_call_13(a, b, c, d, 0, 0); break;
    case 14: (void)raw_call_14(draw(40), b, now_and_then((uint64_t)scratch), d, 0, 0); break;
    case 15: (void)raw_call_15(a, b, c, d, 0, 0); break;
    case 16: (void)raw_call_16(a, b, c, d, 0, 0); break;
    case 17: (void)raw_call_17(now_and_then(draw(100000)), now_and_then((uint64_t)scratch), now_and_then((uint64_t)&scratch[8]), d, 0, 0); break;
    case 18: (void)raw_call_18(draw(40), b, now_and_then((uint64_t)scratch), d, 0, 0); break;
    case 19: (void)raw_call_19(draw(40), b, c, d, 0, 0); break;
    case 20: (void)raw_call_20(draw(40), now_and_then((uint64_t)scratch), c, d, 0, 0); break;
    case 21: (void)raw_call_21(draw(40), now_and_then((uint64_t)scratch), c, d, 0, 0); break;
    case 22: (void)raw_call_22(draw(40), b, now_and_then((uint64_t)scratch), draw(200), 0, 0); break;
    case 23: (void)raw_call_23(a, now_and_then((uint64_t)scratch), c, d, 0, 0); break;
    case 24: (void)raw_call_24(a, b, c, d, 0, 0); break;
    default: break;
    }
}

void call_at_random(uint64_t from) {
    seed = from;
    for (int i = 0; i < ROUNDS; i++) {
        for (int k = 0; k < 16; k++)
            scratch[draw(1024)] = word();
        one_call(3 + draw(22));
    }
}
