// SPDX-License-Identifier: MIT
//
// A frame on its way, and what is made of it for who cannot take it as it is: checksums completed, TCP segments cut. Nothing here knows of
// ports, rings or domains.
#ifndef SWITCH_FRAME_H
#define SWITCH_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "net.h"

#define FRAME_HEADER_MAX 256u // bytes of each frame that are looked at
#define FRAME_ETHERNET 14u
#define FRAME_VLAN 4u
#define FRAME_PIECES (2 * BH_NET_SEGMENTS_MAX) // a prefix and a cell each
#define FRAME_SEGMENT_MIN 48u // smallest TCP payload that a frame may ask to be cut into

struct frame_piece {
    const uint8_t *data;
    uint32_t size;
};

struct frame {
    struct bh_net_frame facts;
    uint32_t size;        // all bytes
    uint32_t header_size; // bytes in `header`; the payload behind them is in the pieces
    uint32_t network;     // where the IP header begins (segmentation only)
    uint32_t payload;     // where the TCP payload begins (segmentation only)
    uint32_t piece_count;
    uint8_t header[FRAME_HEADER_MAX];
    struct frame_piece pieces[FRAME_PIECES];
};

// Take the header out of the pieces: they hold the whole frame before, and the payload afterwards.
void frame_begin(struct frame *frame);
// Does what stands beside the frame agree with its header, and does it fit the MTU? Only then may it be sent on.
bool frame_check(struct frame *frame, uint32_t mtu);

// One frame to be copied: `header`, then `payload_size` bytes of the pieces from where the last one ended.
struct outgoing {
    const struct frame *frame;
    uint32_t index, count; // which of how many it is made into
    uint32_t piece, done;  // the payload's place: bytes of that piece
    uint32_t header_size, payload_size;
    uint8_t header[FRAME_HEADER_MAX];
    uint32_t header_done; // bytes of it that outgoing_copy() has taken
};

// As it is.
void outgoing_whole(struct outgoing *outgoing, const struct frame *frame);
// In plain frames: the first one, and the next; false when there is none.
void outgoing_plain(struct outgoing *outgoing, const struct frame *frame);
bool outgoing_next(struct outgoing *outgoing);
static inline uint32_t outgoing_size(const struct outgoing *outgoing) {
    return outgoing->header_size + outgoing->payload_size;
}
// The next `size` bytes of it.
void outgoing_copy(struct outgoing *outgoing, void *to, uint32_t size);

#endif
