// SPDX-License-Identifier: MIT
//
// A station on a network, client of interface Net, which does what frames of its own type (COMMAND_TYPE) tell it: tests/system/net.py is at the other end of the
// wire. It reports what comes with IP frames, sends frames with each offload, breaks the rules of the rings, and goes on when its driver dies. Settings:
// "offloads", those of RX_ that it accepts.
#include "station.h"

#include <string.h>

#include "tests/domains/expect.h"

#define RETRY_NS 2000000ull
#define RETRIES 5000

bh_cap system_cap;
struct station station;

// ---- the card, whatever becomes of its driver

enum bh_error retry_info(struct bh_net_info *info) {
    enum bh_error error = BH_EDEAD;
    for (int i = 0; i < RETRIES && (error = net_info(station.net, info)) == BH_EDEAD; i++)
        bh_sleep_for(RETRY_NS);
    return error;
}

// A server that has begun anew knows nothing of us.
void introduce(void) {
    uint32_t accepted;
    enum bh_error error = BH_EDEAD;
    for (int i = 0; i < RETRIES && error == BH_EDEAD; i++) {
        error = net_accept(station.net, station.offloads, &accepted);
        if (!error)
            error = net_filter(station.net, &station.filter);
        if (error == BH_EDEAD)
            bh_sleep_for(RETRY_NS);
    }
    EXPECT(!error || error == BH_ENOTSUP, "the driver does not take our wishes: %s", bh_strerror(error));
    station.introductions++;
}

static void watch(void) {
    enum bh_error error = BH_EDEAD;
    for (int i = 0; i < RETRIES && (error = net_watch_link_changed(station.net, station.link_event)) == BH_EDEAD; i++)
        bh_sleep_for(RETRY_NS);
    EXPECT_OK(error);
}

// ---- sending

static void collect_sent(struct pair *pair) {
    struct bh_net_transmit_completion completion;
    enum bh_error status;
    uint32_t slot;
    while (bh_ring_complete(&pair->tx, &slot, &status, &completion) == BH_OK) {
        EXPECT(slot < RING_ENTRIES && pair->room_of[slot], "slot %u comes back and was not sent", slot);
        pair->room_free[pair->room_of[slot] - 1] = true;
        pair->room_of[slot] = 0;
        pair->status[slot] = status;
    }
}

uint8_t *send_room(struct pair *pair) {
    for (;;) {
        collect_sent(pair);
        for (uint32_t i = 0; i < SEND_ROOMS; i++)
            if (pair->room_free[i]) {
                pair->room = i;
                return pair->frames + SEND_AREA + i * SEND_ROOM;
            }
        (void)bh_ring_wait_completion(&pair->tx, 0);
    }
}

uint32_t send_request(struct pair *pair, const struct bh_net_transmit_request *request) {
    uint32_t slot;
    EXPECT_OK(bh_ring_submit(&pair->tx, request, &slot));
    pair->room_of[slot] = pair->room + 1;
    pair->room_free[pair->room] = false;
    bh_ring_submit_notify(&pair->tx);
    return slot;
}

uint32_t send_frame(struct pair *pair, const struct bh_net_frame *frame, uint32_t size) {
    struct bh_net_transmit_request request = {.frame = *frame};
    uint64_t at = SEND_AREA + pair->room * SEND_ROOM;
    for (uint32_t done = 0; done < size; request.segment_count++) { // in pieces, as headers and pages of a real one are
        uint32_t piece = done ? SEND_PIECE : FIRST_PIECE;
        piece = piece < size - done ? piece : size - done;
        request.segments[request.segment_count] = (struct bh_net_segment){at + done, piece, 0};
        done += piece;
    }
    return send_request(pair, &request);
}

enum bh_error sent_status(struct pair *pair, uint32_t slot) {
    while (pair->room_of[slot]) {
        collect_sent(pair);
        if (pair->room_of[slot])
            (void)bh_ring_wait_completion(&pair->tx, 0);
    }
    return pair->status[slot];
}

// ---- receiving

static void post(struct pair *pair, uint32_t buffer) {
    struct bh_net_receive_request request = {.offset = (uint64_t)buffer * BUFFER_SIZE, .size = BUFFER_SIZE};
    uint32_t slot;
    EXPECT_OK(bh_ring_submit(&pair->rx, &request, &slot));
    pair->buffer_of[slot] = buffer;
    pair->posted++;
}

void post_all(struct pair *pair) {
    for (uint32_t i = 0; i < BUFFERS; i++)
        post(pair, i);
    bh_ring_submit_notify(&pair->rx);
}

