// SPDX-License-Identifier: MIT
//
// The virtio block driver: requests from a BlockRing to a virtio-blk device and back. Source: virtio 1.2, 5.2.
//
// The data stay where the client has them: the device reads and writes the ring's buffer itself, and this domain cannot even map it.
// One thread and one event serve both sides: the client's submissions and the device's interrupts raise the same event. When this
// domain dies, requests in flight stay in the ring's log, and the next instance takes them from there.
#include <string.h>

#include "blk.h"
#include "bulkhead/domain.h"
#include "bulkhead/settings.h"
#include "kernel.h"

#define QUEUE_SIZE 256
#define SERIAL_TIMEOUT_NS 5000000000ull
#define TIMEOUT_MS 5000u
#define TIMEOUT_MS_MIN 200u
#define TIMEOUT_MS_MAX 600000u

enum : uint64_t {
    BLK_F_SIZE_MAX = 1ull << 1,
    BLK_F_SEG_MAX = 1ull << 2,
    BLK_F_READ_ONLY = 1ull << 5,
    BLK_F_BLOCK_SIZE = 1ull << 6,
    BLK_F_FLUSH = 1ull << 9,
};

// Device configuration (5.2.4), as far as it is used.
struct blk_config {
    uint64_t capacity; // sectors
    uint32_t size_max, segment_max, geometry, block_size;
};

static struct driver {
    struct bh_block_server server;
    struct virtio_device device;
    struct virtqueue queue;
    struct blk_memory *requests; // entry_count of them, DMA memory
} driver;

// ---- requests

// Nothing is published that is not what the ring says.
static void start(uint32_t slot, const struct bh_block_request *request) {
    struct bh_block_difference difference;
    enum bh_error error = request_write(&driver.queue, slot, request);
    if (error) // it was checked, and there was room: what we know is wrong, not the request
        bh_panic("request %u cannot be offered to the device: %s", slot, bh_strerror(error));
    if (!check_written(&driver.queue, slot, bh_block_entry(&driver.server, slot), &difference))
        bh_block_differs(&driver.server, slot, &difference);
    virtqueue_publish(&driver.queue);
}

// For the longest request.
static bool has_room(void) {
    return driver.queue.free_count >= (driver.device.features & VIRTIO_F_INDIRECT_DESC ? 1 : driver.server.info.segment_max + 2);
}

// Returns whether anything was done.
static bool take_requests(void) {
    struct bh_block_request request;
    uint32_t slot;
    bool any = false;
    while (has_room() && bh_block_take(&driver.server, &slot, &request)) {
        start(slot, &request);
        bh_block_sent(&driver.server, slot);
        any = true;
    }
    if (any)
        virtqueue_kick(&driver.queue);
    bh_block_tell(&driver.server); // of those that were refused
    return any;
}

static enum bh_error status_of(uint32_t slot) {
    switch (driver.requests[slot].status) {
    case BLK_OK:
        return BH_OK;
    case BLK_UNSUPPORTED:
        if (driver.requests[slot].type <= BLK_OUT) // every device reads and writes: this is not the request that was meant
            bh_panic("the device does not know request %u, a %s", slot, driver.requests[slot].type == BLK_OUT ? "write" : "read");
        return BH_ENOTSUP;
    case BLK_IO_ERROR:
        return BH_EIO;
    default:
        bh_panic("the device ends request %u with status %u, which there is not", slot, driver.requests[slot].status);
    }
}

static bool take_ends(void) {
    uint32_t slot, written;
    bool any = false;
    enum bh_error error;
    while ((error = virtqueue_take(&driver.queue, &slot, &written)) == BH_OK) {
        if (driver.requests[slot].status == BLK_NO_ANSWER) // it did not reach our memory, or did nothing
            bh_panic("the device ended request %u and did not say how", slot);
        if (!check_kept(slot)) { // the successor does what was asked
            bh_block_blame(&driver.server, slot);
            bh_panic("request %u has changed since it was compared with the ring: the device may have done something else", slot);
        }
        enum bh_error status = status_of(slot);
        request_retire(slot);
        bh_block_end(&driver.server, slot, status);
        any = true;
    }
    // A device that lies is reset by the kernel when this domain is gone; the log of requests is safe in the ring.
    if (error == BH_EPROTO || virtio_broken(&driver.device))
        bh_panic("the device does not keep to the protocol");
    bh_block_tell(&driver.server);
    return any;
}

// What gets lost may be the interrupt or the word to the device.
static void wait_for_work(void) {
    bh_block_wait(&driver.server);
    if (driver.server.waited_in_vain)
        virtqueue_remind(&driver.queue);
}

