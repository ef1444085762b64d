// SPDX-License-Identifier: MIT
//
// The device's side of a split virtqueue in guest memory. Source: virtio 1.2, 2.7.
//
// Trust: descriptors, rings and indices belong to the guest, which may change them at any time and to anything. Each is
// read once and checked: addresses inside guest memory, chains no longer than the queue, indices below its size. A breach
// is VIRTQUEUE_BROKEN: the device answers with NEEDS_RESET and touches the queue no more.
#ifndef VMM_VIRTQUEUE_H
#define VMM_VIRTQUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include "memory.h"

#define VIRTQUEUE_SIZE_MAX 128
#define VIRTQUEUE_SEGMENTS_MAX 64 // descriptors in one chain

struct virtqueue {
    const struct guest_memory *memory;
    uint32_t size;
    bool enabled, broken;
    bool event_index; // VIRTIO_F_EVENT_IDX was negotiated
    bool indirect;    // VIRTIO_F_INDIRECT_DESC was negotiated
    gpa descriptors, driver, device; // the three areas
    uint16_t next_available; // of the driver's ring, taken so far
    uint16_t next_used;      // in the device's ring, returned so far
    uint16_t signalled_used; // next_used when the driver was last interrupted
    uint16_t vector;         // MSI-X, 0xffff: none
};

struct virtqueue_segment {
    gpa address;
    uint32_t size;
};

// A request: first what the device reads, then what it writes.
struct virtqueue_chain {
    uint16_t head;
    uint32_t read_count, write_count;
    struct virtqueue_segment segments[VIRTQUEUE_SEGMENTS_MAX];
};

enum virtqueue_result { VIRTQUEUE_CHAIN, VIRTQUEUE_EMPTY, VIRTQUEUE_BROKEN };

void virtqueue_reset(struct virtqueue *queue, const struct guest_memory *memory);
// Size, alignment and place of the three areas.
bool virtqueue_is_sound(const struct virtqueue *queue);
// The driver enables it: check size, alignment and place of the three areas. False when they are wrong.
bool virtqueue_enable(struct virtqueue *queue);
// Next request. On VIRTQUEUE_BROKEN *why names the breach.
enum virtqueue_result virtqueue_pop(struct virtqueue *queue, struct virtqueue_chain *chain, const char **why);
// Give back the `count` requests popped last: they are popped again.
void virtqueue_unpop(struct virtqueue *queue, uint32_t count);
// Ask for a notification at the next request; true when there is one already.
bool virtqueue_arm(struct virtqueue *queue);
// Return a request, `written` bytes of it filled. The driver sees it once virtqueue_show() was called.
void virtqueue_push(struct virtqueue *queue, uint16_t head, uint32_t written);
// The same for several that the driver is to see at one moment: fill element 0, 1, ..., then count them.
void virtqueue_fill(struct virtqueue *queue, uint32_t element, uint16_t head, uint32_t written);
void virtqueue_count(struct virtqueue *queue, uint32_t count);
// Show the driver all that was returned: by then the device has committed it (undo.h). Doing it again changes nothing.
void virtqueue_show(struct virtqueue *queue);
// Does the driver want an interrupt for what was pushed since the last one?
bool virtqueue_wants_interrupt(struct virtqueue *queue);

#endif
