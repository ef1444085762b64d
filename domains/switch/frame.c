// SPDX-License-Identifier: MIT
//
// Frames: header, checks, copies, and the two offloads in software. The header is the switch's own copy; a sender that changes its payload
// meanwhile gets another payload, or a wrong checksum, and nothing else. Sources: RFC 791, RFC 8200, RFC 9293 (TCP), RFC 1071 (checksum),
// virtio 1.2, 5.1.6.2 (what NEEDS_CHECKSUM and segmentation mean).
#include "frame.h"

#include <string.h>

#define TYPE_IP4 0x0800u
#define TYPE_IP6 0x86ddu
#define TYPE_VLAN 0x8100u
#define IP4_HEADER 20u
#define IP6_HEADER 40u
#define TCP_HEADER 20u
#define TCP_CHECKSUM 16u // where it stands in the header
#define TCP_PROTOCOL 6u
#define TCP_FIN 0x01u
#define TCP_PSH 0x08u
#define TCP_CWR 0x80u

static uint32_t get16(const uint8_t *at) {
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at) {
    return get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value) {
    put16(at, value >> 16);
    put16(at + 2, value);
}

// ---- the Internet checksum, over bytes that lie in several places

// In this machine's order of bytes, to be turned at the end (RFC 1071, 2B): four bytes are added at once.
struct sum {
    uint64_t total; // of words of 32 bits, of which a frame has far less than 2^32
    bool odd;       // an odd count of bytes so far
};

typedef uint16_t __attribute__((aligned(1), may_alias)) word16;
typedef uint32_t __attribute__((aligned(1), may_alias)) word32;

static void add(struct sum *sum, const uint8_t *bytes, uint32_t size) {
    uint64_t total = sum->total;
    if (size && sum->odd) {
        total += (uint32_t)*bytes++ << 8;
        size--;
        sum->odd = false;
    }
    for (; size >= 4; size -= 4, bytes += 4)
        total += *(const word32 *)bytes;
    if (size >= 2) {
        total += *(const word16 *)bytes;
        size -= 2;
        bytes += 2;
    }
    if (size) {
        total += *bytes;
        sum->odd = true;
    }
    sum->total = total;
}

static uint16_t fold(const struct sum *sum) {
    uint64_t total = sum->total;
    while (total >> 16)
        total = (total & 0xffff) + (total >> 16);
    return (uint16_t)~(total << 8 | total >> 8);
}

// ---- a frame that comes in

void frame_begin(struct frame *frame) {
    uint32_t piece = 0;
    frame->header_size = 0;
    while (piece < frame->piece_count && frame->header_size < FRAME_HEADER_MAX) {
        struct frame_piece *from = &frame->pieces[piece];
        uint32_t room = FRAME_HEADER_MAX - frame->header_size, size = from->size < room ? from->size : room;
        memcpy(frame->header + frame->header_size, from->data, size);
        frame->header_size += size;
        from->data += size;
        from->size -= size;
        if (!from->size)
            piece++;
    }
    frame->piece_count -= piece;
    memmove(frame->pieces, frame->pieces + piece, frame->piece_count * sizeof(frame->pieces[0]));
}

// Where the IP header begins, and of which kind it is.
static uint32_t find_network(const struct frame *frame, uint32_t *type) {
    uint32_t at = FRAME_ETHERNET;
    *type = get16(frame->header + at - 2);
    if (*type == TYPE_VLAN && frame->header_size >= at + FRAME_VLAN) {
        at += FRAME_VLAN;
        *type = get16(frame->header + at - 2);
    }
    return at;
}

static bool check_ip(const struct frame *frame, uint32_t type, uint32_t network) {
    const uint8_t *ip = frame->header + network;
    uint32_t tcp = frame->facts.checksum_start;
    if (frame->facts.segmentation == BH_NET_SEGMENTATION_TCP4)
        return type == TYPE_IP4 && tcp >= network + IP4_HEADER && ip[0] >> 4 == 4 && network + (ip[0] & 15) * 4 == tcp && ip[9] == TCP_PROTOCOL;
    return frame->facts.segmentation == BH_NET_SEGMENTATION_TCP6 && type == TYPE_IP6 && tcp >= network + IP6_HEADER && ip[0] >> 4 == 6;
}

static bool check_segmentation(struct frame *frame, uint32_t mtu) {
    uint32_t type, network = find_network(frame, &type), tcp = frame->facts.checksum_start;
    if (!(frame->facts.flags & BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM) || frame->facts.checksum_offset != TCP_CHECKSUM || tcp + TCP_HEADER > frame->header_size)
        return false;
    if (!check_ip(frame, type, network))
        return false;
    uint32_t payload = tcp + (frame->header[tcp + 12] >> 4) * 4;
    if (payload < tcp + TCP_HEADER || payload > frame->header_size || frame->facts.segment_size < FRAME_SEGMENT_MIN)
        return false;
    frame->network = network;
    frame->payload = payload;
    return payload - network + frame->facts.segment_size <= mtu;
}

bool frame_check(struct frame *frame, uint32_t mtu) {
    uint32_t type;
    if (frame->size < FRAME_ETHERNET || frame->size > BH_NET_FRAME_MAX)
        return false;
    if ((frame->facts.flags & BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM) &&
        (uint32_t)frame->facts.checksum_start + frame->facts.checksum_offset + 2 > frame->header_size)
        return false;
    if (frame->facts.segmentation != BH_NET_SEGMENTATION_NONE)
        return check_segmentation(frame, mtu);
    return frame->size <= find_network(frame, &type) + mtu;
}

// ---- a frame that goes out

