// SPDX-License-Identifier: MIT
//
// A hostile client of the switch. What it does, the setting `scenario' says; it goes on until the neighbours have talked enough, and then sees whether the
// switch still serves it as it should.
#include <bulkhead/net_offloads.h>
#include <bulkhead/ring.h>

#include "tests/domains/lies.h"
#include "tests/domains/street.h"

#define POOL (512u << 10)
#define BIG 20000u
#define SCRIBBLERS_PRIORITY BH_PRIORITY_SAME

bh_cap system_cap;
static struct street *street;
static struct bh_ring transmit, receive;
static uint8_t *pool;
static bh_cap net;
static uint64_t chance_state = 88172645463325252ull;

static uint64_t chance(void) {
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    return chance_state ^= chance_state << 17;
}

// ---- what everybody may do

static enum bh_error collect(void) {
    enum bh_error status = BH_EAGAIN;
    uint32_t slot;
    while (bh_ring_complete(&transmit, &slot, &status, NULL) == BH_EAGAIN)
        (void)bh_ring_wait_completion(&transmit, 0);
    return status;
}

// One request, to its end.
static enum bh_error send_request(const struct bh_net_transmit_request *request) {
    uint32_t slot;
    while (bh_ring_submit(&transmit, request, &slot))
        (void)collect();
    bh_ring_submit_notify(&transmit);
    enum bh_error status = collect();
    while (transmit.in_flight)
        status = collect();
    return status;
}

static struct bh_net_transmit_request request_of(uint64_t offset, uint32_t size) {
    return (struct bh_net_transmit_request){.segment_count = 1, .segments = {{.offset = offset, .size = size}}};
}

static enum bh_error send(const struct talk *talk) {
    const struct bh_net_transmit_request request = request_of(0, sizeof(*talk));
    memcpy(pool, talk, sizeof(*talk));
    return send_request(&request);
}

static uint64_t dropped(void) {
    struct bh_net_counters counters;
    EXPECT_OK(net_counters(net, &counters));
    return counters.tx_dropped;
}

// An honest frame of ours reaches whom it is for.
static void expect_heard(const uint8_t *to, uint32_t listener) {
    uint32_t before = street->heard[listener];
    for (int i = 0; i < 200 && street->heard[listener] == before; i++) {
        const struct talk talk = talk_of(to, mac_of_rowdy, TALK_NOISE, 0);
        EXPECT_OK(send(&talk));
        bh_sleep_for(10 * MS);
    }
    EXPECT(street->heard[listener] > before, "what I send in my own name is not heard any more");
}

// ---- frames that are wrong

static const struct {
    struct bh_net_transmit_request request;
    const char *what;
} wrong[] = {
    {{.segment_count = 0}, "no segments"},
    {{.segment_count = BH_NET_SEGMENTS_MAX + 1, .segments = {{0, 60, 0}}}, "too many segments"},
    {{.segment_count = UINT32_MAX, .segments = {{0, 60, 0}}}, "four billion segments"},
    {{.segment_count = 1, .segments = {{POOL - 59, 60, 0}}}, "past the pool's end"},
    {{.segment_count = 1, .segments = {{UINT64_MAX - 30, 60, 0}}}, "an offset that wraps"},
    {{.segment_count = 1, .segments = {{UINT32_MAX, 60, 0}}}, "an offset outside"},
    {{.segment_count = 1, .segments = {{0, 0, 0}}}, "an empty segment"},
    {{.segment_count = 1, .segments = {{0, UINT32_MAX, 0}}}, "an endless segment"},
    {{.segment_count = 2, .segments = {{0, 60, 0}, {POOL, 1, 0}}}, "a good and a bad segment"},
    {{.segment_count = 1, .segments = {{0, 13, 0}}}, "no room for a header"},
    {{.segment_count = 1, .segments = {{0, 1600, 0}}}, "more than the MTU"},
    {{.segment_count = 1, .segments = {{0, BH_NET_FRAME_MAX + 1, 0}}}, "more than any frame"},
    {{.segment_count = 2, .segments = {{0, 65000, 0}, {0, 65000, 0}}}, "more than any frame, in two"},
    {{.segment_count = 1, .segments = {{0, 60, 0}}, .frame = {.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM, .checksum_start = 59}}, "a checksum half outside"},
    {{.segment_count = 1, .segments = {{0, 60, 0}}, .frame = {.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM, .checksum_start = 0xffff, .checksum_offset = 0xffff}},
     "a checksum far outside"},
    {{.segment_count = 1, .segments = {{0, 9000, 0}}, .frame = {.segmentation = BH_NET_SEGMENTATION_TCP4, .segment_size = 1000}}, "segments without a checksum"},
    {{.segment_count = 1, .segments = {{0, 9000, 0}}, .frame = {.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM, .segmentation = 9, .segment_size = 1000}}, "segments of no kind"},
};

