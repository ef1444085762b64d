// SPDX-License-Identifier: MIT
//
// The virtio block driver: requests from a BlockRing to a virtio-blk device and back. Source: virtio 1.2, 5.2.
//
// The data stay where the client has them: the device reads and writes the ring's buffer itself, and this domain cannot even map it.
// One thread and one event serve both sides: the client's submissions and the device's interrupts raise the same event. When this
// domain dies, requests in flight stay in the ring's log, and the next instance takes them from there.
#include <string.h>

#include "../virtio.h"
#include "block.h"
#include "bulkhead/domain.h"
#include "kernel.h"
#include "patience.h"

#define SECTOR 512u
#define QUEUE_SIZE 256
#define SERIAL_SIZE 20u
#define SERIAL_TIMEOUT_NS 5000000000ull
#define PARTS_MAX (BH_BLOCK_SEGMENTS_MAX + 2) // header and status around the data

enum : uint64_t {
    BLK_F_SIZE_MAX = 1ull << 1,
    BLK_F_SEG_MAX = 1ull << 2,
    BLK_F_READ_ONLY = 1ull << 5,
    BLK_F_BLOCK_SIZE = 1ull << 6,
    BLK_F_FLUSH = 1ull << 9,
};

enum operation : uint32_t { BLK_IN = 0, BLK_OUT = 1, BLK_FLUSH = 4, BLK_GET_ID = 8 };
enum blk_status : uint8_t { BLK_OK = 0, BLK_IO_ERROR = 1, BLK_UNSUPPORTED = 2, BLK_NO_ANSWER = 0xff };

// Device configuration (5.2.4), as far as it is used.
struct blk_config {
    uint64_t capacity; // sectors
    uint32_t size_max, segment_max, geometry, block_size;
};

// What the device reads and writes for one request, beside the data. One for each slot of the ring.
struct request_memory {
    uint32_t type, reserved;
    uint64_t sector;
    volatile uint8_t status;
    uint8_t pad[47];
    volatile struct virtq_descriptor table[PARTS_MAX];
    uint8_t serial[32];
};
static_assert(sizeof(struct request_memory) == 576);

static struct driver {
    struct virtio_device device;
    struct virtqueue queue;
    struct bh_ring ring;
    struct bh_block_info info;
    struct request_memory *requests; // entry_count of them, DMA memory
    uint64_t requests_address;       // as the device sees them
    uint64_t data_address, data_size;
    uint32_t size_max;
    uint32_t transfer[BH_RING_ENTRIES_MAX]; // by slot: bytes
    bool told; // about the first request after a restart
} driver;

static enum bh_error get_info(void *object, struct bh_block_info *info) {
    (void)object;
    *info = driver.info;
    return BH_OK;
}

// ---- requests

static enum bh_error check_segment(const struct bh_block_segment *segment) {
    if (segment->size % SECTOR || !segment->size || segment->size > driver.size_max)
        return BH_EINVAL;
    if (segment->offset > driver.data_size || segment->size > driver.data_size - segment->offset)
        return BH_ERANGE;
    return BH_OK;
}

// All that the client says about its request, before anything is built from it.
static enum bh_error check(const struct bh_block_request *request, uint32_t *bytes) {
    uint64_t total = 0;
    if (request->operation > BH_BLOCK_OPERATION_IDENTIFY)
        return BH_ENOTSUP;
    if (request->segment_count > driver.info.segment_max)
        return BH_ERANGE;
    if (request->operation == BH_BLOCK_OPERATION_FLUSH)
        return request->segment_count ? BH_EINVAL : BH_OK;
    for (uint32_t i = 0; i < request->segment_count; i++) {
        enum bh_error error = check_segment(&request->segments[i]);
        if (error)
            return error;
        total += request->segments[i].size;
    }
    if (!total || (request->operation == BH_BLOCK_OPERATION_IDENTIFY && request->segment_count != 1))
        return BH_EINVAL;
    if (request->operation == BH_BLOCK_OPERATION_WRITE && driver.info.read_only)
        return BH_EREADONLY;
    if (request->operation != BH_BLOCK_OPERATION_IDENTIFY &&
        (request->lba > driver.info.sector_count || total / SECTOR > driver.info.sector_count - request->lba))
        return BH_ERANGE;
    *bytes = (uint32_t)total;
    return BH_OK;
}

static uint64_t memory_address(uint32_t slot, uint64_t offset) {
    return driver.requests_address + slot * sizeof(struct request_memory) + offset;
}

static enum bh_error offer(uint32_t slot, const struct virtio_segment *parts, uint32_t count) {
    struct request_memory *memory = &driver.requests[slot];
    bool indirect = driver.device.features & VIRTIO_F_INDIRECT_DESC;
    memory->status = BLK_NO_ANSWER;
    return virtqueue_add(&driver.queue, parts, count, indirect ? memory->table : NULL,
                         memory_address(slot, offsetof(struct request_memory, table)), slot);
}

