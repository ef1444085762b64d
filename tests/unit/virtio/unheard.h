// SPDX-License-Identifier: MIT
//
// A device that hears of nothing: it does what is offered only when it is reminded, as if what it says of its wish to be told had changed. With it all that a driver
// of one or two queues calls (drivers/virtio/console, drivers/virtio/rng). Nobody sleeps: every wait is in vain.
#ifndef TESTS_UNHEARD_H
#define TESTS_UNHEARD_H

#include <criterion/criterion.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "bulkhead/domain.h"
#include "drivers/virtio/virtio.h"
#include "kernel.h"

#define QUEUES 2u
#define CHAINS 64u // free-running, modulo this
#define WAITS_MAX 200u
#define MEMORY_AT 0x1000u // where the device has the driver's memory

int driver_main(void); // main() of the driver under test

static struct {
    uint32_t tags[CHAINS], sizes[CHAINS]; // of what is offered, and how much may be written there
    uint64_t addresses[CHAINS];
    uint32_t offered, heard, taken;       // heard: up to there it was done
    uint32_t kicks, reminders;
} device[QUEUES];
static uint8_t memory[16384];
static uint32_t waits, hears_most = UINT32_MAX; // so many chains, and then no more
static uint64_t now_ns;
static jmp_buf served; // main() waits for the device for the first time

// What the device does with a chain: returns the bytes that it wrote.
static uint32_t device_does(uint32_t queue, uint8_t *bytes, uint32_t room);

enum bh_error virtio_open(struct virtio_device *of, const char *name, uint64_t wanted, uint64_t required) {
    (void)of, (void)name, (void)wanted, (void)required;
    return BH_OK;
}

void virtio_start(struct virtio_device *of) {
    (void)of;
}

bool virtio_broken(struct virtio_device *of) {
    (void)of;
    return false;
}

enum bh_error virtqueue_create(struct virtqueue *queue, struct virtio_device *of, uint16_t index, uint16_t size, uint32_t vector, bh_cap event) {
    (void)vector, (void)event;
    cr_assert_lt(index, QUEUES);
    *queue = (struct virtqueue){.device = of, .index = index, .size = size};
    return BH_OK;
}

enum bh_error virtqueue_add(struct virtqueue *queue, const struct virtio_segment *segments, uint32_t count, volatile struct virtq_descriptor *table,
                            uint64_t table_address, uint32_t tag) {
    (void)table, (void)table_address;
    uint32_t at = device[queue->index].offered++ % CHAINS;
    cr_assert_eq(count, 1);
    device[queue->index].tags[at] = tag;
    device[queue->index].sizes[at] = segments->size;
    device[queue->index].addresses[at] = segments->address;
    return BH_OK;
}

void virtqueue_kick(struct virtqueue *queue) {
    device[queue->index].kicks++; // and nothing comes of it
}

void virtqueue_remind(struct virtqueue *queue) {
    device[queue->index].heard = device[queue->index].offered < hears_most ? device[queue->index].offered : hears_most;
    device[queue->index].reminders++;
}

enum bh_error virtqueue_take(struct virtqueue *queue, uint32_t *tag, uint32_t *written) {
    uint32_t at = device[queue->index].taken % CHAINS;
    if (device[queue->index].taken == device[queue->index].heard)
        return BH_EAGAIN;
    device[queue->index].taken++;
    *tag = device[queue->index].tags[at];
    *written = device_does(queue->index, memory + device[queue->index].addresses[at] - MEMORY_AT, device[queue->index].sizes[at]);
    return BH_OK;
}

bool virtqueue_arm(struct virtqueue *queue) {
    return device[queue->index].taken != device[queue->index].heard;
}

enum bh_error device_dma_alloc(bh_cap cap, uint64_t size, uint64_t *address, uint64_t *device_address) {
    (void)cap;
    cr_assert_leq(size, sizeof(memory));
    *address = (uint64_t)memory;
    *device_address = MEMORY_AT;
    return BH_OK;
}

enum bh_error bh_event_create(bh_cap *event) {
    static bh_cap last;
    *event = ++last;
    return BH_OK;
}

enum bh_error bh_event_signal(bh_cap event) {
    (void)event;
    return BH_OK;
}

static bool is_serving; // main() has got as far as its first wait

enum bh_error bh_event_wait(bh_cap event, uint64_t deadline_ns) {
    (void)event;
    if (!is_serving) {
        is_serving = true;
        longjmp(served, 1);
    }
    cr_assert_lt(++waits, WAITS_MAX, "it waits for ever");
    cr_assert_neq(deadline_ns, 0, "it waits without a limit");
    now_ns = deadline_ns;
    return BH_ETIMEDOUT;
}

enum bh_error bh_cap_drop(bh_cap cap) {
    (void)cap;
    return BH_OK;
}

void bh_yield(void) {
}

uint64_t bh_time_ns(void) {
    return now_ns;
}

void bh_panic(const char *format, ...) {
    cr_assert(false, "the driver dies: %s", format);
    abort();
}

void bh_error_log(const char *format, ...) {
    (void)format;
}

const char *bh_strerror(enum bh_error error) {
    (void)error;
    return "an error";
}

// Have the driver start, until it waits.
static void serve(void) {
    now_ns = 1;
    if (!setjmp(served))
        (void)driver_main();
}

#endif