static void begin(struct outgoing *outgoing, const struct frame *frame) {
    outgoing->frame = frame;
    outgoing->index = 0;
    outgoing->count = 1;
    outgoing->piece = outgoing->done = outgoing->header_done = 0;
    outgoing->header_size = frame->header_size;
    outgoing->payload_size = frame->size - frame->header_size;
    memcpy(outgoing->header, frame->header, frame->header_size);
}

void outgoing_whole(struct outgoing *outgoing, const struct frame *frame) {
    begin(outgoing, frame);
}

void outgoing_copy(struct outgoing *outgoing, void *to, uint32_t size) {
    uint8_t *at = to;
    uint32_t piece = outgoing->header_size - outgoing->header_done;
    if (piece > size)
        piece = size;
    memcpy(at, outgoing->header + outgoing->header_done, piece);
    outgoing->header_done += piece;
    for (at += piece, size -= piece; size; at += piece, size -= piece) {
        const struct frame_piece *from = &outgoing->frame->pieces[outgoing->piece];
        piece = from->size - outgoing->done < size ? from->size - outgoing->done : size;
        memcpy(at, from->data + outgoing->done, piece);
        outgoing->done += piece;
        if (outgoing->done == from->size) {
            outgoing->piece++;
            outgoing->done = 0;
        }
    }
}

// The payload that outgoing_copy() will take, without taking it.
static void add_payload(struct sum *sum, const struct outgoing *outgoing) {
    uint32_t piece = outgoing->piece, done = outgoing->done, left = outgoing->payload_size;
    while (left) {
        const struct frame_piece *from = &outgoing->frame->pieces[piece];
        uint32_t size = from->size - done < left ? from->size - done : left;
        add(sum, from->data + done, size);
        left -= size;
        piece++;
        done = 0;
    }
}

// What stands in the field already is part of the sum: the pseudo header's, or nothing.
static void complete_checksum(struct outgoing *outgoing, struct sum sum) {
    const struct bh_net_frame *facts = &outgoing->frame->facts;
    uint8_t *field = outgoing->header + facts->checksum_start + facts->checksum_offset;
    add(&sum, outgoing->header + facts->checksum_start, outgoing->header_size - facts->checksum_start);
    add_payload(&sum, outgoing);
    uint16_t value = fold(&sum);
    put16(field, value ? value : 0xffff); // zero would mean "none" in UDP; the two are the same number
}

static void set_lengths(struct outgoing *outgoing, uint32_t size) {
    uint8_t *ip = outgoing->header + outgoing->frame->network;
    if (outgoing->frame->facts.segmentation == BH_NET_SEGMENTATION_TCP6) {
        put16(ip + 4, size - outgoing->frame->network - IP6_HEADER);
        return;
    }
    struct sum sum = {0};
    put16(ip + 2, size - outgoing->frame->network);
    put16(ip + 4, get16(ip + 4) + outgoing->index); // identification
    put16(ip + 10, 0);
    add(&sum, ip, (ip[0] & 15) * 4u);
    put16(ip + 10, fold(&sum));
}

static void set_tcp(struct outgoing *outgoing) {
    uint8_t *ip = outgoing->header + outgoing->frame->network, *tcp = outgoing->header + outgoing->frame->facts.checksum_start;
    bool wide = outgoing->frame->facts.segmentation == BH_NET_SEGMENTATION_TCP6;
    uint32_t length = outgoing_size(outgoing) - outgoing->frame->facts.checksum_start;
    const uint8_t pseudo[4] = {0, TCP_PROTOCOL, (uint8_t)(length >> 8), (uint8_t)length};
    struct sum sum = {0};
    put32(tcp + 4, get32(tcp + 4) + outgoing->index * outgoing->frame->facts.segment_size);
    if (outgoing->index + 1 < outgoing->count)
        tcp[13] &= (uint8_t)~(TCP_FIN | TCP_PSH);
    if (outgoing->index)
        tcp[13] &= (uint8_t)~TCP_CWR;
    put16(tcp + TCP_CHECKSUM, 0);
    add(&sum, ip + (wide ? 8 : 12), wide ? 32 : 8); // source and destination
    add(&sum, pseudo, sizeof(pseudo));
    complete_checksum(outgoing, sum);
}

// Segment `index`: the header anew, and its part of the payload. A part of that may stand in the frame's own header area.
static void make_segment(struct outgoing *outgoing) {
    const struct frame *frame = outgoing->frame;
    uint32_t from = outgoing->index * frame->facts.segment_size, all = frame->size - frame->payload;
    uint32_t size = all - from < frame->facts.segment_size ? all - from : frame->facts.segment_size;
    uint32_t near = frame->header_size - frame->payload; // payload bytes in the header area
    uint32_t taken = from < near ? (near - from < size ? near - from : size) : 0;
    outgoing->header_done = 0;
    outgoing->header_size = frame->payload + taken;
    outgoing->payload_size = size - taken;
    memcpy(outgoing->header, frame->header, frame->payload);
    memcpy(outgoing->header + frame->payload, frame->header + frame->payload + from, taken);
    set_lengths(outgoing, frame->payload + size);
    set_tcp(outgoing);
}

void outgoing_plain(struct outgoing *outgoing, const struct frame *frame) {
    begin(outgoing, frame);
    if (frame->facts.segmentation != BH_NET_SEGMENTATION_NONE) {
        uint32_t all = frame->size - frame->payload;
        outgoing->count = all ? (all + frame->facts.segment_size - 1) / frame->facts.segment_size : 1;
        make_segment(outgoing);
    } else if (frame->facts.flags & BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM) {
        complete_checksum(outgoing, (struct sum){0});
    }
}

bool outgoing_next(struct outgoing *outgoing) {
    if (outgoing->index + 1 >= outgoing->count)
        return false;
    outgoing->index++;
    make_segment(outgoing);
    return true;
}
