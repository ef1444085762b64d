// SPDX-License-Identifier: MIT
//
// A switch whose code is not what was loaded any more, since a bit flipped in it, may send every frame with a wrong checksum, and nobody would take them. So now and
// then it makes plain frames of one of its own, by the same code as for all others; when they are not what they were at its start, it ends, and is loaded again.
#include "bulkhead/domain.h"
#include "frame.h"
#include "switch.h"

#include <string.h>

#define EVERY_NS 20000000ull
#define IP4 FRAME_ETHERNET
#define TCP (IP4 + 20u)
#define PAYLOAD (TCP + 20u)
#define DATA 333u // in two pieces, made into segments of SEGMENT: odd sizes, and an odd place for the second piece
#define SEGMENT 129u
#define SEGMENTS ((DATA + SEGMENT - 1) / SEGMENT)
#define SIZE (SEGMENTS * PAYLOAD + DATA) // of all that comes out

static uint8_t wanted[SIZE];
static uint64_t next_ns;

static void make_frame(struct frame *frame, uint8_t *bytes) {
    static const uint8_t ethernet[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00};
    static const uint8_t ip[] = {0x45, 0, 1, 0x75, 0x12, 0x34, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
    static const uint8_t tcp[] = {0x1b, 0x58, 0x1b, 0x59, 0, 0, 0xff, 0xf0, 0, 0, 0, 7, 0x50, 0x19, 1, 0, 0, 0, 0, 0};
    static_assert(sizeof(ethernet) == IP4 && sizeof(ip) == TCP - IP4 && sizeof(tcp) == PAYLOAD - TCP);
    memcpy(bytes, ethernet, sizeof(ethernet));
    memcpy(bytes + IP4, ip, sizeof(ip));
    memcpy(bytes + TCP, tcp, sizeof(tcp));
    for (uint32_t i = 0; i < DATA; i++)
        bytes[PAYLOAD + i] = (uint8_t)(i * 151 + i / 256);
    *frame = (struct frame){.facts = {.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM,
                                      .segmentation = BH_NET_SEGMENTATION_TCP4,
                                      .segment_size = SEGMENT,
                                      .checksum_start = TCP,
                                      .checksum_offset = 16},
                            .size = PAYLOAD + DATA,
                            .piece_count = 2,
                            .pieces = {{bytes, PAYLOAD + DATA / 2}, {bytes + PAYLOAD + DATA / 2, DATA - DATA / 2}}};
    frame_begin(frame);
}

// How many bytes come out.
static uint32_t make_plain(uint8_t out[SIZE]) {
    uint8_t bytes[PAYLOAD + DATA];
    struct frame frame;
    struct outgoing outgoing;
    uint32_t done = 0;
    make_frame(&frame, bytes);
    if (!frame_check(&frame, BH_NET_FRAME_MAX))
        return 0;
    outgoing_plain(&outgoing, &frame);
    do {
        uint32_t size = outgoing_size(&outgoing);
        if (done + size > SIZE)
            return 0;
        outgoing_copy(&outgoing, out + done, size);
        done += size;
    } while (outgoing_next(&outgoing));
    return done;
}

void probe_begin(void) {
    if (make_plain(wanted) != SIZE)
        bh_panic("a frame of %u bytes does not come out as one of %u", PAYLOAD + DATA, SIZE);
}

void probe(void) {
    uint8_t out[SIZE];
    if (network.now_ns < next_ns)
        return;
    next_ns = network.now_ns + EVERY_NS;
    if (make_plain(out) != SIZE || memcmp(out, wanted, SIZE))
        bh_panic("what was made of a known frame is not what it was: this code, or what it works with, has changed");
}
