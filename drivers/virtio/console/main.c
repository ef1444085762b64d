// SPDX-License-Identifier: MIT
//
// The virtio console driver: interface Console over the first port of a virtio-console device, so that a system's terminal moves here from the UART's driver by its
// manifest. It needs the capability "device" and serves the port "console". Source: virtio 1.2, 5.3; neither several ports nor sizes are used.
//
// Both directions have back-pressure, and nothing is lost: what is typed stays with the device until somebody reads, and a writer goes on when the device has taken
// what it wrote. So a call that was under way when this domain died may be repeated: a piece of output comes twice rather than not at all. Typed text that was
// here and not read yet is lost then.
#include <string.h>

#include "../virtio.h"
#include "bulkhead/domain.h"
#include "bulkhead/mutex.h"
#include "console.h"
#include "kernel.h"

#define BUFFERS 8u
#define BUFFER_SIZE 128u
#define PIECE 512u        // bytes in one call of the interface
#define INPUT_SIZE 4096u  // a power of two
#define TO_DRIVER 0
#define TO_DEVICE 1

static struct driver {
    struct virtio_device device;
    bh_cap typed, written;    // events of the two queues
    struct bh_mutex output_lock, input_lock;
    // lock: output_lock
    struct virtqueue output;
    uint8_t *output_memory;
    uint64_t output_address;
    // lock: input_lock
    struct virtqueue input;
    volatile uint8_t *buffers;
    uint64_t buffers_address;
    bool idle[BUFFERS];       // not with the device
    uint32_t with_device;
    bh_cap watcher;           // event of the reader, or BH_CAP_NONE
    uint8_t text[INPUT_SIZE];
    uint32_t head, tail;      // free-running: taken, put
} driver;

static void check(enum bh_error error) {
    if (error == BH_EPROTO || virtio_broken(&driver.device))
        bh_panic("the device does not keep to the protocol");
}

// ---- input

// Give the device as many buffers as there is room for. Context: input_lock held.
static void refill(void) {
    bool any = false;
    for (uint32_t i = 0; i < BUFFERS; i++) {
        const struct virtio_segment segment = {driver.buffers_address + i * BUFFER_SIZE, BUFFER_SIZE, true};
        uint32_t room = INPUT_SIZE - (driver.tail - driver.head);
        if (!driver.idle[i] || room < (driver.with_device + 1) * BUFFER_SIZE || virtqueue_add(&driver.input, &segment, 1, NULL, 0, i))
            continue;
        driver.idle[i] = false;
        driver.with_device++;
        any = true;
    }
    if (any)
        virtqueue_kick(&driver.input);
}

// Context: input_lock held.
static bool take_input(void) {
    uint32_t index, size;
    bool any = false;
    enum bh_error error;
    while ((error = virtqueue_take(&driver.input, &index, &size)) == BH_OK) {
        for (uint32_t i = 0; i < size; i++)
            driver.text[driver.tail++ % INPUT_SIZE] = driver.buffers[index * BUFFER_SIZE + i];
        driver.idle[index] = true;
        driver.with_device--;
        any |= size != 0;
    }
    check(error);
    return any;
}

// Context: input_lock held.
static uint32_t copy_input(uint8_t *bytes) {
    uint32_t count = 0;
    for (; driver.head + count != driver.tail && count < PIECE; count++)
        bytes[count] = driver.text[(driver.head + count) % INPUT_SIZE];
    return count;
}

static enum bh_error do_read(void *object, void *data, uint32_t *size) {
    (void)object;
    bh_mutex_lock(&driver.input_lock);
    *size = copy_input(data);
    driver.head += *size;
    refill();
    bh_mutex_unlock(&driver.input_lock);
    return BH_OK;
}

static enum bh_error do_peek(void *object, void *data, uint32_t *size) {
    (void)object;
    bh_mutex_lock(&driver.input_lock);
    *size = copy_input(data);
    bh_mutex_unlock(&driver.input_lock);
    return BH_OK;
}

static enum bh_error do_drop(void *object, uint32_t count) {
    (void)object;
    bh_mutex_lock(&driver.input_lock);
    uint32_t waiting = driver.tail - driver.head;
    driver.head += count < waiting ? count : waiting; // a driver that was restarted has fewer than its reader saw
    refill();
    bh_mutex_unlock(&driver.input_lock);
    return BH_OK;
}

static enum bh_error do_watch(void *object, bh_cap event) {
    (void)object;
    bh_mutex_lock(&driver.input_lock);
    bh_cap old = driver.watcher;
    driver.watcher = event;
    bool waiting = driver.head != driver.tail;
    bh_mutex_unlock(&driver.input_lock);
    if (old)
        (void)bh_cap_drop(old);
    return waiting ? bh_event_signal(event) : BH_OK;
}

// ---- output

static enum bh_error do_write(void *object, const void *data, uint32_t size) {
    uint32_t tag, unused;
    enum bh_error error;
    (void)object;
    if (!size)
        return BH_OK;
    bh_mutex_lock(&driver.output_lock);
    const struct virtio_segment segment = {driver.output_address, size, false};
    memcpy(driver.output_memory, data, size);
    error = virtqueue_add(&driver.output, &segment, 1, NULL, 0, 0);
    if (!error) {
        virtqueue_kick(&driver.output);
        while ((error = virtqueue_take(&driver.output, &tag, &unused)) == BH_EAGAIN)
            if (!virtqueue_arm(&driver.output))
                (void)bh_event_wait(driver.written, 0);
    }
    bh_mutex_unlock(&driver.output_lock);
    check(error);
    return error;
}

// ---- start

static enum bh_error take_memory(void) {
    uint64_t address;
    enum bh_error error = device_dma_alloc(driver.device.cap, PIECE + BUFFERS * BUFFER_SIZE, &address, &driver.output_address);
    if (error)
        return error;
    driver.output_memory = (uint8_t *)address;
    driver.buffers = driver.output_memory + PIECE;
    driver.buffers_address = driver.output_address + PIECE;
    memset(driver.idle, true, sizeof(driver.idle));
    return BH_OK;
}

static enum bh_error start(void) {
    static const struct console_methods methods = {.write = do_write, .read = do_read, .watch_input = do_watch, .peek = do_peek, .drop = do_drop};
    enum bh_error error = bh_event_create(&driver.typed);
    if (!error)
        error = bh_event_create(&driver.written);
    if (!error)
        error = bh_mutex_create(&driver.output_lock);
    if (!error)
        error = bh_mutex_create(&driver.input_lock);
    if (!error)
        error = virtio_open(&driver.device, "device", VIRTIO_F_EVENT_IDX, 0);
    if (!error)
        error = virtqueue_create(&driver.input, &driver.device, TO_DRIVER, BUFFERS, TO_DRIVER, driver.typed);
    if (!error)
        error = virtqueue_create(&driver.output, &driver.device, TO_DEVICE, BUFFERS, TO_DEVICE, driver.written);
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
    if (error) {
        bh_error_log("no console: %s", bh_strerror(error));
        return 1;
    }
    for (;;) {
        bh_mutex_lock(&driver.input_lock);
        bool any = take_input();
        refill();
        bool more = virtqueue_arm(&driver.input);
        bh_cap watcher = driver.watcher;
        bh_mutex_unlock(&driver.input_lock);
        if (any && watcher)
            (void)bh_event_signal(watcher); // a reader that is gone will ask again
        if (!more)
            (void)bh_event_wait(driver.typed, 0);
    }
}
