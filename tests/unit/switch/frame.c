// SPDX-License-Identifier: MIT
//
// Checksums and segmentation in software, against a plain model; and frames that are not what they say.
#include <criterion/criterion.h>
#include <string.h>

#include "frame.h"

#define MTU 1500u
#define IP 14u
#define MSS 1000u

static uint8_t bytes[70000];
static struct frame frame;

static void put16(uint32_t at, uint32_t value) {
    bytes[at] = (uint8_t)(value >> 8);
    bytes[at + 1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *at) {
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t sum(const uint8_t *at, uint32_t size, uint32_t total) {
    for (uint32_t i = 0; i < size; i++)
        total += i & 1 ? at[i] : (uint32_t)at[i] << 8;
    while (total >> 16)
        total = (total & 0xffff) + (total >> 16);
    return total;
}

// `bytes` in pieces of this size, or of the next one of which there may be as many, as they lie in a pool.
static bool take(uint32_t size, uint32_t piece) {
    if (piece < size / FRAME_PIECES + 1)
        piece = size / FRAME_PIECES + 1;
    frame.size = size;
    frame.piece_count = 0;
    for (uint32_t at = 0; at < size; at += piece)
        frame.pieces[frame.piece_count++] = (struct frame_piece){bytes + at, size - at < piece ? size - at : piece};
    frame_begin(&frame);
    return frame_check(&frame, MTU);
}

// TCP over IPv4 or IPv6 with `payload` bytes; returns its size.
static uint32_t make_tcp(bool wide, uint32_t payload) {
    uint32_t tcp = IP + (wide ? 40 : 20), size = tcp + 32 + payload;
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 13 + i / 251);
    put16(12, wide ? 0x86dd : 0x0800);
    bytes[IP] = wide ? 0x60 : 0x45;
    if (wide) {
        put16(IP + 4, size - IP - 40);
        bytes[IP + 6] = 6;
    } else {
        put16(IP + 2, size - IP);
        put16(IP + 4, 0xfffe);
        bytes[IP + 9] = 6;
    }
    memcpy(bytes + tcp + 4, "\xff\xff\xfc\x00", 4); // the sequence number wraps
    bytes[tcp + 12] = 0x80;
    bytes[tcp + 13] = 0x99; // CWR, ACK, PSH, FIN
    frame.facts = (struct bh_net_frame){.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM,
                                        .segmentation = wide ? BH_NET_SEGMENTATION_TCP6 : BH_NET_SEGMENTATION_TCP4,
                                        .segment_size = MSS,
                                        .checksum_start = (uint16_t)tcp,
                                        .checksum_offset = 16};
    return size;
}

// One segment as it would be on the wire.
static void check_segment(const uint8_t *got, uint32_t size, bool wide, uint32_t index, uint32_t count, uint32_t payload) {
    uint32_t tcp = IP + (wide ? 40 : 20), data = tcp + 32, want = index + 1 < count ? MSS : payload - index * MSS;
    const uint8_t pseudo[4] = {0, 6, (uint8_t)((size - tcp) >> 8), (uint8_t)(size - tcp)};
    cr_assert_eq(size - data, want, "segment %u of %u", index, count);
    cr_assert_eq(memcmp(got + data, bytes + data + index * MSS, want), 0, "the payload of segment %u", index);
    cr_assert_eq(got[tcp + 13], (index ? 0x19 : 0x99) & (index + 1 < count ? ~0x09 : 0xff), "the flags of segment %u", index);
    uint32_t sequence = get16(got + tcp + 4) << 16 | get16(got + tcp + 6);
    cr_assert_eq(sequence, 0xfffffc00u + index * MSS);
    if (wide) {
        cr_assert_eq(get16(got + IP + 4), size - IP - 40);
    } else {
        cr_assert_eq(get16(got + IP + 2), size - IP);
        cr_assert_eq(get16(got + IP + 4), (0xfffe + index) & 0xffff);
        cr_assert_eq(sum(got + IP, 20, 0), 0xffff, "the IP header's checksum of segment %u", index);
    }
    cr_assert_eq(sum(got + tcp, size - tcp, sum(got + IP + (wide ? 8 : 12), wide ? 32 : 8, sum(pseudo, 4, 0))), 0xffff, "the checksum of segment %u", index);
}

static void segments(bool wide, uint32_t payload, uint32_t piece) {
    static uint8_t got[2000];
    struct outgoing outgoing;
    uint32_t size = make_tcp(wide, payload), count = payload ? (payload + MSS - 1) / MSS : 1, index = 0;
    cr_assert(take(size, piece));
    outgoing_plain(&outgoing, &frame);
    do {
        uint32_t all = outgoing_size(&outgoing), half = all / 3;
        cr_assert_leq(all, MTU + IP);
        outgoing_copy(&outgoing, got, half);
        outgoing_copy(&outgoing, got + half, all - half);
        check_segment(got, all, wide, index++, count, payload);
    } while (outgoing_next(&outgoing));
    cr_assert_eq(index, count);
}

Test(segmentation, cuts_every_length_right) {
    static const uint32_t payloads[] = {0, 1, 100, 154, 155, 999, 1000, 1001, 2000, 4321, 20000, 65000};
    static const uint32_t pieces[] = {4096, 4095, 3333};
    for (uint32_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
        for (uint32_t j = 0; j < 3; j++) {
            segments(false, payloads[i], pieces[j]);
            segments(true, payloads[i], pieces[j]);
        }
}

Test(segmentation, of_small_pieces_too) {
    for (uint32_t piece = 1; piece < 60; piece++)
        segments(piece & 1, 30 * piece - 100 > 1200 ? 1100 : 30 * piece > 200 ? 30 * piece - 170 : 0, piece * 2 + 40);
}

Test(checksum, is_completed_over_header_and_payload) {
    struct outgoing outgoing;
    static uint8_t got[2000];
    for (uint32_t size = 60; size < 1400; size += 7) {
        for (uint32_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(i * 31);
        put16(12, 0x0800);
        put16(40, 0x1234); // the pseudo header's part
        frame.facts = (struct bh_net_frame){.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 6};
        cr_assert(take(size, 4096));
        outgoing_plain(&outgoing, &frame);
        outgoing_copy(&outgoing, got, size);
        cr_assert_eq(sum(got + 34, size - 34, 0), 0xffff - 0x1234, "size %u", size);
        cr_assert(!outgoing_next(&outgoing));
    }
}

Test(whole, a_frame_as_it_is_is_the_same_bytes) {
    static uint8_t got[70000];
    struct outgoing outgoing;
    uint32_t size = make_tcp(false, 30000);
    cr_assert(take(size, 3000));
    outgoing_whole(&outgoing, &frame);
    cr_assert_eq(outgoing_size(&outgoing), size);
    outgoing_copy(&outgoing, got, size);
    cr_assert_eq(memcmp(got, bytes, size), 0);
}

static void refused(const char *what, bool fine) {
    cr_assert(!fine, "%s", what);
}

Test(check, refuses_what_does_not_agree) {
    uint32_t size = make_tcp(false, 5000);
    frame.facts.segment_size = 0;
    refused("segments of no size", take(size, 4096));
    frame.facts.segment_size = FRAME_SEGMENT_MIN - 1;
    refused("segments of next to nothing", take(size, 4096));
    frame.facts.segment_size = 1460;
    refused("segments longer than the MTU", take(size, 4096));
    frame.facts.segment_size = MSS;
    frame.facts.segmentation = 3;
    refused("an unknown kind", take(size, 4096));
    frame.facts.segmentation = BH_NET_SEGMENTATION_TCP6;
    refused("IPv4 that is to be IPv6", take(size, 4096));
    frame.facts.segmentation = BH_NET_SEGMENTATION_TCP4;
    frame.facts.flags = 0;
    refused("no checksum wanted", take(size, 4096));
    frame.facts.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM;
    frame.facts.checksum_offset = 17;
    refused("the checksum elsewhere", take(size, 4096));
    frame.facts.checksum_offset = 16;
    frame.facts.checksum_start = 35;
    refused("TCP not behind IP", take(size, 4096));
    frame.facts.checksum_start = 0xfff0;
    refused("TCP past the header", take(size, 4096));
    frame.facts.checksum_start = 34;
    bytes[34 + 12] = 0x40;
    refused("a TCP header too short", take(size, 4096));
    bytes[34 + 12] = 0x80;
    cr_assert(take(size, 4096));
    refused("a TCP header longer than the frame", (bytes[34 + 12] = 0xf0, take(60, 4096)));
}

Test(check, refuses_frames_that_are_too_short_or_too_long) {
    memset(bytes, 0, sizeof(bytes));
    frame.facts = (struct bh_net_frame){0};
    refused("no header", take(13, 4096));
    cr_assert(take(14, 4096));
    cr_assert(take(MTU + 14, 4096));
    refused("more than the MTU", take(MTU + 15, 4096));
    put16(12, 0x8100);
    cr_assert(take(MTU + 18, 4096), "a VLAN tag is not counted");
    frame.facts = (struct bh_net_frame){.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM, .checksum_start = 90, .checksum_offset = 9};
    refused("a checksum past the end", take(100, 4096));
    frame.facts.checksum_start = 0xffff;
    frame.facts.checksum_offset = 0xffff;
    refused("a checksum far past the end", take(100, 4096));
}

Test(check, random_frames_never_leave_their_memory) {
    static uint8_t got[70000];
    uint32_t random = 7;
    for (int round = 0; round < 20000; round++) {
        uint32_t size = make_tcp(round & 1, (random >> 5) % 3000);
        for (int i = 0; i < 3; i++) {
            random = random * 1664525u + 1013904223u;
            bytes[(random >> 8) % 70] = (uint8_t)(random >> 24);
        }
        random = random * 1664525u + 1013904223u;
        if (random & 0x100)
            frame.facts.checksum_start = (uint16_t)((random >> 16) % 300);
        if (random & 0x200)
            frame.facts.segment_size = (uint16_t)(random >> 12);
        if (!take(random & 0x400 ? size : (random >> 16) % 300 + 1, 40 + (random >> 20) % 4000))
            continue;
        struct outgoing outgoing;
        outgoing_plain(&outgoing, &frame);
        do {
            cr_assert_leq(outgoing_size(&outgoing), MTU + 18);
            outgoing_copy(&outgoing, got, outgoing_size(&outgoing));
        } while (outgoing_next(&outgoing));
    }
}
