// SPDX-License-Identifier: MIT
//
// virtio-blk. Each request of the guest becomes one BlockRequest: same segments, neighbours joined. A request that is
// malformed is answered IOERR; one that breaks the virtqueue's rules stops the device until the guest resets it. When the
// driver domain dies nothing happens here: the ring's log is replayed by its successor, the guest sees latency only.
#include "virtio_blk.h"

#include "bulkhead/log.h"
#include "machine.h"

#define TYPE_BLOCK 2
#define CLASS_STORAGE 0x018000
#define SECTOR 512u

#define F_SEG_MAX (1ull << 2)
#define F_RO (1ull << 5)
#define F_BLK_SIZE (1ull << 6)
#define F_FLUSH (1ull << 9)

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

struct header {
    uint32_t type, reserved;
    uint64_t sector;
};

struct config {
    uint64_t capacity;
    uint32_t size_max, seg_max;
    uint8_t geometry[4];
    uint32_t blk_size;
};

static uint32_t segment_limit(const struct virtio_blk *disk) {
    uint32_t limit = disk->info.segment_max;
    return !limit || limit > BH_BLOCK_SEGMENTS_MAX ? BH_BLOCK_SEGMENTS_MAX : limit;
}

static uint64_t features(void *device) {
    const struct virtio_blk *disk = device;
    return F_SEG_MAX | F_BLK_SIZE | (disk->info.read_only ? F_RO : 0) | (disk->info.flush ? F_FLUSH : 0);
}

static uint32_t config_read(void *device, uint32_t offset, uint32_t size) {
    const struct virtio_blk *disk = device;
    const struct config config = {
        .capacity = disk->info.sector_count, .seg_max = segment_limit(disk), .blk_size = disk->info.block_size};
    uint32_t value = 0;
    if (offset + size <= sizeof(config))
        memcpy(&value, (const uint8_t *)&config + offset, size);
    return value;
}

static void answer(struct virtio_blk *disk, const struct blk_request *request, uint8_t status, uint32_t written) {
    memory_write(&disk->machine->memory, request->status, &status, 1);
    virtqueue_push(&disk->virtio.queues[0], request->head, written);
}

// Take the first `size` bytes of the readable part. False when it is shorter.
static bool take_header(struct virtio_blk *disk, struct virtqueue_chain *chain, uint32_t *first, void *to, uint32_t size) {
    uint8_t *at = to;
    while (size) {
        struct virtqueue_segment *segment = &chain->segments[*first];
        if (*first == chain->read_count)
            return false;
        uint32_t piece = segment->size < size ? segment->size : size;
        memory_read(&disk->machine->memory, segment->address, at, piece);
        segment->address += piece;
        segment->size -= piece;
        at += piece;
        size -= piece;
        if (!segment->size)
            (*first)++;
    }
    return true;
}

// Data segments [first, end) of the chain into the request. False when they do not make whole sectors on the disk.
static bool take_data(struct virtio_blk *disk, const struct virtqueue_chain *chain, uint32_t first, uint32_t end,
                      struct bh_block_request *request, uint32_t *size) {
    uint64_t total = 0;
    for (uint32_t i = first; i < end; i++) {
        const struct virtqueue_segment *from = &chain->segments[i];
        struct bh_block_segment *last = request->segment_count ? &request->segments[request->segment_count - 1] : NULL;
        if (!from->size)
            continue;
        if (from->size % SECTOR)
            return false;
        total += from->size;
        if (last && last->offset + last->size == from->address) {
            last->size += from->size;
            continue;
        }
        if (request->segment_count == segment_limit(disk))
            return false;
        request->segments[request->segment_count++] = (struct bh_block_segment){.offset = from->address, .size = from->size};
    }
    uint64_t sectors = total / SECTOR;
    if (!sectors || total > UINT32_MAX - 1 || request->lba > disk->info.sector_count || sectors > disk->info.sector_count - request->lba)
        return false;
    *size = (uint32_t)total;
    return true;
}

