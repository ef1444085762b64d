// SPDX-License-Identifier: MIT
//
// A station on a network (main.c), and what it does when it is told to (commands.c).
#ifndef STATION_H
#define STATION_H

#include <bulkhead/domain.h>
#include <bulkhead/mutex.h>

#include "net.h"

#define PAIRS 2
#define RING_ENTRIES 64
#define BUFFERS 64 // for receiving
#define BUFFER_SIZE 2048u
#define SEND_AREA (BUFFERS * BUFFER_SIZE)
#define SEND_ROOMS 4
#define SEND_ROOM 0x11000u
#define FIRST_PIECE 54u // Ethernet, IP and TCP header
#define SEND_PIECE 0x2000u

struct pair {
    uint32_t number, epoch;
    struct bh_ring tx, rx;
    struct bh_mutex lock; // for all of sending
    uint8_t *frames;      // BUFFERS for receiving, then SEND_ROOMS
    uint32_t room;        // in which the next frame is made
    bool room_free[SEND_ROOMS];
    uint32_t room_of[RING_ENTRIES]; // by slot, from 1; 0: nothing in flight
    enum bh_error status[RING_ENTRIES];
    uint32_t buffer_of[RING_ENTRIES], posted;
    uint32_t parts, parts_left; // of the frame that is coming in
    struct bh_net_frame frame;
    uint32_t size;
    uint8_t whole[BH_NET_FRAME_MAX];
};

extern struct station {
    bh_cap net, link_event;
    uint32_t offloads, pair_count;
    struct bh_net_info info;
    struct bh_net_filter filter;
    _Atomic uint32_t link_changes, introductions;
    struct pair pairs[PAIRS];
} station;

enum bh_error retry_info(struct bh_net_info *info);
void introduce(void);

// Sending. Context: the pair's lock held. First room for the frame, then the frame.
uint8_t *send_room(struct pair *pair);
uint32_t send_frame(struct pair *pair, const struct bh_net_frame *frame, uint32_t size);
uint32_t send_request(struct pair *pair, const struct bh_net_transmit_request *request);
enum bh_error sent_status(struct pair *pair, uint32_t slot);

// Receiving. Context: the pair's own thread.
void post_all(struct pair *pair);
void receive(struct pair *pair, uint32_t *withdrawn);

// What the frame that has just come tells us to do.
void obey(struct pair *pair);

#endif
