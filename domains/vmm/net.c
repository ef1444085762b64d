// SPDX-License-Identifier: MIT
//
// The vmm's door to the network: a domain that serves Net, the switch or a card's driver, with one pair of rings and their pool. The card itself
// is virtio_net.c. Three threads: one for frames that come, one for transmissions that the guest waits for, one that asks the Net domain for what
// the guest wishes (offloads, filter) and for the link. A Net domain that was restarted knows nothing of that: its rings' epoch tells, and it is
// asked anew. No call is made under the machine's lock.
#include "vmm.h"

#include "bulkhead/domain.h"
#include "net.h"

#define DEVICE_PRIORITY 2
#define AGAIN_NS 10000000u

void net_tell(void) {
    bh_ring_submit_notify(&vmm.net.transmit);
    bh_ring_submit_notify(&vmm.net.receive);
    if (vmm.machine->net.wishes)
        (void)bh_event_signal(vmm.net_event);
}

static void receive_thread(uint64_t argument) {
    uint32_t epoch = vmm.net.receive.epoch;
    (void)argument;
    for (;;) {
        undo_lock_aside(vmm.machine);
        bool more = virtio_net_receive(&vmm.machine->net);
        if (epoch != vmm.net.receive.epoch)
            vmm.machine->net.wishes = vmm.machine->net_ready = true; // the new server knows none of them
        epoch = vmm.net.receive.epoch;
        vmm_unlock_and_kick();
        if (!more)
            (void)bh_event_await(vmm.net.receive.info.completion_event, 0);
    }
}

static void transmit_thread(uint64_t argument) {
    (void)argument;
    for (;;) {
        (void)bh_event_await(vmm.net.transmit.info.completion_event, 0);
        undo_lock_aside(vmm.machine);
        virtio_net_transmitted(&vmm.machine->net);
        vmm_unlock_and_kick();
    }
}

// Whatever woke it: everything is told and asked again.
static void control_thread(uint64_t argument) {
    struct virtio_net *net = &vmm.machine->net;
    (void)argument;
    for (;;) {
        struct bh_net_info info;
        undo_lock_aside(vmm.machine);
        net->wishes = false;
        uint32_t offloads = virtio_net_offloads(net), epoch = vmm.net.receive.epoch;
        struct bh_net_filter filter = virtio_net_filter(net);
        undo_unlock_aside(vmm.machine);
        if (bh_net_introduce(&vmm.net, epoch, vmm.net_event, offloads, &filter, &info)) {
            (void)bh_event_await(vmm.net_event, bh_time_ns() + AGAIN_NS); // the server is being replaced
            continue;
        }
        undo_lock_aside(vmm.machine);
        virtio_net_set_link(net, info.link);
        vmm_unlock_and_kick();
        (void)bh_event_await(vmm.net_event, 0);
    }
}

enum bh_error net_threads(void) {
    enum bh_error error = bh_thread_create(receive_thread, 0, DEVICE_PRIORITY);
    if (!error)
        error = bh_thread_create(transmit_thread, 0, DEVICE_PRIORITY);
    if (!error)
        error = bh_thread_create(control_thread, 0, DEVICE_PRIORITY);
    return error;
}

enum bh_error net_attach(void) {
    if (vmm.net_event)
        return BH_OK; // it is done
    enum bh_error error = bh_net_attach(&vmm.net, "net");
    return error ? error : bh_event_create(&vmm.net_event);
}

enum bh_error net_start(struct machine *machine) {
    struct bh_net_info info;
    uint64_t deadline = bh_time_ns() + BH_SERVER_WAIT_NS;
    enum bh_error error = net_attach();
    if (error == BH_ENOENT)
        return BH_OK; // a guest without a network
    while (!error && bh_may_pass(error = net_info(vmm.net.net, &info)) && bh_time_ns() < deadline) {
        bh_sleep_for(AGAIN_NS); // its server starts, or is being restarted
        error = BH_OK;
    }
    if (error) {
        bh_error_log("the network is not usable: %s", bh_strerror(error));
        return error;
    }
    machine->has_net = virtio_net_create(&machine->net, machine, &vmm.net, &info);
    if (!machine->has_net)
        return BH_ENOSPC;
    bh_info("network: %02x:%02x:%02x:%02x:%02x:%02x, MTU %u", info.mac[0], info.mac[1], info.mac[2], info.mac[3], info.mac[4], info.mac[5], info.mtu);
    return BH_OK;
}
