// SPDX-License-Identifier: MIT
//
// The vmm's door to random bytes: a domain that serves Entropy. The device is virtio_rng.c. One thread: it asks for as many bytes as the guest's next
// buffer holds, without the machine's lock, and then fills it. While that domain is dead, or its device gives nothing, the guest waits, as it would for a
// slow device. What could not be delivered is forgotten: no byte goes to a guest that did not ask for it, and none is kept here.
#include "vmm.h"

#include "bulkhead/domain.h"
#include "entropy.h"

#define DEVICE_PRIORITY 2
#define AGAIN_NS 10000000u

void entropy_tell(void) {
    (void)bh_event_signal(vmm.rng_event);
}

static uint32_t wanted(void) {
    undo_lock_aside(vmm.machine);
    uint32_t size = virtio_rng_wanted(&vmm.machine->rng, BH_ENTROPY_MAX);
    vmm_unlock_and_kick();
    return size;
}

static void entropy_thread(uint64_t argument) {
    (void)argument;
    for (;;) {
        uint8_t data[BH_ENTROPY_MAX];
        uint32_t size = wanted(), got = 0;
        if (!size) {
            (void)bh_event_await(vmm.rng_event, 0);
        } else if (entropy_read(vmm.entropy, size, data, &got) || !got) {
            bh_sleep_for(AGAIN_NS); // its server is being replaced, or its device has nothing; the guest may have given up meanwhile
        } else {
            undo_lock_aside(vmm.machine);
            virtio_rng_fill(&vmm.machine->rng, data, got);
            vmm_unlock_and_kick();
            explicit_bzero(data, sizeof(data));
        }
    }
}

enum bh_error entropy_find(void) {
    if (vmm.rng_event)
        return BH_OK;
    enum bh_error error = bh_cap_find("entropy", &vmm.entropy);
    return error ? error : bh_event_create(&vmm.rng_event);
}

enum bh_error entropy_start(struct machine *machine) {
    enum bh_error error = entropy_find();
    if (error == BH_ENOENT)
        return BH_OK; // a guest without a source of entropy
    if (error) {
        bh_error_log("the source of entropy is not usable: %s", bh_strerror(error));
        return error;
    }
    machine->has_rng = virtio_rng_create(&machine->rng, machine);
    return machine->has_rng ? BH_OK : BH_ENOSPC;
}

enum bh_error entropy_thread_start(void) {
    return bh_thread_create(entropy_thread, 0, DEVICE_PRIORITY);
}
