// SPDX-License-Identifier: MIT
//
// Two clients of the switch in one domain: it sends TCP payload by one and takes it in by the other, in several forms, writes into the log what each took by the
// time-stamp counter, and ends the machine. Serves nothing; needs "out" and "in" (Net, with rings and pools as bh_net_attach() wants them) and "system".
// When it dies the benchmark does not end.
#include <string.h>
#include <x86intrin.h>

#include <bulkhead/domain.h>
#include <bulkhead/net_client.h>
#include <bulkhead/net_offloads.h>

#include "kernel.h"

#define ROUNDS 24
#define HEADERS 54u // Ethernet, IPv4, TCP
#define SEGMENT 1448u
#define SEGMENTS 45u
#define PAYLOAD (SEGMENT * SEGMENTS)
#define PAUSE_NS 1000000ull
#define LIMIT_NS 5000000000ull

static const struct kind {
    const char *name;
    uint32_t frames; // that are sent
    bool checksum;   // left to the switch, or to the receiver
    uint32_t accepted, arrive; // offloads of the receiver; frames that come to it
} kinds[] = {
    {"whole", 1, true, BH_NET_OFFLOADS_RX, 1},
    {"cut", 1, true, 0, SEGMENTS},
    {"plain", SEGMENTS, false, 0, SEGMENTS},
    {"summed", SEGMENTS, true, 0, SEGMENTS},
};

static struct bh_net_client out, in;
static uint8_t from[6], to[6];

static void put16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

// Cells of the pool with one frame in them.
static enum bh_error prepare(const struct kind *kind, struct bh_net_transmit_request *request) {
    uint32_t payload = PAYLOAD / kind->frames, size = HEADERS + payload;
    enum bh_error error = bh_net_reserve(&out, size, request);
    if (error)
        return error;
    for (uint32_t i = 0; i < request->segment_count; i++)
        memset(bh_net_memory(&out, &request->segments[i]), 0x5a, request->segments[i].size);
    uint8_t *header = bh_net_memory(&out, &request->segments[0]);
    memset(header, 0, HEADERS);
    memcpy(header, to, 6);
    memcpy(header + 6, from, 6);
    put16(header + 12, 0x0800);
    header[14] = 0x45;
    put16(header + 16, size - 14);
    header[22] = 64;
    header[23] = 6;
    header[46] = 0x50;
    request->frame = (struct bh_net_frame){0};
    if (kind->checksum)
        request->frame = (struct bh_net_frame){.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 16};
    if (kind->frames == 1) {
        request->frame.segmentation = BH_NET_SEGMENTATION_TCP4;
        request->frame.segment_size = SEGMENT;
        request->frame.header_size = HEADERS;
    }
    return BH_OK;
}

// Take them in. BH_EIO: other frames came than should.
static enum bh_error take(const struct kind *kind, uint64_t deadline_ns) {
    uint32_t size = HEADERS + PAYLOAD / kind->arrive;
    for (uint32_t came = 0; came < kind->arrive;) {
        if (!bh_net_receive(&in)) {
            bh_ring_submit_notify(&in.receive);
            enum bh_error error = bh_ring_wait_completion(&in.receive, deadline_ns);
            if (error)
                return error;
            continue;
        }
        if (in.incoming.size != size)
            return BH_EIO;
        bh_net_release(&in);
        came++;
    }
    return BH_OK;
}

static enum bh_error measure_once(const struct kind *kind, uint64_t *ticks) {
    static struct bh_net_transmit_request requests[SEGMENTS];
    enum bh_error error = BH_OK;
    bh_net_collect(&out);
    bh_ring_submit_notify(&in.receive);
    for (uint32_t i = 0; i < kind->frames && !error; i++)
        error = prepare(kind, &requests[i]);
    if (error)
        return error;
    uint64_t start = __rdtsc();
    for (uint32_t i = 0; i < kind->frames; i++)
        bh_net_submit(&out, &requests[i]);
    bh_ring_submit_notify(&out.transmit);
    error = take(kind, bh_time_ns() + LIMIT_NS);
    *ticks = __rdtsc() - start;
    bh_sleep_for(PAUSE_NS); // until the switch has nothing left to do
    return error;
}

static enum bh_error measure(const struct kind *kind) {
    uint32_t accepted;
    enum bh_error error = net_accept(in.net, kind->accepted, &accepted);
    if (!error && accepted != kind->accepted)
        error = BH_ENOTSUP;
    for (int round = 0; round < ROUNDS && !error; round++) {
        uint64_t ticks;
        error = measure_once(kind, &ticks);
        if (!error)
            bh_info("sent %s: %llu", kind->name, (unsigned long long)ticks);
    }
    return error;
}

static enum bh_error address_of(const struct bh_net_client *client, uint8_t mac[6]) {
    struct bh_net_info info;
    uint64_t deadline = bh_time_ns() + BH_SERVER_WAIT_NS;
    enum bh_error error;
    while ((error = net_info(client->net, &info)) == BH_EDEAD && bh_time_ns() < deadline)
        bh_sleep_for(PAUSE_NS); // it has not begun to serve
    memcpy(mac, info.mac, 6);
    return error;
}

int main(void) {
    bh_cap system_cap;
    if (bh_cap_find("system", &system_cap))
        bh_panic("the manifest gives no System");
    enum bh_error error = bh_net_attach(&out, "out");
    if (!error)
        error = bh_net_attach(&in, "in");
    if (!error)
        error = address_of(&out, from);
    if (!error)
        error = address_of(&in, to);
    for (size_t i = 0; !error && i < sizeof(kinds) / sizeof(*kinds); i++)
        error = measure(&kinds[i]);
    if (error)
        bh_error_log("frames do not come as they should: %s", bh_strerror(error));
    (void)system_power_off(system_cap, error ? 1 : 0);
    return 1;
}
