// SPDX-License-Identifier: MIT
//
// The virtio console driver: interface Console over the first port of a virtio-console device, so that a system's terminal moves here from the UART's driver by its
// manifest. It needs the capability "device" and serves the port "console". Source: virtio 1.2, 5.3; neither several ports nor sizes are used.
//
// Both directions have back-pressure, and nothing is lost: what is typed stays with the device until somebody reads, and a writer goes on when the device has taken
// what it wrote. So a call that was under way when this domain died may be repeated: a piece of output comes twice rather than not at all. Typed text that was
// here and not read yet is lost then.
#include <string.h>

#include "../inlet.h"
#include "../virtio.h"
#include "bulkhead/domain.h"
#include "bulkhead/mutex.h"
#include "bulkhead/typed.h"
#include "console.h"
#include "kernel.h"

#define BUFFER_SIZE 128u
#define PIECE 512u // bytes in one call of the interface
#define LOOK_NS 250000000ull // both queues are looked at so often, signal or not: an interrupt may have been lost, or the word to the device
#define TO_DRIVER 0
#define TO_DEVICE 1

static struct driver {
    struct bh_typed typed; // first: its functions are methods
    // lock: typed.lock
    struct virtqueue input;
    struct inlet inlet;
    // lock: output_lock
    struct virtqueue output;
    uint8_t *output_memory;
    uint64_t output_address;

    struct bh_mutex output_lock;
    struct virtio_device device;
    bh_cap filled, written; // events of the two queues
} driver;

static void check(enum bh_error error) {
    if (error == BH_EPROTO || virtio_broken(&driver.device))
        bh_panic("the device does not keep to the protocol");
}

static void wait_for_device(struct virtqueue *queue, bh_cap event) {
    if (bh_event_await(event, bh_time_ns() + LOOK_NS) == BH_ETIMEDOUT)
        virtqueue_remind(queue);
}

// ---- input

// Give the device as many buffers as there is room for. Context: typed.lock held.
static void refill(void) {
    inlet_refill(&driver.inlet, bh_typed_room(&driver.typed));
}

// Context: typed.lock held.
static bool take_input(void) {
    volatile uint8_t *bytes;
    uint32_t size;
    bool any = false;
    enum bh_error error;
    while ((error = inlet_take(&driver.inlet, &bytes, &size)) == BH_OK)
        for (uint32_t i = 0; i < size; i++)
            any |= bh_typed_put(&driver.typed, bytes[i]);
    check(error);
    return any;
}

// ---- output

// What the device reads is what a client wrote, before it is told and after it has read; else the client writes it once more, to the next instance.
static void expect_output(const void *data, uint32_t size) {
    if (memcmp(driver.output_memory, data, size) != 0)
        bh_panic("what was written for the device is not what a client wrote");
}

static enum bh_error do_write(void *object, const void *data, uint32_t size) {
    uint32_t tag, unused;
    enum bh_error error;
    (void)object;
    if (!size)
        return BH_OK;
    bh_mutex_lock(&driver.output_lock);
    const struct virtio_segment segment = {driver.output_address, size, false};
    memcpy(driver.output_memory, data, size);
    expect_output(data, size);
    error = virtqueue_add(&driver.output, &segment, 1, NULL, 0, 0);
    if (!error) {
        virtqueue_kick(&driver.output);
        while ((error = virtqueue_take(&driver.output, &tag, &unused)) == BH_EAGAIN)
            if (!virtqueue_arm(&driver.output))
                wait_for_device(&driver.output, driver.written);
        expect_output(data, size);
        if (!error && virtqueue_take(&driver.output, &tag, &unused) != BH_EAGAIN)
            error = BH_EPROTO; // more than was asked for: it may have ended an old one, and not this
    }
    bh_mutex_unlock(&driver.output_lock);
    check(error);
    return error;
}

// ---- start

static enum bh_error take_memory(void) {
    uint64_t address;
    enum bh_error error = device_dma_alloc(driver.device.cap, PIECE + INLET_BUFFERS * BUFFER_SIZE, &address, &driver.output_address);
    if (error)
        return error;
    driver.output_memory = (uint8_t *)address;
    inlet_create(&driver.inlet, &driver.input, driver.output_memory + PIECE, driver.output_address + PIECE, BUFFER_SIZE);
    return BH_OK;
}

static enum bh_error start(void) {
    static const struct console_methods methods = {
        .write = do_write, .read = bh_typed_read, .watch_input = bh_typed_watch_input, .peek = bh_typed_peek, .drop = bh_typed_drop, .look = bh_typed_look,
        .forget = bh_typed_forget};
    static struct bh_typed_text unkept;
    enum bh_error error = bh_event_create(&driver.filled);
    if (!error)
        error = bh_event_create(&driver.written);
    if (!error)
        error = bh_mutex_create(&driver.output_lock);
    if (!error)
        error = bh_typed_create(&driver.typed, bh_typed_buffer(sizeof(unkept), &unkept), refill);
    if (!error)
        error = virtio_open(&driver.device, "device", VIRTIO_F_EVENT_IDX, 0);
    if (!error)
        error = virtqueue_create(&driver.input, &driver.device, TO_DRIVER, INLET_BUFFERS, TO_DRIVER, driver.filled);
    if (!error)
        error = virtqueue_create(&driver.output, &driver.device, TO_DEVICE, INLET_BUFFERS, TO_DEVICE, driver.written);
    if (!error)
        error = take_memory();
    if (error)
        return error;
    virtio_start(&driver.device);
    refill();
    return console_serve("console", &methods, &driver);
}

int main(void) {
    enum bh_error error = start();
    if (error)
        return bh_not_started("no console", error);
    for (;;) {
        bh_mutex_lock(&driver.typed.lock);
        bool any = take_input();
        refill();
        bool more = virtqueue_arm(&driver.input);
        bh_cap watcher = driver.typed.watcher;
        bh_mutex_unlock(&driver.typed.lock);
        if (any && watcher)
            (void)bh_event_signal(watcher); // a reader that is gone will ask again
        if (!more)
            wait_for_device(&driver.input, driver.filled);
    }
}
