// SPDX-License-Identifier: MIT
//
// virtio-rng. The device only says that the guest wants bytes (`rng_ready`) and takes those that entropy.c brings. A buffer is filled once: what the
// guest reads in it before the used ring says so, it might read twice, or not find at all after a death of this domain.
#include "virtio_rng.h"

#include "machine.h"

#define TYPE_ENTROPY 4
#define CLASS_OTHER 0xff0000

// The next buffer. *room: how much it holds. False: there is none, or the guest has broken the rules.
static bool take(struct virtio_rng *rng, struct virtqueue_chain *chain, uint64_t *room) {
    struct virtqueue *queue = &rng->virtio.queues[0];
    const char *why;
    virtio_pci_save_queue(&rng->virtio, 0);
    enum virtqueue_result result = virtio_pci_ready(&rng->virtio) ? virtqueue_pop(queue, chain, &why) : VIRTQUEUE_EMPTY;
    if (result == VIRTQUEUE_CHAIN && (chain->read_count || !chain->write_count)) {
        result = VIRTQUEUE_BROKEN;
        why = "a buffer for random bytes has a readable part";
        queue->broken = true;
    }
    if (result == VIRTQUEUE_BROKEN)
        virtio_pci_break(&rng->virtio, why);
    if (result != VIRTQUEUE_CHAIN)
        return false;
    *room = 0;
    for (uint32_t i = 0; i < chain->write_count; i++)
        *room += chain->segments[i].size;
    return true;
}

uint32_t virtio_rng_wanted(struct virtio_rng *rng, uint32_t most) {
    struct virtqueue *queue = &rng->virtio.queues[0];
    struct virtqueue_chain chain;
    uint64_t room;
    do {
        if (take(rng, &chain, &room)) {
            virtqueue_unpop(queue, 1);
            return room < most ? (uint32_t)room : most;
        }
    } while (virtio_pci_ready(&rng->virtio) && virtqueue_arm(queue));
    return 0;
}

void virtio_rng_fill(struct virtio_rng *rng, const void *data, uint32_t size) {
    struct virtqueue_chain chain;
    const uint8_t *from = data;
    uint64_t room;
    if (!take(rng, &chain, &room))
        return;
    uint32_t left = room < size ? (uint32_t)room : size, written = left;
    for (uint32_t i = 0; left; i++) {
        const struct virtqueue_segment *to = &chain.segments[i];
        uint32_t piece = to->size < left ? to->size : left;
        memory_write(&rng->machine->memory, to->address, from, piece);
        from += piece;
        left -= piece;
    }
    virtqueue_push(&rng->virtio.queues[0], chain.head, written);
    virtio_pci_interrupt(&rng->virtio, 0);
}

// ---- the device

static uint64_t features(void *device) {
    (void)device;
    return 0;
}

static void notify(void *device, uint32_t queue) {
    struct virtio_rng *rng = device;
    (void)queue;
    rng->machine->rng_ready = true;
}

static bool reset(void *device) {
    (void)device;
    return true; // nothing of the guest's memory is in use between two steps
}

static const struct virtio_model model = {
    .name = "virtio-rng",
    .type = TYPE_ENTROPY,
    .class_code = CLASS_OTHER,
    .queue_count = 1,
    .features = features,
    .notify = notify,
    .reset = reset,
};

bool virtio_rng_create(struct virtio_rng *rng, struct machine *machine) {
    *rng = (struct virtio_rng){.machine = machine};
    return virtio_pci_create(&rng->virtio, machine, &model, rng);
}

const char *virtio_rng_restore(struct virtio_rng *rng, const struct virtio_rng *saved) {
    return virtio_pci_restore(&rng->virtio, &saved->virtio);
}

void virtio_rng_resume(struct virtio_rng *rng) {
    if (virtio_pci_ready(&rng->virtio))
        virtio_pci_interrupt(&rng->virtio, 0);
}