// Hand a request to the block domain, in the slot that bh_ring_next() named. The ring's having it is what makes the step whole.
static void submit(struct virtio_blk *disk, const struct blk_request *state, const struct bh_block_request *request) {
    uint32_t slot;
    uint64_t sequence;
    struct machine *machine = disk->machine;
    (void)bh_ring_next(disk->ring, &slot, &sequence);
    UNDO_SAVE(machine, &disk->requests[slot]);
    disk->requests[slot] = *state;
    disk->requests[slot].sequence = sequence;
    undo_save_submission(machine, slot, sequence);
    (void)bh_ring_submit_batch(disk->ring, request, 1, &slot);
    undo_commit(machine);
    disk->in_flight++;
    machine->disk_ready = true;
}

static void get_id(struct virtio_blk *disk, const struct virtqueue_chain *chain, const struct blk_request *state) {
    char id[20] = {0};
    const struct virtqueue_segment *segment = &chain->segments[chain->read_count];
    for (uint32_t i = 0; i < sizeof(id) && disk->info.serial[i]; i++)
        id[i] = disk->info.serial[i];
    uint32_t size = segment->size < sizeof(id) ? segment->size : (uint32_t)sizeof(id);
    if (!size) {
        answer(disk, state, S_IOERR, 1);
        return;
    }
    memory_write(&disk->machine->memory, segment->address, id, size);
    answer(disk, state, S_OK, size + 1);
}

static void handle_data(struct virtio_blk *disk, const struct virtqueue_chain *chain, uint32_t first,
                        struct blk_request *state, struct bh_block_request *request) {
    bool in = request->operation == BH_BLOCK_OPERATION_READ;
    uint32_t start = in ? chain->read_count : first;
    uint32_t end = in ? chain->read_count + chain->write_count : chain->read_count, size;
    if ((!in && disk->info.read_only) || !take_data(disk, chain, start, end, request, &size)) {
        answer(disk, state, S_IOERR, 1);
        return;
    }
    state->written = in ? size + 1 : 1;
    submit(disk, state, request);
}

static void handle(struct virtio_blk *disk, struct virtqueue_chain *chain) {
    struct header header;
    uint32_t first = 0;
    struct blk_request state = {.round = disk->round, .head = chain->head, .written = 1};
    if (!chain->write_count || !take_header(disk, chain, &first, &header, sizeof(header))) {
        virtio_pci_break(&disk->virtio, "a request has no header or no room for its status");
        disk->virtio.queues[0].broken = true;
        return;
    }
    struct virtqueue_segment *last = &chain->segments[chain->read_count + chain->write_count - 1];
    last->size--;
    state.status = last->address + last->size;
    struct bh_block_request request = {.lba = header.sector};
    switch (header.type) {
    case T_IN:
        request.operation = BH_BLOCK_OPERATION_READ;
        handle_data(disk, chain, first, &state, &request);
        break;
    case T_OUT:
        request.operation = BH_BLOCK_OPERATION_WRITE;
        handle_data(disk, chain, first, &state, &request);
        break;
    case T_FLUSH:
        request.operation = BH_BLOCK_OPERATION_FLUSH;
        request.lba = 0;
        submit(disk, &state, &request);
        break;
    case T_GET_ID:
        get_id(disk, chain, &state);
        break;
    default:
        answer(disk, &state, S_UNSUPP, 1);
        break;
    }
}

// The next request of the guest's queue: a step of its own, from which one that dies in the middle leaves no trace.
static bool take_one(struct virtio_blk *disk) {
    struct virtqueue_chain chain;
    const char *why;
    virtio_pci_save_queue(&disk->virtio, 0);
    enum virtqueue_result result = virtqueue_pop(&disk->virtio.queues[0], &chain, &why);
    if (result == VIRTQUEUE_BROKEN)
        virtio_pci_break(&disk->virtio, why);
    if (result == VIRTQUEUE_CHAIN)
        handle(disk, &chain);
    undo_commit(disk->machine);
    return result == VIRTQUEUE_CHAIN;
}