[[noreturn]] static void serve(void) {
    for (;;) {
        bool busy = take_ends();
        busy |= take_requests();
        if (busy || virtqueue_arm(&driver.queue))
            continue;
        if (!has_room() && !driver.server.in_flight_count)
            bh_panic("the queue has no room, and nothing is in flight");
        // Without room in the queue only the device can bring the next piece of work.
        if (!has_room() || !bh_ring_arm_submit(&driver.server.ring))
            wait_for_work();
    }
}

// ---- start

static void read_config(void) {
    struct blk_config config = {0};
    uint64_t features = driver.device.features;
    virtio_config(&driver.device, 0, &config, sizeof(config));
    uint32_t limit = features & BLK_F_SEG_MAX ? config.segment_max : 1;
    uint32_t room = driver.queue.size - 2u;
    if (limit > room)
        limit = room;
    struct bh_block_server *server = &driver.server;
    server->segment_size_max = features & BLK_F_SIZE_MAX && config.size_max >= BH_BLOCK_SECTOR ? config.size_max : UINT32_MAX;
    server->unit = BH_BLOCK_SECTOR;
    server->alignment = 1;
    server->identifies = true;
    server->info.sector_count = config.capacity;
    server->info.block_size = features & BLK_F_BLOCK_SIZE && config.block_size >= BH_BLOCK_SECTOR ? config.block_size : BH_BLOCK_SECTOR;
    server->info.segment_max = !limit ? 1 : limit < BH_BLOCK_SEGMENTS_MAX ? limit : BH_BLOCK_SEGMENTS_MAX;
    server->info.read_only = (features & BLK_F_READ_ONLY) != 0;
    server->info.flush = (features & BLK_F_FLUSH) != 0;
}

// The device's serial number, by the first request of all. A device without one has an empty one.
static void read_serial(void) {
    struct blk_memory *memory = &driver.requests[0];
    uint32_t slot, written;
    uint64_t deadline = bh_time_ns() + SERIAL_TIMEOUT_NS;
    if (request_write_serial(&driver.queue))
        return;
    virtqueue_publish(&driver.queue);
    virtqueue_kick(&driver.queue);
    while (virtqueue_take(&driver.queue, &slot, &written) == BH_EAGAIN)
        if (!virtqueue_arm(&driver.queue) && bh_event_await(driver.server.ring.info.submit_event, deadline) == BH_ETIMEDOUT)
            bh_panic("the device does not answer its first request");
    if (memory->status == BLK_OK)
        memcpy(driver.server.info.serial, memory->serial, BLK_SERIAL_SIZE);
    driver.server.info.serial[BLK_SERIAL_SIZE] = 0;
    request_retire(0);
}

static enum bh_error open_device(void) {
    const uint64_t wanted = BLK_F_SIZE_MAX | BLK_F_SEG_MAX | BLK_F_READ_ONLY | BLK_F_BLOCK_SIZE | BLK_F_FLUSH | VIRTIO_F_INDIRECT_DESC |
                            VIRTIO_F_EVENT_IDX;
    struct blk_places places = {.data_address = driver.server.data_address};
    uint64_t address;
    enum bh_error error = virtio_open(&driver.device, "device", wanted, 0);
    if (!error)
        error = virtqueue_create(&driver.queue, &driver.device, 0, QUEUE_SIZE, 0, driver.server.ring.info.submit_event);
    if (!error)
        error = device_dma_alloc(driver.device.cap, driver.server.ring.info.entry_count * sizeof(struct blk_memory), &address,
                                 &places.memory_address);
    if (error)
        return error;
    driver.requests = places.memory = (struct blk_memory *)address;
    places.indirect = driver.device.features & VIRTIO_F_INDIRECT_DESC;
    request_open(&places, driver.server.ring.info.entry_count);
    check_open(&places);
    read_config();
    virtio_start(&driver.device);
    return BH_OK;
}

int main(void) {
    uint64_t timeout_ms = TIMEOUT_MS;
    enum bh_error error = bh_block_attach(&driver.server);
    if (!error)
        error = bh_setting_number("timeout_ms", TIMEOUT_MS_MIN, TIMEOUT_MS_MAX, &timeout_ms);
    driver.server.timeout_ns = timeout_ms * 1000000;
    if (!error)
        error = open_device();
    if (error)
        return bh_block_failed(driver.device.cap, error);
    read_serial();
    error = bh_block_serve(&driver.server);
    if (error)
        return bh_block_failed(driver.device.cap, error);
    const struct bh_block_info *info = &driver.server.info;
    bh_info("%llu sectors, %u segments at most%s%s%s, serial \"%s\"", (unsigned long long)info->sector_count, info->segment_max,
            info->flush ? ", flush" : "", info->read_only ? ", read only" : "", driver.queue.is_packed ? ", packed queue" : "", info->serial);
    serve();
}