// A TCP segment to be cut, from us to the answerer, at the pool's offset `at`.
static struct bh_net_transmit_request big_frame(uint32_t at) {
    static const uint8_t head[] = {0x08, 0x00, 0x45, 0, BIG >> 8, BIG & 0xff, 0, 0, 0, 0, 64, 6};
    struct bh_net_transmit_request request = request_of(at, 14 + BIG);
    memcpy(pool + at, mac_of_answerer, 6);
    memcpy(pool + at + 6, mac_of_rowdy, 6);
    memcpy(pool + at + 12, head, sizeof(head));
    pool[at + 46] = 0x50;
    request.frame = (struct bh_net_frame){.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM, .segmentation = BH_NET_SEGMENTATION_TCP4, .segment_size = 1400,
                                          .header_size = 54, .checksum_start = 34, .checksum_offset = 16};
    return request;
}

// Changes what the switch reads, while it reads it.
static void scribble(uint64_t at) {
    for (uint64_t i = 0; !street->enough; i++) {
        volatile uint8_t *byte = &pool[at + 12 + i % 48];
        uint8_t old = *byte;
        *byte = (uint8_t)(i / 48);
        *byte = old;
        if (i % 4096 == 0)
            bh_sleep_for(MS / 20);
    }
    bh_thread_exit();
}

static void malformed(void) {
    const uint32_t at = 64 << 10;
    uint64_t before = dropped(), refused = 0;
    EXPECT_OK(bh_thread_create(scribble, at, SCRIBBLERS_PRIORITY));
    for (uint32_t i = 0; !street->enough; i++) {
        struct bh_net_transmit_request request = wrong[i % (sizeof(wrong) / sizeof(wrong[0]))].request;
        EXPECT(send_request(&request) == BH_ERANGE, "%s: not refused", wrong[i % (sizeof(wrong) / sizeof(wrong[0]))].what);
        refused++;
        for (uint32_t k = 0; k < sizeof(request); k++)
            ((uint8_t *)&request)[k] = (uint8_t)(chance() >> 32);
        if (i % 2)
            request.segment_count = 1 + i % 3;
        enum bh_error status = send_request(&request);
        EXPECT(!status || status == BH_ERANGE, "garbage ends with %s", bh_strerror(status));
        refused += status != BH_OK;
        if (i % 8 == 0) {
            request = big_frame(at);
            status = send_request(&request);
            EXPECT(!status || status == BH_ERANGE, "a frame that changes ends with %s", bh_strerror(status));
            bh_sleep_for(MS);
        }
        street->deeds++;
        street->begun = 1;
    }
    EXPECT(dropped() >= before + refused, "%llu were refused and fewer counted", (unsigned long long)refused);
}

// ---- others

static void spoof(void) {
    static const uint8_t *const names[] = {mac_of_asker, mac_of_answerer, mac_of_all, mac_of_nobody};
    uint64_t before = dropped(), sent = 0;
    for (; !street->enough; sent++) {
        struct talk talk = talk_of(names[sent / 4 % 4], names[sent % 4], TALK_FORGED, (uint32_t)sent);
        if (sent % 5 == 4)
            talk.from[0] |= 1; // a group as a sender
        if (sent % 16 == 15)
            memset(talk.from, 0, 6);
        EXPECT_OK(send(&talk)); // who forges is told nothing
        street->deeds++;
        street->begun = 1;
    }
    EXPECT(dropped() == before + sent, "%llu were sent and other than that many dropped", (unsigned long long)sent);
    expect_heard(mac_of_answerer, ANSWERER);
}

// As many as the ring takes, without a pause.
static void pour(const uint8_t *const to[], uint32_t count) {
    uint32_t slot;
    for (uint32_t i = 0; !street->enough; i++) {
        uint64_t at = i % count * 4096ull;
        const struct bh_net_transmit_request request = request_of(at, sizeof(struct talk));
        const struct talk talk = talk_of(to[i % count], mac_of_rowdy, TALK_NOISE, 0);
        memcpy(pool + at, &talk, sizeof(talk));
        while (bh_ring_submit(&transmit, &request, &slot))
            EXPECT_OK(collect());
        bh_ring_submit_notify(&transmit);
        street->deeds++;
        street->begun = 1;
    }
    while (transmit.in_flight)
        EXPECT_OK(collect());
}

static void flood(void) {
    static const uint8_t *const to[] = {mac_of_answerer, mac_of_asker};
    pour(to, 2);
    expect_heard(mac_of_answerer, ANSWERER);
}

static void broadcast(void) {
    static const uint8_t *const to[] = {mac_of_all, mac_of_nobody};
    pour(to, 2);
    expect_heard(mac_of_all, ASKER); // its share comes back
}

