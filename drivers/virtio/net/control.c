// SPDX-License-Identifier: MIT
//
// Commands to the device through its control queue: one at a time, each answered within a time limit. The queue raises no interrupt; commands are rare, and
// whoever gives one looks for its answer. Source: virtio 1.2, 5.1.6.5.
#include "card.h"

#include <string.h>

#include "kernel.h"

#define ANSWER_POLL_NS 50000ull
#define ANSWER_LIMIT_NS 5000000000ull
#define CONTROL_QUEUE_SIZE 16
#define NO_ANSWER 0xff

enum command : uint16_t { // class, then command
    COMMAND_PROMISCUOUS = 0 << 8 | 0,
    COMMAND_ALL_MULTICAST = 0 << 8 | 1,
    COMMAND_MAC_TABLE = 1 << 8 | 0,
    COMMAND_PAIRS = 4 << 8 | 0,
};

// What the device reads, and its answer behind it.
struct control_memory {
    uint8_t group, command;
    uint8_t data[2 * sizeof(uint32_t) + BH_NET_FILTER_MAX * MAC_SIZE];
    volatile uint8_t answer;
};

static struct control_memory *memory(void) {
    return (struct control_memory *)card.control_memory;
}

enum bh_error control_create(void) {
    uint64_t address;
    uint16_t index = card.device.features & NET_F_MQ ? (uint16_t)(2 * card.device_pairs) : 2;
    if (!(card.device.features & NET_F_CTRL_VQ))
        return BH_OK;
    if (!card.control_memory) {
        enum bh_error error = device_dma_alloc(card.device.cap, sizeof(struct control_memory), &address, &card.control_address);
        if (error)
            return error;
        card.control_memory = (uint8_t *)address;
    }
    return virtqueue_create(&card.control, &card.device, index, CONTROL_QUEUE_SIZE, VIRTIO_NO_VECTOR, BH_CAP_NONE);
}

static enum bh_error give(enum command command, uint32_t size) {
    struct control_memory *words = memory();
    const struct virtio_segment parts[] = {{card.control_address, 2 + size, false},
                                           {card.control_address + offsetof(struct control_memory, answer), 1, true}};
    uint64_t deadline = bh_time_ns() + ANSWER_LIMIT_NS;
    uint32_t tag, written;
    words->group = (uint8_t)(command >> 8);
    words->command = (uint8_t)command;
    words->answer = NO_ANSWER;
    enum bh_error error = virtqueue_add(&card.control, parts, 2, NULL, 0, 0);
    if (error)
        return error;
    virtqueue_kick(&card.control);
    while ((error = virtqueue_take(&card.control, &tag, &written)) == BH_EAGAIN && bh_time_ns() < deadline)
        bh_sleep_for(ANSWER_POLL_NS);
    if (error) {
        bh_error_log("the device does not answer command %u.%u", command >> 8, command & 0xff);
        card_broken();
    }
    uint8_t answer = words->answer;
    if (!answer)
        return BH_OK;
    bh_warn("the device refuses command %u.%u (%u)", command >> 8, command & 0xff, answer);
    return BH_EIO;
}

enum bh_error control_set_pairs(uint32_t count) {
    uint16_t word = (uint16_t)count;
    memcpy(memory()->data, &word, sizeof(word));
    return give(COMMAND_PAIRS, sizeof(word));
}

static enum bh_error give_flag(enum command command, bool on) {
    memory()->data[0] = on;
    return give(command, 1);
}

// Append those addresses of the filter that are multicast ones, or those that are not, behind their number.
static uint32_t list_addresses(uint32_t at, bool multicast) {
    uint32_t count = 0, size = (uint32_t)sizeof(count);
    for (uint32_t i = 0; i < card.filter.count; i++) {
        const uint8_t *address = &card.filter.addresses[i * MAC_SIZE];
        if ((address[0] & 1) != multicast)
            continue;
        memcpy(memory()->data + at + size, address, MAC_SIZE);
        size += MAC_SIZE;
        count++;
    }
    memcpy(memory()->data + at, &count, sizeof(count));
    return at + size;
}

enum bh_error control_set_filter(void) {
    enum bh_error error = give_flag(COMMAND_PROMISCUOUS, card.filter.promiscuous);
    if (!error)
        error = give_flag(COMMAND_ALL_MULTICAST, card.filter.all_multicast);
    return error ? error : give(COMMAND_MAC_TABLE, list_addresses(list_addresses(0, false), true));
}
