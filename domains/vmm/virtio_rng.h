// SPDX-License-Identifier: MIT
//
// The guest's source of entropy: random bytes of an Entropy domain go into the buffers that the guest offers. Source: virtio 1.2, 5.4.
//
// No buffer is taken from the guest before there are bytes for it, so nothing is under way between two steps: a vmm that dies leaves nothing to be
// put back, and one that waits for the Entropy domain holds nothing of the guest's.
//
// Context: under the machine's lock.
#ifndef VMM_VIRTIO_RNG_H
#define VMM_VIRTIO_RNG_H

#include "virtio_pci.h"

struct virtio_rng {
    struct virtio_pci virtio;
    struct machine *machine;
};

// False when the bus is full.
bool virtio_rng_create(struct virtio_rng *rng, struct machine *machine);
// How many bytes the guest's next buffer has room for, `most` at most. 0: it offers none, and its next one sets `rng_ready` of the machine.
uint32_t virtio_rng_wanted(struct virtio_rng *rng, uint32_t most);
// Put `size` random bytes into its next buffer, or as many as fit; the guest may have taken its wish back meanwhile.
void virtio_rng_fill(struct virtio_rng *rng, const void *data, uint32_t size);

// Take over the state of an earlier instance (device.h, restore).
const char *virtio_rng_restore(struct virtio_rng *rng, const struct virtio_rng *saved);
// Then: show the guest what it was given.
void virtio_rng_resume(struct virtio_rng *rng);

#endif
