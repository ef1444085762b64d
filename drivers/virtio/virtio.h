// SPDX-License-Identifier: MIT
//
// What all virtio drivers share: the modern PCI transport (pci.c) and virtqueues, split and packed (virtqueue.c). Source: virtio 1.2, sections 2, 4.1.
//
// Trust: the device is not. Whatever it writes is read once and checked; a device that breaks the rules is an error of the driver
// (BH_EPROTO), never an access outside its queues.
#ifndef VIRTIO_VIRTIO_H
#define VIRTIO_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"

enum : uint64_t {
    VIRTIO_F_INDIRECT_DESC = 1ull << 28,
    VIRTIO_F_EVENT_IDX = 1ull << 29,
    VIRTIO_F_VERSION_1 = 1ull << 32,
    VIRTIO_F_ACCESS_PLATFORM = 1ull << 33, // it sees memory as the IOMMU shows it
    VIRTIO_F_RING_PACKED = 1ull << 34,
};

enum { VIRTIO_QUEUE_MAX = 256 };
#define VIRTIO_NO_VECTOR 0xffffu

// ---- pci.c

struct virtio_device {
    bh_cap cap;                      // kernel interface Device
    volatile uint8_t *common;        // common configuration (4.1.4.3)
    volatile uint8_t *notify;        // notification area
    volatile const uint8_t *config;  // device-specific configuration
    uint64_t notify_size, config_size;
    uint32_t notify_multiplier;
    uint32_t address, vectors;       // bus << 8 | device << 3 | function; MSI-X vectors
    uint64_t offered, features;      // what it can do; what was agreed on
    _Atomic bool selecting;          // a thread asks about a queue, which it has selected
};

// Find the device granted as `name`, open it, reset it, agree on `wanted` features (VERSION_1 is added and, where offered, ACCESS_PLATFORM and
// RING_PACKED, unless the domain's setting `packed` is "off"; the device may offer fewer). `required` must be offered. Refusals are in the log.
enum bh_error virtio_open(struct virtio_device *device, const char *name, uint64_t wanted, uint64_t required);
// The same in steps, for a driver that makes its wishes depend on what is offered, or begins anew: find; reset, after which the device does nothing and
// `offered` is known; agree.
enum bh_error virtio_find(struct virtio_device *device, const char *name);
enum bh_error virtio_reset(struct virtio_device *device);
enum bh_error virtio_agree(struct virtio_device *device, uint64_t wanted, uint64_t required);
// Between agreement and start: changes of the configuration raise `event` through MSI-X vector `vector`.
enum bh_error virtio_bind_config(struct virtio_device *device, uint32_t vector, bh_cap event);
// Queues are ready: go.
void virtio_start(struct virtio_device *device);
// One consistent copy of `size` bytes of device configuration from `offset`; what the device does not have reads as zero.
void virtio_config(struct virtio_device *device, uint32_t offset, void *to, uint32_t size);
// The device asks to be reset, or is gone.
bool virtio_broken(struct virtio_device *device);

// ---- virtqueue.c

// A piece of memory as the device sees it.
struct virtio_segment {
    uint64_t address;
    uint32_t size;
    bool device_writes;
};

enum descriptor_flags : uint16_t { DESCRIPTOR_NEXT = 1, DESCRIPTOR_WRITE = 2, DESCRIPTOR_INDIRECT = 4 };

struct virtq_descriptor {
    uint64_t address;
    uint32_t size;
    uint16_t flags, next;
};

struct virtq_packed_descriptor {
    uint64_t address;
    uint32_t size;
    uint16_t id, flags;
};

