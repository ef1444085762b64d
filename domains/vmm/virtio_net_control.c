// SPDX-License-Identifier: MIT
//
// virtio-net's control queue: which frames the guest wants beside those to its own address (5.1.6.5.1 and 5.1.6.5.2). What it says is noted
// as a NetFilter, which a thread of the vmm carries to the Net domain: a filter that comes a moment later lets pass what the guest drops itself.
#include "virtio_net.h"

#include "machine.h"

#define CLASS_RECEIVE 0
#define RECEIVE_PROMISCUOUS 0
#define RECEIVE_ALL_MULTICAST 1
#define CLASS_MAC 1
#define MAC_TABLE_SET 0
#define ADDRESS_SIZE 6u
#define ACK_OK 0
#define ACK_ERROR 1
#define COMMAND_MAX 8192u

// The readable part of a command, in one piece.
struct command {
    uint32_t size, at;
    uint8_t bytes[COMMAND_MAX];
};

static bool read_command(const struct virtio_net *net, const struct virtqueue_chain *chain, struct command *command) {
    command->size = command->at = 0;
    for (uint32_t i = 0; i < chain->read_count; i++) {
        const struct virtqueue_segment *segment = &chain->segments[i];
        if (segment->size > COMMAND_MAX - command->size)
            return false;
        memory_read(&net->machine->memory, segment->address, command->bytes + command->size, segment->size);
        command->size += segment->size;
    }
    return true;
}

static bool take(struct command *command, void *to, uint32_t size) {
    if (size > command->size - command->at)
        return false;
    memcpy(to, command->bytes + command->at, size);
    command->at += size;
    return true;
}

// One of the two tables, unicast and multicast: a count and addresses. *more: the filter has no room for all.
static bool take_table(struct command *command, struct bh_net_filter *filter, bool *more) {
    uint8_t address[ADDRESS_SIZE];
    uint32_t count;
    if (!take(command, &count, sizeof(count)) || count > (command->size - command->at) / ADDRESS_SIZE)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        (void)take(command, address, sizeof(address));
        if (filter->count < BH_NET_FILTER_MAX)
            memcpy(filter->addresses + ADDRESS_SIZE * filter->count++, address, sizeof(address));
        else
            *more = true;
    }
    return true;
}

static bool set_tables(struct virtio_net *net, struct command *command) {
    struct bh_net_filter filter = {0};
    bool more_unicast = false, more_multicast = false;
    if (!take_table(command, &filter, &more_unicast) || !take_table(command, &filter, &more_multicast))
        return false;
    filter.promiscuous = net->filter.promiscuous;
    filter.all_multicast = net->filter.all_multicast;
    net->filter = filter;
    net->more_unicast = more_unicast;
    net->more_multicast = more_multicast;
    return true;
}

struct bh_net_filter virtio_net_filter(const struct virtio_net *net) {
    struct bh_net_filter filter = net->filter;
    filter.promiscuous |= net->more_unicast;
    filter.all_multicast |= net->more_multicast;
    return filter;
}

static bool execute(struct virtio_net *net, struct command *command) {
    struct {
        uint8_t class, number;
    } head;
    uint8_t on;
    if (!take(command, &head, sizeof(head)))
        return false;
    if (head.class == CLASS_MAC && head.number == MAC_TABLE_SET)
        return set_tables(net, command);
    if (head.class != CLASS_RECEIVE || head.number > RECEIVE_ALL_MULTICAST || !take(command, &on, sizeof(on)))
        return false;
    *(head.number == RECEIVE_PROMISCUOUS ? &net->filter.promiscuous : &net->filter.all_multicast) = on != 0;
    return true;
}

void virtio_net_control(struct virtio_net *net) {
    struct virtqueue *queue = &net->virtio.queues[VIRTIO_NET_CONTROL];
    static struct command command; // under the machine's lock
    struct virtqueue_chain chain;
    const char *why;
    do {
        enum virtqueue_result result;
        UNDO_SAVE(net->machine, net);
        while ((result = virtqueue_pop(queue, &chain, &why)) == VIRTQUEUE_CHAIN) {
            if (!chain.write_count) {
                result = VIRTQUEUE_BROKEN;
                why = "a command has no room for its answer";
                queue->broken = true;
                break;
            }
            bool fine = read_command(net, &chain, &command) && execute(net, &command);
            const struct virtqueue_segment *last = &chain.segments[chain.read_count + chain.write_count - 1];
            const uint8_t ack = fine ? ACK_OK : ACK_ERROR;
            memory_write(&net->machine->memory, last->address, &ack, 1);
            virtqueue_push(queue, chain.head, 1);
            net->wishes = net->machine->net_ready = true;
        }
        if (result == VIRTQUEUE_BROKEN)
            virtio_pci_break(&net->virtio, why);
    } while (virtqueue_arm(queue));
    virtio_pci_interrupt(&net->virtio, VIRTIO_NET_CONTROL);
}