// Empty buffers that are none, one that is too small for any frame, and then none; and a full ring whose answers nobody takes.
static void hoard(void) {
    static const struct bh_net_receive_request bad[] = {{.offset = POOL, .size = 4096}, {.offset = UINT64_MAX - 100, .size = 4096}, {.size = BH_NET_BUFFER_MIN - 1},
                                                        {.size = UINT32_MAX}, {.offset = POOL - 100, .size = 101}, {.offset = 4096, .size = BH_NET_BUFFER_MIN}};
    uint32_t slots[sizeof(bad) / sizeof(bad[0])], slot, count = sizeof(bad) / sizeof(bad[0]), held = 0, refused = 0;
    enum bh_error status;
    for (uint32_t i = 0; i < count; i++)
        EXPECT_OK(bh_ring_submit(&receive, &bad[i], &slots[i]));
    bh_ring_submit_notify(&receive);
    const struct bh_net_transmit_request request = request_of(0, sizeof(struct talk));
    const struct talk talk = talk_of(mac_of_answerer, mac_of_rowdy, TALK_NOISE, 0);
    memcpy(pool, &talk, sizeof(talk));
    for (; bh_ring_submit(&transmit, &request, &slot) == BH_OK; held++)
        bh_ring_submit_notify(&transmit);
    street->deeds = held;
    street->begun = 1;
    while (!street->enough)
        bh_sleep_for(MS);
    while (held--)
        EXPECT_OK(collect());
    for (; bh_ring_complete(&receive, &slot, &status, NULL) == BH_OK; refused++)
        EXPECT(status == BH_ERANGE && slot != slots[count - 1], "a buffer that is none ends with %s", bh_strerror(status));
    EXPECT(refused == count - 1, "%u of %u buffers that are none came back", refused, count - 1);
    expect_heard(mac_of_answerer, ANSWERER);
}

static void lie_in(struct bh_ring *ring) {
    for (uint32_t i = 0; !street->enough; i++) {
        lie_once(ring, i / 4 % LIE_KINDS);
        if (i % 64 == 63)
            lie_of_much(ring, 100);
        if (i % 16 == 15)
            bh_sleep_for(MS / 4);
        street->deeds++;
        street->begun = 1;
    }
}

static void lie_sending(void) {
    lie_in(&transmit);
}

static void lie_receiving(void) {
    lie_in(&receive);
}

// Calls with arguments that are wrong, and more watchers than there may be.
static void calls(void) {
    bh_cap event;
    uint32_t accepted, watched = 0;
    EXPECT_OK(bh_event_create(&event));
    for (uint32_t i = 0; !street->enough; i++) {
        struct bh_net_filter filter = {.count = i % 2 ? BH_NET_FILTER_MAX + 1 : UINT32_MAX};
        EXPECT_ERROR(net_filter(net, &filter), BH_ERANGE);
        EXPECT_ERROR(net_withdraw(net, i % 2 ? 1 : UINT32_MAX), BH_ERANGE);
        EXPECT_OK(net_withdraw(net, 0));
        EXPECT_OK(net_accept(net, (uint32_t)chance(), &accepted));
        EXPECT(!(accepted & ~(uint32_t)BH_NET_OFFLOADS_RX), "%x is accepted", accepted);
        watched += net_watch_link_changed(net, event) == BH_OK;
        if (i % 32 == 31)
            bh_sleep_for(MS / 10); // others need the processor, too
        street->deeds++;
        street->begun = 1;
    }
    EXPECT(watched, "no event is watched");
    EXPECT_OK(net_accept(net, 0, &accepted));
    expect_heard(mac_of_answerer, ANSWERER);
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {{"malformed", malformed}, {"spoof", spoof}, {"flood", flood}, {"broadcast", broadcast}, {"hoard", hoard},
                 {"lie-sending", lie_sending}, {"lie-receiving", lie_receiving}, {"calls", calls}};

int main(void) {
    char scenario[BH_SETTING_SIZE];
    void *address;
    uint64_t size;
    street = find_street();
    EXPECT_SETTING("scenario", scenario);
    EXPECT_OK(bh_cap_find("net", &net));
    EXPECT_OK(bh_ring_attach("net.tx0", &transmit));
    EXPECT_OK(bh_ring_attach("net.rx0", &receive));
    EXPECT_OK(bh_buffer_find("net.pool", BH_RIGHT_READ | BH_RIGHT_WRITE, &address, &size));
    EXPECT(size == POOL, "the pool has %llu bytes", (unsigned long long)size);
    pool = address;
    while (!street->ready[ASKER] || !street->ready[ANSWERER])
        bh_sleep_for(MS);
    for (uint32_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        if (!strcmp(scenario, scenarios[i].name)) {
            scenarios[i].run();
            street->over = 1;
            bh_thread_exit();
        }
    fail(__FILE__, __LINE__, "there is no scenario %s", scenario);
}