// Hand a checked request to the device.
static enum bh_error start(uint32_t slot, const struct bh_block_request *request) {
    static const uint32_t types[] = {[BH_BLOCK_OPERATION_READ] = BLK_IN, [BH_BLOCK_OPERATION_WRITE] = BLK_OUT,
                                     [BH_BLOCK_OPERATION_FLUSH] = BLK_FLUSH, [BH_BLOCK_OPERATION_IDENTIFY] = BLK_GET_ID};
    struct request_memory *memory = &driver.requests[slot];
    struct virtio_segment parts[PARTS_MAX];
    uint32_t count = 0;
    memory->type = types[request->operation];
    memory->reserved = 0;
    memory->sector = request->operation <= BH_BLOCK_OPERATION_WRITE ? request->lba : 0;
    parts[count++] = (struct virtio_segment){memory_address(slot, 0), offsetof(struct request_memory, status), false};
    for (uint32_t i = 0; i < request->segment_count; i++)
        parts[count++] = (struct virtio_segment){driver.data_address + request->segments[i].offset,
                                                 request->operation == BH_BLOCK_OPERATION_IDENTIFY ? SERIAL_SIZE : request->segments[i].size,
                                                 request->operation != BH_BLOCK_OPERATION_WRITE};
    parts[count++] = (struct virtio_segment){memory_address(slot, offsetof(struct request_memory, status)), 1, true};
    return offer(slot, parts, count);
}

static void end(uint32_t slot, enum bh_error status) {
    patience_end(slot);
    struct bh_block_completion completion = {.transferred = status ? 0 : driver.transfer[slot]};
    enum bh_error error = bh_ring_finish(&driver.ring, slot, status, &completion);
    if (error) // we lost track of what is in hand, and a client would wait for ever: the next instance finds it in the ring's log
        bh_panic("slot %u cannot be completed: %s", slot, bh_strerror(error));
}

// Take requests as long as the queue has room for the longest. Returns whether anything was done.
static bool take_requests(void) {
    struct bh_block_request request;
    uint32_t slot, taken = 0;
    uint32_t room = driver.device.features & VIRTIO_F_INDIRECT_DESC ? 1 : driver.info.segment_max + 2;
    while (driver.queue.free_count >= room && bh_ring_take(&driver.ring, &slot, &request) == BH_OK) {
        uint32_t bytes = 0;
        enum bh_error error = patience_allows(&driver.ring, slot) ? check(&request, &bytes) : BH_EIO;
        driver.transfer[slot] = bytes;
        if (error)
            end(slot, error);
        else if ((error = start(slot, &request))) // it was checked, and there was room: what we know is wrong, not the request
            bh_panic("request %u cannot be offered to the device: %s", slot, bh_strerror(error));
        else
            patience_begin(slot);
        taken++;
    }
    if (taken) {
        virtqueue_kick(&driver.queue);
        bh_ring_finish_notify(&driver.ring); // of those that were refused
    }
    return taken;
}

static enum bh_error status_of(uint32_t slot) {
    switch (driver.requests[slot].status) {
    case BLK_OK:
        return BH_OK;
    case BLK_UNSUPPORTED:
        if (driver.requests[slot].type <= BLK_OUT) // every device reads and writes: this is not the request that was meant
            bh_panic("the device does not know request %u, a %s", slot, driver.requests[slot].type == BLK_OUT ? "write" : "read");
        return BH_ENOTSUP;
    default:
        return BH_EIO;
    }
}

// The line that says how a restart went: bhctl and the demonstration read it.
static void tell_restart(void) {
    if (driver.ring.epoch > 1 && !driver.told) // the first instance of all has epoch 1
        bh_info("restarted: %u requests replayed, first request completed at tick %llu", driver.ring.replayed,
                (unsigned long long)__builtin_ia32_rdtsc());
    driver.told = true;
}

static bool take_ends(void) {
    uint32_t slot, written;
    bool any = false;
    enum bh_error error;
    while ((error = virtqueue_take(&driver.queue, &slot, &written)) == BH_OK) {
        if (driver.requests[slot].status == BLK_NO_ANSWER) // it did not reach our memory, or did nothing
            bh_panic("the device ended request %u and did not say how", slot);
        end(slot, status_of(slot));
        any = true;
    }
    // A device that lies is reset by the kernel when this domain is gone; the log of requests is safe in the ring.
    if (error == BH_EPROTO || virtio_broken(&driver.device))
        bh_panic("the device does not keep to the protocol");
    if (any) {
        bh_ring_finish_notify(&driver.ring);
        tell_restart();
    }
    return any;
}

// BH_ETIMEDOUT: it is time to look whether the device forgot to tell us.
static enum bh_error wait_for_work(void) {
    enum bh_error error = bh_event_wait(driver.ring.info.submit_event, patience_deadline(&driver.ring));
    if (error && error != BH_ETIMEDOUT)
        bh_panic("there is no waiting for work: %s", bh_strerror(error));
    return error;
}

