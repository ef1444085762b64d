// SPDX-License-Identifier: MIT
//
// The virtio entropy driver: interface Entropy over a virtio-rng device. It needs the capability "device" and serves the port "entropy". Source: virtio 1.2, 5.4.
//
// A pool is filled ahead, so that a call seldom waits. The device writes into buffers of this domain's DMA memory; what it says it wrote is copied into the pool
// once and wiped behind it, and so is what a client has been given: no byte is given twice, nor found here later. How random the bytes are is the device's word.
// When this domain dies, the pool dies with it; callers see BH_EDEAD and ask again.
#include "../inlet.h"
#include "../virtio.h"
#include "bulkhead/domain.h"
#include "bulkhead/mutex.h"
#include "entropy.h"
#include "kernel.h"

#define BUFFER_SIZE 256u
#define POOL_SIZE 4096u // a power of two
#define EMPTY_MAX 64u   // buffers that come back empty one after the other, until the device is taken to be broken
#define WAIT_NS 5000000000ull
#define LOOK_NS 100000000ull

static struct driver {
    struct virtio_device device;
    struct virtqueue queue;
    bh_cap interrupt, more; // more: there is something new in the pool
    struct bh_mutex lock;   // for all that follows, and the queue
    struct bh_mutex turn;   // who waits for more
    struct inlet inlet;
    uint32_t empty;         // buffers that came back so, one after the other
    uint8_t pool[POOL_SIZE];
    uint32_t head, tail;    // free-running: given, received
    struct bh_entropy_counters counters;
} driver;

// Let the device fill as much as the pool has room for. Context: lock held.
static void refill(void) {
    inlet_refill(&driver.inlet, POOL_SIZE - (driver.tail - driver.head));
}

// Context: lock held.
static bool take_all(void) {
    volatile uint8_t *from;
    uint32_t written;
    bool any = false;
    enum bh_error error;
    while ((error = inlet_take(&driver.inlet, &from, &written)) == BH_OK) {
        for (uint32_t i = 0; i < written; i++) {
            driver.pool[driver.tail++ % POOL_SIZE] = from[i];
            from[i] = 0;
        }
        driver.counters.received += written;
        driver.empty = written ? 0 : driver.empty + 1;
        any |= written != 0;
        if (driver.empty == EMPTY_MAX)
            bh_panic("the device gave nothing in %u buffers", EMPTY_MAX);
    }
    if (error == BH_EPROTO || virtio_broken(&driver.device))
        bh_panic("the device does not keep to the protocol");
    return any;
}

// Context: lock held.
static void give(uint8_t *data, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) {
        uint8_t *byte = &driver.pool[driver.head++ % POOL_SIZE];
        data[i] = *byte;
        *byte = 0;
    }
    driver.counters.given += size;
    refill();
}

static uint64_t next_look(uint64_t deadline) {
    uint64_t look = bh_time_ns() + LOOK_NS;
    return look < deadline ? look : deadline;
}

// Who waits has the queue looked at now and then, by both sides: an interrupt may have been lost, or the word to the device.
static enum bh_error wait_for_more(uint64_t deadline) {
    enum bh_error error = bh_event_await(driver.more, next_look(deadline));
    if (error != BH_ETIMEDOUT || bh_time_ns() >= deadline)
        return error;
    virtqueue_remind(&driver.queue);
    return bh_event_signal(driver.interrupt);
}

// By pieces, since a call that waits for the same thing for long is one that hangs (docs/recovery.md).
static enum bh_error take_turn(uint64_t deadline) {
    enum bh_error error;
    while ((error = bh_mutex_lock_by(&driver.turn, next_look(deadline))) == BH_ETIMEDOUT && bh_time_ns() < deadline)
        ;
    return error;
}

// Context: it is the caller's turn, and lock held, but while it waits.
static enum bh_error wait_for_bytes(uint32_t size, uint64_t deadline) {
    enum bh_error error = BH_OK;
    bool waited = false;
    while (!error && driver.tail - driver.head < size) {
        waited = true;
        bh_mutex_unlock(&driver.lock);
        error = wait_for_more(deadline);
        bh_mutex_lock(&driver.lock);
        (void)take_all(); // the main thread does, too, if all is well
        refill();
    }
    driver.counters.waits += waited;
    return driver.tail - driver.head < size ? error : BH_OK; // what came with the last look counts
}

static enum bh_error do_read(void *object, uint32_t size, void *data, uint32_t *data_size) {
    (void)object;
    uint64_t deadline = bh_time_ns() + WAIT_NS;
    *data_size = 0;
    if (!size || size > BH_ENTROPY_MAX)
        return BH_ERANGE;
    if (take_turn(deadline))
        return BH_ETIMEDOUT;
    bh_mutex_lock(&driver.lock);
    enum bh_error error = wait_for_bytes(size, deadline);
    if (!error) {
        give(data, size);
        *data_size = size;
    }
    bh_mutex_unlock(&driver.lock);
    bh_mutex_unlock(&driver.turn);
    return error ? BH_ETIMEDOUT : BH_OK;
}

static enum bh_error get_counters(void *object, struct bh_entropy_counters *counters) {
    (void)object;
    bh_mutex_lock(&driver.lock);
    *counters = driver.counters;
    bh_mutex_unlock(&driver.lock);
    return BH_OK;
}

// ---- start

static enum bh_error open_device(void) {
    uint64_t address, device_address;
    enum bh_error error = virtio_open(&driver.device, "device", VIRTIO_F_EVENT_IDX, 0);
    if (!error)
        error = virtqueue_create(&driver.queue, &driver.device, 0, INLET_BUFFERS, 0, driver.interrupt);
    if (!error)
        error = device_dma_alloc(driver.device.cap, INLET_BUFFERS * BUFFER_SIZE, &address, &device_address);
    if (error)
        return error;
    inlet_create(&driver.inlet, &driver.queue, (volatile uint8_t *)address, device_address, BUFFER_SIZE);
    virtio_start(&driver.device);
    refill();
    return BH_OK;
}

static enum bh_error start(void) {
    static const struct entropy_methods methods = {do_read, get_counters};
    enum bh_error error = bh_event_create(&driver.interrupt);
    if (!error)
        error = bh_event_create(&driver.more);
    if (!error)
        error = bh_mutex_create(&driver.lock);
    if (!error)
        error = bh_mutex_create(&driver.turn);
    if (!error)
        error = open_device();
    return error ? error : entropy_serve("entropy", &methods, &driver);
}

int main(void) {
    enum bh_error error = start();
    if (error)
        return bh_not_started("no entropy", error);
    for (;;) {
        bh_mutex_lock(&driver.lock);
        bool any = take_all();
        refill();
        bool more = virtqueue_arm(&driver.queue);
        bh_mutex_unlock(&driver.lock);
        if (any)
            (void)bh_event_signal(driver.more);
        if (!more)
            (void)bh_event_await(driver.interrupt, 0);
    }
}
