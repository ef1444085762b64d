// SPDX-License-Identifier: MIT
//
// What the station does when it is told to. A command is an Ethernet frame of a type for local experiments with struct command in it; each is answered by one
// with the same number. An IP frame is answered by a report of what came with it.
#include "station.h"

#include <string.h>

#include "tests/domains/expect.h"

#define COMMAND_TYPE 0x88b5
#define IP_TYPE 0x0800
#define ETHERNET 14u
#define IP_SIZE 20u
#define UDP_SIZE 8u
#define TCP_SIZE 20u
#define SEGMENT 1448

// All numbers big endian, as in other headers.
struct [[gnu::packed]] command {
    uint8_t to[6], from[6];
    uint16_t type;
    uint8_t code, pair;
    uint16_t size;
    uint32_t number;
    uint8_t more[];
};

struct [[gnu::packed]] report {
    uint32_t pair, size, parts, hash;
    uint32_t flags, segmentation;
    uint16_t segment_size, header_size, checksum_start, checksum_offset;
};

struct [[gnu::packed]] facts {
    uint8_t mac[6];
    uint16_t mtu;
    uint32_t queue_pairs, offloads, link, link_changes, introductions;
    uint64_t counters[6];
};

static uint32_t hash_of(const uint8_t *bytes, uint32_t size) { // FNV-1a
    uint32_t hash = 0x811c9dc5;
    for (uint32_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x01000193;
    return hash;
}

static uint32_t big(uint32_t word) {
    return __builtin_bswap32(word);
}

static uint16_t big16(uint32_t word) {
    return __builtin_bswap16((uint16_t)word);
}

// Send back to where it came from.
static void answer(struct pair *pair, const struct command *asked, uint8_t code, const void *more, uint32_t size) {
    bh_mutex_lock(&pair->lock);
    struct command *command = (struct command *)send_room(pair);
    memcpy(command->to, asked->from, 6);
    memcpy(command->from, station.info.mac, 6);
    command->type = big16(COMMAND_TYPE);
    command->code = code;
    command->pair = (uint8_t)pair->number;
    command->size = big16(size);
    command->number = asked->number;
    memcpy(command->more, more, size);
    (void)send_frame(pair, &(struct bh_net_frame){0}, (uint32_t)sizeof(*command) + size);
    bh_mutex_unlock(&pair->lock);
}

// ---- frames with offloads

static uint16_t sum_of(const uint8_t *bytes, uint32_t size, uint32_t sum) { // Internet checksum, not inverted; `size` even
    for (uint32_t i = 0; i < size; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void put16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

// Ethernet and IPv4 header, from 10.9.0.2 to 10.9.1.1, and in the transport header's checksum field the sum of the pseudo header.
static void make_ip(uint8_t *frame, const uint8_t *to, uint8_t protocol, uint32_t payload, uint32_t checksum_at) {
    static const uint8_t addresses[] = {10, 9, 0, 2, 10, 9, 1, 1};
    uint8_t *ip = frame + ETHERNET;
    memcpy(frame, to, 6);
    memcpy(frame + 6, station.info.mac, 6);
    put16(frame + 12, IP_TYPE);
    memset(ip, 0, IP_SIZE);
    ip[0] = 0x45;
    put16(ip + 2, IP_SIZE + payload);
    ip[8] = 64;
    ip[9] = protocol;
    memcpy(ip + 12, addresses, sizeof(addresses));
    put16(ip + 10, (uint16_t)~sum_of(ip, IP_SIZE, 0));
    put16(ip + IP_SIZE + checksum_at, sum_of(addresses, sizeof(addresses), protocol + payload));
}

static void fill(uint8_t *bytes, uint32_t size) {
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 7 + (i >> 8));
}

static void send_udp(struct pair *pair, const struct command *asked, uint32_t size) {
    bh_mutex_lock(&pair->lock);
    uint8_t *frame = send_room(pair), *udp = frame + ETHERNET + IP_SIZE;
    put16(udp, 5000u + pair->number);
    put16(udp + 2, 6000);
    put16(udp + 4, UDP_SIZE + size);
    fill(udp + UDP_SIZE, size);
    make_ip(frame, asked->from, 17, UDP_SIZE + size, 6);
    const struct bh_net_frame about = {
        .flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM, .checksum_start = ETHERNET + IP_SIZE, .checksum_offset = 6};
    uint32_t slot = send_frame(pair, &about, ETHERNET + IP_SIZE + UDP_SIZE + size);
    enum bh_error status = sent_status(pair, slot);
    bh_mutex_unlock(&pair->lock);
    answer(pair, asked, 'u', &status, sizeof(status));
}

static void send_tcp(struct pair *pair, const struct command *asked, uint32_t size) {
    bh_mutex_lock(&pair->lock);
    uint8_t *frame = send_room(pair), *tcp = frame + ETHERNET + IP_SIZE;
    memset(tcp, 0, TCP_SIZE);
    put16(tcp, 5000u + pair->number);
    put16(tcp + 2, 6000);
    put16(tcp + 6, 1); // sequence number 1
    tcp[12] = TCP_SIZE / 4 << 4;
    tcp[13] = 0x18; // PSH, ACK
    put16(tcp + 14, 0x2000);
    fill(tcp + TCP_SIZE, size);
    make_ip(frame, asked->from, 6, TCP_SIZE + size, 16);
    const struct bh_net_frame about = {.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM, .segmentation = BH_NET_SEGMENTATION_TCP4, .segment_size = SEGMENT,
                                       .header_size = ETHERNET + IP_SIZE + TCP_SIZE, .checksum_start = ETHERNET + IP_SIZE, .checksum_offset = 16};
    uint32_t slot = send_frame(pair, &about, ETHERNET + IP_SIZE + TCP_SIZE + size);
    enum bh_error status = sent_status(pair, slot);
    bh_mutex_unlock(&pair->lock);
    answer(pair, asked, 't', &status, sizeof(status));
}

// ---- requests that a driver has to refuse

static void break_rules(struct pair *pair) {
    const uint64_t end = SEND_AREA + SEND_ROOMS * SEND_ROOM, far = 1ull << 40;
    const bool sums = station.info.offloads & BH_NET_OFFLOAD_TX_CHECKSUM;
    const struct {
        const char *what;
        enum bh_error status;
        struct bh_net_transmit_request request;
    } wrong[] = {
        {"no segment", BH_EINVAL, {.segment_count = 0}},
        {"too many segments", BH_ERANGE, {.segment_count = BH_NET_SEGMENTS_MAX + 1}},
        {"a segment past the buffer", BH_ERANGE, {.segment_count = 1, .segments = {{far, 64, 0}}}},
        {"a segment whose end wraps around", BH_ERANGE, {.segment_count = 1, .segments = {{~0ull - 10, 64, 0}}}},
        {"a segment that ends past the buffer", BH_ERANGE, {.segment_count = 1, .segments = {{end - 64, 0x7fffffff, 0}}}},
        {"an empty segment", BH_EINVAL, {.segment_count = 2, .segments = {{0, 64, 0}, {0, 0, 0}}}},
        {"a frame of 13 bytes", BH_EINVAL, {.segment_count = 1, .segments = {{0, 13, 0}}}},
        {"a frame past the MTU", BH_ERANGE, {.segment_count = 1, .segments = {{0, station.info.mtu + 19u, 0}}}},
        {"sizes whose sum wraps around", BH_ERANGE, {.segment_count = 2, .segments = {{0, 0xffffff00, 0}, {0, 0x200, 0}}}},
        {"an unknown flag", BH_EINVAL, {.frame = {.flags = 128}, .segment_count = 1, .segments = {{0, 64, 0}}}},
        {"a checksum past the end", sums ? BH_ERANGE : BH_ENOTSUP,
         {.frame = {.flags = 1, .checksum_start = 60, .checksum_offset = 6}, .segment_count = 1, .segments = {{0, 64, 0}}}},
        {"segmentation without a checksum", BH_EINVAL,
         {.frame = {.segmentation = 1, .segment_size = 1000}, .segment_count = 1, .segments = {{0, 64, 0}}}},
        {"an unknown kind of segmentation", sums ? BH_EINVAL : BH_ENOTSUP,
         {.frame = {.flags = 1, .segmentation = 77, .segment_size = 1000}, .segment_count = 1, .segments = {{0, 64, 0}}}},
        {"segments of no size", sums ? BH_EINVAL : BH_ENOTSUP,
         {.frame = {.flags = 1, .segmentation = 1}, .segment_count = 1, .segments = {{0, 64, 0}}}},
    };
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        bh_mutex_lock(&pair->lock);
        (void)send_room(pair);
        enum bh_error status = sent_status(pair, send_request(pair, &wrong[i].request));
        bh_mutex_unlock(&pair->lock);
        EXPECT(status == wrong[i].status, "%s: %s", wrong[i].what, bh_strerror(status));
    }
}

// ---- commands

static void set_filter(uint32_t which) {
    static const uint8_t group[] = {1, 0, 0x5e, 0, 0, 0x42};
    station.filter = (struct bh_net_filter){.promiscuous = which == 1, .count = which == 2};
    memcpy(station.filter.addresses, group, sizeof(group));
    introduce();
}

static struct facts find_facts(void) {
    struct facts facts = {0};
    struct bh_net_counters counters = {0};
    EXPECT_OK(retry_info(&station.info));
    (void)net_counters(station.net, &counters);
    memcpy(facts.mac, station.info.mac, sizeof(facts.mac));
    facts.mtu = big16(station.info.mtu);
    facts.queue_pairs = big(station.info.queue_pairs);
    facts.offloads = big(station.info.offloads);
    facts.link = big(station.info.link);
    facts.link_changes = big(station.link_changes);
    facts.introductions = big(station.introductions);
    memcpy(facts.counters, &counters, sizeof(facts.counters));
    return facts;
}

// All buffers of this pair back, and out again.
static uint32_t withdraw(struct pair *pair) {
    uint32_t back = 0;
    EXPECT_ERROR(net_withdraw(station.net, 99), BH_ERANGE);
    EXPECT_OK(net_withdraw(station.net, pair->number));
    receive(pair, &back);
    EXPECT(!pair->posted, "%u buffers are still out after all were withdrawn", pair->posted);
    post_all(pair);
    return big(back);
}

static void report(struct pair *pair) {
    const struct bh_net_frame *frame = &pair->frame;
    struct report report = {big(pair->number), big(pair->size), big(pair->parts), big(hash_of(pair->whole, pair->size)), big(frame->flags),
                            big(frame->segmentation), big16(frame->segment_size), big16(frame->header_size), big16(frame->checksum_start),
                            big16(frame->checksum_offset)};
    struct command as = {0};
    memcpy(as.from, pair->whole + 6, sizeof(as.from));
    answer(pair, &as, 'r', &report, sizeof(report));
}

void obey(struct pair *pair) {
    const struct command *command = (const struct command *)pair->whole;
    if (pair->size < sizeof(*command))
        return;
    uint32_t size = big16(command->size), whole = pair->size - (uint32_t)sizeof(*command);
    struct pair *by = &station.pairs[command->pair < station.pair_count ? command->pair : 0];
    if (command->type == big16(IP_TYPE))
        report(pair);
    if (command->type != big16(COMMAND_TYPE))
        return;
    struct facts facts;
    uint32_t count;
    switch (command->code) {
    case 'E':
        answer(pair, command, 'e', command->more, size < whole ? size : whole);
        break;
    case 'U':
        send_udp(by, command, size);
        break;
    case 'T':
        send_tcp(by, command, size);
        break;
    case 'B':
        break_rules(by);
        answer(pair, command, 'b', NULL, 0);
        break;
    case 'F':
        set_filter(size);
        answer(pair, command, 'f', NULL, 0);
        break;
    case 'A':
        station.offloads = size;
        introduce();
        answer(pair, command, 'a', NULL, 0);
        break;
    case 'I':
        facts = find_facts();
        answer(pair, command, 'i', &facts, sizeof(facts));
        break;
    case 'W':
        count = withdraw(pair);
        answer(pair, command, 'w', &count, sizeof(count));
        break;
    case 'Q':
        (void)system_power_off(system_cap, 0);
        break;
    default:
        break;
    }
}