[[noreturn]] static void serve(void) {
    enum bh_error waited = BH_OK;
    for (;;) {
        bool ends = take_ends();
        if (ends && waited == BH_ETIMEDOUT)
            patience_found();
        waited = BH_OK;
        bool busy = take_requests() || ends;
        if (busy || virtqueue_arm(&driver.queue))
            continue;
        // Without room in the queue only the device can bring the next piece of work.
        bool full = driver.queue.free_count < driver.info.segment_max + 2 && !(driver.device.features & VIRTIO_F_INDIRECT_DESC);
        if (full || !driver.queue.free_count || !bh_ring_arm_submit(&driver.ring))
            waited = wait_for_work();
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
    driver.size_max = features & BLK_F_SIZE_MAX && config.size_max >= SECTOR ? config.size_max : UINT32_MAX;
    driver.info.sector_count = config.capacity;
    driver.info.block_size = features & BLK_F_BLOCK_SIZE && config.block_size >= SECTOR ? config.block_size : SECTOR;
    driver.info.segment_max = !limit ? 1 : limit < BH_BLOCK_SEGMENTS_MAX ? limit : BH_BLOCK_SEGMENTS_MAX;
    driver.info.read_only = (features & BLK_F_READ_ONLY) != 0;
    driver.info.flush = (features & BLK_F_FLUSH) != 0;
}

// The device's serial number, by the first request of all. A device without one has an empty one.
static void read_serial(void) {
    struct request_memory *memory = &driver.requests[0];
    const struct virtio_segment parts[] = {{memory_address(0, 0), offsetof(struct request_memory, status), false},
                                           {memory_address(0, offsetof(struct request_memory, serial)), SERIAL_SIZE, true},
                                           {memory_address(0, offsetof(struct request_memory, status)), 1, true}};
    uint32_t slot, written;
    uint64_t deadline = bh_time_ns() + SERIAL_TIMEOUT_NS;
    memory->type = BLK_GET_ID;
    memory->sector = 0;
    if (offer(0, parts, 3))
        return;
    virtqueue_kick(&driver.queue);
    while (virtqueue_take(&driver.queue, &slot, &written) == BH_EAGAIN)
        if (!virtqueue_arm(&driver.queue) && bh_event_wait(driver.ring.info.submit_event, deadline) == BH_ETIMEDOUT)
            bh_panic("the device does not answer its first request");
    if (memory->status == BLK_OK)
        memcpy(driver.info.serial, memory->serial, SERIAL_SIZE);
    driver.info.serial[SERIAL_SIZE] = 0;
}

static enum bh_error find_data(void) {
    struct bh_buffer_info info;
    if (!driver.ring.info.buffer) {
        bh_error_log("ring disk has no data buffer: name one in the manifest (buffer = ...)");
        return BH_ENOENT;
    }
    enum bh_error error = bh_buffer_info(driver.ring.info.buffer, &info);
    driver.data_address = info.dma_address;
    driver.data_size = info.size;
    return error;
}

static enum bh_error open_device(void) {
    const uint64_t wanted = BLK_F_SIZE_MAX | BLK_F_SEG_MAX | BLK_F_READ_ONLY | BLK_F_BLOCK_SIZE | BLK_F_FLUSH | VIRTIO_F_INDIRECT_DESC |
                            VIRTIO_F_EVENT_IDX;
    uint64_t address;
    enum bh_error error = virtio_open(&driver.device, "device", wanted, 0);
    if (!error)
        error = virtqueue_create(&driver.queue, &driver.device, 0, QUEUE_SIZE, 0, driver.ring.info.submit_event);
    if (!error)
        error = device_dma_alloc(driver.device.cap, driver.ring.info.entry_count * sizeof(struct request_memory), &address,
                                 &driver.requests_address);
    if (error)
        return error;
    driver.requests = (struct request_memory *)address;
    read_config();
    virtio_start(&driver.device);
    return BH_OK;
}

// The setting "port", for a system with several disks.
static const char *port_name(void) {
    static char name[480];
    bh_cap settings;
    bool given = bh_cap_find("settings", &settings) == BH_OK && settings_get(settings, "port", name) == BH_OK;
    return given ? name : "disk-info";
}

int main(void) {
    static const struct block_methods methods = {.info = get_info};
    enum bh_error error = bh_ring_attach("disk", &driver.ring);
    if (!error)
        error = find_data();
    if (!error)
        error = open_device();
    if (error) {
        bh_error_log("the disk cannot be served: %s", bh_strerror(error));
        // A crash, not an end: whoever is restarted may find it given back.
        if (driver.device.cap && device_config_read(driver.device.cap, 0, BH_ACCESS_SIZE_LONG, &(uint32_t){0}) == BH_ENOENT)
            bh_panic("the device was taken away while it was opened");
        return 1;
    }
    read_serial();
    patience_open();
    const char *port = port_name();
    error = block_serve(port, &methods, &driver);
    if (error) {
        bh_error_log("port %s cannot be served: %s", port, bh_strerror(error));
        return 1;
    }
    bh_info("%llu sectors, %u segments at most%s%s%s, serial \"%s\"", (unsigned long long)driver.info.sector_count, driver.info.segment_max,
            driver.info.flush ? ", flush" : "", driver.info.read_only ? ", read only" : "", driver.queue.is_packed ? ", packed queue" : "",
            driver.info.serial);
    serve();
}
