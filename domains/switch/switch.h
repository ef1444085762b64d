// SPDX-License-Identifier: MIT
//
// The parts of the switch. A frame comes in by a port, is described by a struct frame (whose header is the switch's own copy, whose payload
// still lies in the sender's pool), and is copied once, into the pool of each port that it goes to.
//
// Trust: clients and uplinks may say anything and change their pools at any time. What decides something is in `header` or in the copied
// request; payload is only ever copied and summed.
#ifndef SWITCH_SWITCH_H
#define SWITCH_SWITCH_H

#include <stdbool.h>
#include <stdint.h>

#include "bulkhead/mutex.h"
#include "bulkhead/net_client.h"
#include "bulkhead/net_offloads.h"
#include "bulkhead/ring_set.h"
#include "net.h"

#include "addresses.h"
#include "frame.h"

#define PORTS_MAX 16

// An empty buffer of a client, taken from its receive ring.
struct empty {
    uint32_t slot, size;
    uint64_t offset;
};

struct port {
    const char *name;
    uint32_t index;
    bool uplink;
    bool trunk;      // a client that may send with any source address
    uint8_t mac[6];  // a client's
    uint32_t accepted; // flags NetOffload: what may be delivered
    struct bh_net_filter filter;
    struct bh_net_counters counters; // as its owner sees it: tx is from the port
    uint32_t flood_tokens;           // frames that it may still send to more than one port
    uint64_t flood_ns;               // when they were counted last
    bool told_spoof, told_flood, told_nonsense; // in the log
    uint32_t offloads; // an uplink's: what its card does
    bool link;         // an uplink's

    // A client's rings and pool.
    struct bh_ring transmit, receive;
    uint8_t *pool;
    uint64_t pool_size;
    struct empty empties[BH_NET_SEGMENTS_MAX];
    uint32_t empty_count;

    // An uplink's.
    struct bh_net_client client;
    bool ask;               // its server has to be asked anew
    bh_cap link_event;      // signalled by its server
};

struct network {
    struct bh_mutex lock; // for all of this: methods are called on the clients' threads
    struct port ports[PORTS_MAX];
    uint32_t port_count, uplink_count;
    struct bh_ring_set set;
    struct addresses addresses;
    uint32_t mtu;
    uint32_t flood_limit; // frames a second
    uint64_t now_ns;      // of this round
    bool link_changed;    // the clients are to be told
};

extern struct network network;

// forward.c: a frame that came in by `from` goes where it should. Under the lock.
void forward(struct port *from, const struct frame *frame);

// deliver.c: copy a frame to a port, in the form that it can take; counted there when it cannot.
void deliver(struct port *to, const struct frame *frame);

// probe.c: whether plain frames are made as they were at the start; asked in each round, looked at now and then. Else the switch ends.
void probe_begin(void);
void probe(void);

// client.c
enum bh_error client_open(struct port *port);
void client_handle(struct port *port, uint32_t slot, const struct bh_net_transmit_request *request);
// One frame into the client's empty buffers. False: it has none that are enough.
bool client_deliver(struct port *port, const struct bh_net_frame *facts, struct outgoing *outgoing);
extern const struct net_methods client_methods;

// uplink.c
enum bh_error uplink_open(struct port *port);
// All that has come. True: there may be more.
bool uplink_handle(struct port *port);
bool uplink_deliver(struct port *port, const struct bh_net_frame *facts, struct outgoing *outgoing);
// Ask the card's driver for link and offloads when it is a new one; without the lock.
void uplink_ask(struct port *port);

#endif