struct virtqueue {
    struct virtio_device *device;
    uint16_t size, index;         // entries; which queue
    bool is_packed;
    volatile uint16_t *doorbell;
    // Split layout. Descriptors and the available ring (flags, index, ring, used_event) are ours, the used ring (flags, index, ring of {u32 id, u32 size},
    // available_event) the device's.
    volatile struct virtq_descriptor *descriptors;
    volatile uint16_t *available, *used;
    // Packed layout. The descriptors are both sides', the wishes for interrupts ours, those for notifications the device's.
    volatile struct virtq_packed_descriptor *packed;
    volatile void *driver_event, *device_event;
    bool available_wrap, used_wrap;
    uint16_t next_available;      // split: free-running count of chains given to the device; packed: place of the next descriptor
    uint16_t notified;            // split: next_available at the last look at the device's wish; packed: descriptors given since then
    uint16_t next_used;           // split: free-running count of chains taken back; packed: place of the next used descriptor
    uint16_t free_count, free_head;
    uint16_t chain[VIRTIO_QUEUE_MAX];  // split: our own copy of `next`: the device cannot bend it; both: the list of free ids
    uint16_t length[VIRTIO_QUEUE_MAX]; // descriptors of the chain with this id, 0: none is in flight
    uint32_t tag[VIRTIO_QUEUE_MAX];    // by id
    uint32_t room[VIRTIO_QUEUE_MAX];   // by id: how much the device may write
    uint64_t meant[VIRTIO_QUEUE_MAX];  // split, by id: what its descriptors must say (not those in a table), in one word
    uint16_t written_at, written_flags; // packed: of the chain that is written and not published, its first place and the flags to come there
    uint64_t memory, memory_address;   // DMA memory, and where the device has it
    uint32_t memory_size;
};

// Make queue `index` with at most `size` entries; its interrupts raise `event` through MSI-X vector `vector` (VIRTIO_NO_VECTOR: it has none). *queue is
// zero, or was created before and its device has been reset since: then what was in flight is forgotten.
enum bh_error virtqueue_create(struct virtqueue *queue, struct virtio_device *device, uint16_t index, uint16_t size, uint32_t vector,
                               bh_cap event);
// Offer a chain of `count` segments, readable ones first. With `table` (count descriptors of DMA memory at `table_address`) it takes one
// entry of the queue; what is in the table is in the queue's layout. `tag` comes back with its end. BH_EAGAIN: no room now.
enum bh_error virtqueue_add(struct virtqueue *queue, const struct virtio_segment *segments, uint32_t count,
                            volatile struct virtq_descriptor *table, uint64_t table_address, uint32_t tag);
// The same in two steps: written down, which the device does not see; then published. One chain at a time.
enum bh_error virtqueue_write(struct virtqueue *queue, const struct virtio_segment *segments, uint32_t count,
                              volatile struct virtq_descriptor *table, uint64_t table_address, uint32_t tag);
void virtqueue_publish(struct virtqueue *queue);
// Tell the device, if it wants to know.
void virtqueue_kick(struct virtqueue *queue);
// Tell it, whatever it says it wants, and where it says that its doorbell is: for who has waited long, since either may have changed here. A device that has nothing
// to do ignores it. Context: no queue of this device is being created.
void virtqueue_remind(struct virtqueue *queue);
// Take back one finished chain. `written`: bytes, as the device claims, but not more than there is room for. BH_EAGAIN: none. BH_EPROTO (logged): the device lies.
enum bh_error virtqueue_take(struct virtqueue *queue, uint32_t *tag, uint32_t *written);
// Ask for an interrupt at the next end. True: there is one already, do not sleep.
bool virtqueue_arm(struct virtqueue *queue);

// ---- virtqueue_check.c

// A chain between virtqueue_write and virtqueue_publish, as the device is going to read it.
struct virtqueue_chain {
    const struct virtqueue *queue;
    const volatile struct virtq_descriptor *table; // that it lies in, NULL: in the queue
    uint32_t place, left; // of the next descriptor; descriptors that may still come
    bool more;
};

// Begin at its first descriptor; `table`, `table_address` and `tag` are what it was to be written with. False: the queue does not say that.
bool virtqueue_chain_begin(struct virtqueue_chain *chain, const struct virtqueue *queue, const volatile struct virtq_descriptor *table,
                           uint64_t table_address, uint32_t tag);
// The next segment, with the address that stands there. False: there is none, or the descriptor cannot be one of a chain.
bool virtqueue_chain_next(struct virtqueue_chain *chain, struct virtio_segment *segment);
// A shorter way for chains in tables, for every request: whether the queue has, for that tag, a table of `count` descriptors there.
bool virtqueue_has_table(const struct virtqueue *queue, uint64_t table_address, uint32_t count, uint32_t tag);
// And what must stand behind the address in its descriptor `i`, as one word.
static inline uint64_t virtqueue_table_word(const struct virtqueue *queue, uint32_t i, uint32_t count, uint32_t size, bool device_writes) {
    uint64_t flags = device_writes ? DESCRIPTOR_WRITE : 0;
    if (queue->is_packed)
        return size | flags << 48;
    return i + 1 == count ? size | flags << 32 : size | (flags | DESCRIPTOR_NEXT) << 32 | (i + 1ull) << 48;
}

#endif