static bool is_full(struct virtio_blk *disk) {
    uint32_t slot;
    uint64_t sequence;
    return !bh_ring_next(disk->ring, &slot, &sequence);
}

static void process(struct virtio_blk *disk) {
    do {
        while (!(disk->stalled = is_full(disk)) && take_one(disk))
            ;
    } while (!disk->stalled && virtqueue_arm(&disk->virtio.queues[0]));
    virtio_pci_interrupt(&disk->virtio, 0);
}

static void notify(void *device, uint32_t queue) {
    (void)queue;
    process(device);
}

static bool reset(void *device) {
    struct virtio_blk *disk = device;
    UNDO_SAVE(disk->machine, &disk->round);
    disk->round++;
    disk->stalled = false;
    return !disk->in_flight;
}

static void finish(struct virtio_blk *disk, uint32_t slot, enum bh_error status) {
    struct blk_request *saved = &disk->requests[slot], request = *saved;
    if (!request.sequence)
        return;
    UNDO_SAVE(disk->machine, saved);
    virtio_pci_save_queue(&disk->virtio, 0);
    saved->sequence = 0;
    disk->in_flight--;
    if (request.round != disk->round) {
        if (!disk->in_flight)
            virtio_pci_reset_done(&disk->virtio);
        return;
    }
    if (!status)
        answer(disk, &request, S_OK, request.written);
    else
        answer(disk, &request, status == BH_ENOTSUP ? S_UNSUPP : S_IOERR, 1);
}

enum bh_error virtio_blk_complete(struct virtio_blk *disk) {
    struct bh_block_completion completion;
    enum bh_error error, status;
    uint32_t slot, count = 0;
    while (!(error = bh_ring_complete_held(disk->ring, &slot, &status, &completion))) {
        finish(disk, slot, status);
        undo_commit(disk->machine);
        bh_ring_release(disk->ring, slot);
        count++;
    }
    if (count && disk->stalled)
        process(disk);
    else if (count)
        virtio_pci_interrupt(&disk->virtio, 0);
    return error;
}

void virtio_blk_resume(struct virtio_blk *disk) {
    if (disk->virtio.queues[0].enabled)
        process(disk);
}

bool virtio_blk_wants(const struct virtio_blk *disk, uint32_t slot, uint64_t sequence) {
    return slot < BH_RING_ENTRIES_MAX && disk->requests[slot].sequence == sequence;
}

const char *virtio_blk_restore(struct virtio_blk *disk, const struct virtio_blk *saved) {
    disk->round = saved->round;
    disk->in_flight = 0;
    for (uint32_t slot = 0; slot < BH_RING_ENTRIES_MAX; slot++) {
        const struct blk_request *request = &saved->requests[slot];
        if (!request->sequence)
            continue;
        if (!bh_ring_is_in_flight(disk->ring, slot, request->sequence))
            return "the disk has a request that its ring has not";
        if (request->round == saved->round && request->head >= saved->virtio.queues[0].size)
            return "a request of the disk has a head past its queue's end";
        disk->requests[slot] = *request;
        disk->in_flight++;
    }
    return virtio_pci_restore(&disk->virtio, &saved->virtio);
}

static const struct virtio_model model = {
    .name = "virtio-blk",
    .type = TYPE_BLOCK,
    .class_code = CLASS_STORAGE,
    .queue_count = 1,
    .features = features,
    .config_read = config_read,
    .notify = notify,
    .reset = reset,
};

bool virtio_blk_create(struct virtio_blk *disk, struct machine *machine, struct bh_ring *ring, const struct bh_block_info *info) {
    disk->machine = machine;
    disk->ring = ring;
    disk->info = *info;
    disk->info.serial[sizeof(disk->info.serial) - 1] = 0;
    return virtio_pci_create(&disk->virtio, machine, &model, disk);
}