// Put the next part of a frame behind what there is of it. True: the frame is whole.
static bool join(struct pair *pair, uint32_t slot, const struct bh_net_receive_completion *part) {
    EXPECT(part->size <= BUFFER_SIZE && part->prefix_size <= BH_NET_PREFIX_MAX, "a part of %u and %u bytes", part->prefix_size, part->size);
    EXPECT((part->buffers != 0) == !pair->parts_left, "%u buffers in a part, %u parts to come", part->buffers, pair->parts_left);
    if (part->buffers) {
        pair->parts_left = pair->parts = part->buffers;
        pair->frame = part->frame;
        pair->size = 0;
    }
    EXPECT(pair->size + part->prefix_size + part->size <= sizeof(pair->whole), "a frame of more than %zu bytes", sizeof(pair->whole));
    memcpy(pair->whole + pair->size, part->prefix, part->prefix_size);
    memcpy(pair->whole + pair->size + part->prefix_size, pair->frames + (uint64_t)pair->buffer_of[slot] * BUFFER_SIZE, part->size);
    pair->size += part->prefix_size + part->size;
    return --pair->parts_left == 0;
}

// What is there to receive now. With `withdrawn` empty buffers may come back, too, and are not posted again.
void receive(struct pair *pair, uint32_t *withdrawn) {
    struct bh_net_receive_completion part;
    enum bh_error status;
    uint32_t slot;
    while (bh_ring_complete(&pair->rx, &slot, &status, &part) == BH_OK) {
        pair->posted--;
        if (withdrawn) { // a frame that comes this moment is lost to us
            EXPECT(!status || status == BH_ECANCELED, "a buffer comes back with %s", bh_strerror(status));
            pair->parts_left = 0;
            ++*withdrawn;
            continue;
        }
        EXPECT(!status, "a buffer comes back with %s", bh_strerror(status));
        bool whole = join(pair, slot, &part);
        post(pair, pair->buffer_of[slot]);
        if (whole)
            obey(pair);
    }
    if (pair->number == 0 && pair->rx.epoch != pair->epoch) {
        pair->epoch = pair->rx.epoch;
        introduce();
        watch();
    }
    bh_ring_submit_notify(&pair->rx);
}

static void serve_pair(uint64_t number) {
    struct pair *pair = &station.pairs[number];
    for (;;) {
        receive(pair, NULL);
        (void)bh_ring_wait_completion(&pair->rx, 0);
    }
}

static void count_link_changes(uint64_t unused) {
    (void)unused;
    for (;;) {
        EXPECT_OK(bh_event_wait(station.link_event, 0));
        station.link_changes++;
    }
}

// ---- start

static void attach(struct pair *pair, uint32_t number) {
    char name[12];
    void *address;
    uint64_t size;
    pair->number = number;
    snprintf(name, sizeof(name), "tx%u", number);
    EXPECT_OK(bh_ring_attach(name, &pair->tx));
    snprintf(name, sizeof(name), "rx%u", number);
    EXPECT_OK(bh_ring_attach(name, &pair->rx));
    snprintf(name, sizeof(name), "frames%u", number);
    EXPECT_OK(bh_buffer_find(name, BH_RIGHT_READ | BH_RIGHT_WRITE, &address, &size));
    EXPECT(size >= SEND_AREA + SEND_ROOMS * SEND_ROOM, "buffer %s has %llu bytes", name, (unsigned long long)size);
    EXPECT_OK(bh_mutex_create(&pair->lock));
    pair->frames = address;
    pair->epoch = pair->rx.epoch;
    memset(pair->room_free, true, sizeof(pair->room_free));
}

int main(void) {
    char name[12];
    uint64_t offloads = 0;
    bh_cap probe;
    EXPECT_OK(bh_cap_find("system", &system_cap));
    EXPECT_OK(bh_cap_find("net", &station.net));
    EXPECT_OK(bh_setting_number("offloads", 0, UINT32_MAX, &offloads));
    station.offloads = (uint32_t)offloads;
    EXPECT_OK(retry_info(&station.info));
    while (station.pair_count < PAIRS && station.pair_count < station.info.queue_pairs) {
        snprintf(name, sizeof(name), "tx%u", station.pair_count);
        if (bh_cap_find(name, &probe))
            break;
        attach(&station.pairs[station.pair_count], station.pair_count);
        station.pair_count++;
    }
    introduce();
    EXPECT_OK(bh_event_create(&station.link_event));
    watch();
    EXPECT_OK(bh_thread_create(count_link_changes, 0, BH_PRIORITY_SAME));
    for (uint32_t i = 0; i < station.pair_count; i++)
        post_all(&station.pairs[i]);
    for (uint32_t i = 1; i < station.pair_count; i++)
        EXPECT_OK(bh_thread_create(serve_pair, i, BH_PRIORITY_SAME));
    bh_info("on the air");
    serve_pair(0);
}
