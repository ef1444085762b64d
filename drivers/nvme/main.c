// SPDX-License-Identifier: MIT
//
// The NVMe driver: requests from a BlockRing to a namespace of an NVMe controller and back, over several pairs of queues.
//
// Serves the ring "disk" and, behind the port "disk-info", Block. Needs the capability "device" and, if it is to be told anything,
// "settings": port, queues (2), namespace (the only one), read_only (0), timeout_ms (10000); and the buffer "notes", if requests that it
// cannot do are not to be tried for ever. The data stay where the client has them: the controller reads and writes the ring's buffer
// itself, and this domain cannot even map it. One thread and one event serve all: the client's submissions and every vector of the
// controller raise the same event.
//
// A request becomes one command, or several where its memory does not have the form of one (transfer.c), and is completed when all of
// them have ended. A FLUSH covers, on every queue, what was completed before it (NVMe 6.8). When this domain dies, requests in flight
// stay in the ring's log; the kernel resets the controller, and the next instance takes them from there.
#include <string.h>

#include "bulkhead/block_server.h"
#include "bulkhead/domain.h"
#include "bulkhead/settings.h"
#include "nvme.h"

#define DATA_ALIGNMENT 4u // of PRPs
#define MS 1000000ull
#define LOOK_NS 250000000ull // between looks for commands that take too long
#define TRIES_MAX 3
#define NO_SLOT UINT32_MAX

// A request in hand, by slot of the ring.
struct work {
    uint32_t commands;    // in flight
    uint32_t sent, ended; // bytes that commands move, and have moved
    bool whole;           // one command does it all, and was compared with all of it
    enum bh_error status; // the first thing that went wrong
};

struct pair {
    struct nvme_queue queue;
    volatile uint64_t *lists; // NVME_LIST_MAX entries for each command
    uint64_t lists_address;
    struct {
        uint64_t sum;
        uint32_t count;
    } listed[NVME_ENTRIES_MAX]; // of each command: how many entries its list has, and their sum when it was sent
};

static struct driver {
    struct bh_block_server server;
    struct nvme_controller controller;
    struct nvme_namespace space;
    struct pair pairs[NVME_QUEUES_MAX];
    uint32_t pair_count, turn; // turn: the pair that is asked first for the next command
    struct work works[BH_RING_ENTRIES_MAX];
    struct nvme_facts facts;
    // The request that is being made into commands, in slot `slot`; NO_SLOT: none.
    uint32_t slot;
    struct bh_block_request request;
    struct nvme_transfer transfer;
    uint64_t look_at; // when commands are looked through for those that take too long
} driver = {.slot = NO_SLOT};

// ---- requests

static struct nvme_transfer transfer_of(const struct bh_block_request *request, uint32_t bytes) {
    return (struct nvme_transfer){.request = request, .data_address = driver.server.data_address, .piece_max = driver.controller.transfer_max,
                                  .block_size = driver.space.block_size, .lba = request->lba, .left = bytes};
}

// The pair for the next command: in turns, as long as there is room. NULL: there is none.
static struct pair *next_pair(uint16_t *id) {
    for (uint32_t i = 0; i < driver.pair_count; i++) {
        struct pair *pair = &driver.pairs[driver.turn];
        driver.turn = (driver.turn + 1) % driver.pair_count;
        if (nvme_queue_next(&pair->queue, id))
            return pair;
    }
    return NULL;
}

// What was put into the queue last, for `slot`, with `done` bytes of its request before it: the controller is told of nothing that is not what the ring says.
// Returns the bytes that it moves.
static uint32_t check(const struct pair *pair, uint16_t id, uint32_t slot, uint64_t done) {
    const volatile struct bh_block_request *entry = bh_block_entry(&driver.server, slot);
    struct bh_block_difference difference;
    uint32_t list = id * NVME_LIST_MAX, size = done ? 0 : nvme_check_short(&driver.facts, &pair->queue, slot, entry);
    driver.works[slot].whole = size;
    if (size)
        return size;
    if (!nvme_check_sent(&driver.facts, &pair->queue, slot, pair->lists + list, pair->lists_address + list * sizeof(uint64_t), entry, done, &size,
                         &difference))
        bh_block_differs(&driver.server, slot, &difference);
    return size;
}

static uint64_t sum_of_list(const struct pair *pair, uint16_t id) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < pair->listed[id].count; i++)
        sum += pair->lists[id * NVME_LIST_MAX + i];
    return sum;
}

// `listed` entries of its list are in use. Their sum is taken before they are compared with the ring, so that whatever changes later is noticed by the one or by the other.
static void send(struct pair *pair, uint16_t id, struct nvme_command *command, uint32_t listed) {
    struct work *work = &driver.works[driver.slot];
    pair->listed[id].count = listed;
    pair->listed[id].sum = sum_of_list(pair, id);
    command->namespace_id = driver.space.id;
    nvme_queue_add(&pair->queue, command, driver.slot, bh_time_ns() + driver.controller.timeout_ns);
    work->sent += check(pair, id, driver.slot, work->sent);
    work->commands++;
}

static void send_piece(struct pair *pair, uint16_t id) {
    uint64_t lba = driver.transfer.lba * BH_BLOCK_SECTOR / driver.space.block_size;
    uint32_t list = id * NVME_LIST_MAX;
    struct nvme_piece piece;
    // What was checked can be cut.
    enum bh_error error = nvme_transfer_next(&driver.transfer, &piece);
    BH_ASSERT(!error);
    struct nvme_command command = {.opcode = driver.request.operation == BH_BLOCK_OPERATION_WRITE ? NVME_WRITE : NVME_READ,
                                   .words = {(uint32_t)lba, (uint32_t)(lba >> 32), piece.size / driver.space.block_size - 1}};
    nvme_describe(&piece, pair->lists + list, pair->lists_address + list * sizeof(uint64_t), &command);
    send(pair, id, &command, piece.count > 2 ? piece.count - 1 : 0);
}

// What was made into commands is all of the request.
static void check_whole(uint32_t slot) {
    struct bh_block_difference difference;
    if (!driver.works[slot].whole && !nvme_check_whole(bh_block_entry(&driver.server, slot), driver.works[slot].sent, &difference))
        bh_block_differs(&driver.server, slot, &difference);
}

// Send what there is room for of the request in hand.
static void send_request(void) {
    bool whole = false;
    struct pair *pair;
    uint16_t id;
    bh_block_look_at(&driver.server, driver.slot);
    while (!whole && (pair = next_pair(&id))) {
        if (driver.request.operation == BH_BLOCK_OPERATION_FLUSH)
            send(pair, id, &(struct nvme_command){.opcode = NVME_FLUSH}, 0);
        else
            send_piece(pair, id);
        whole = !driver.transfer.left;
    }
    if (whole)
        check_whole(driver.slot);
    bh_block_sent(&driver.server, driver.slot);
    if (whole)
        driver.slot = NO_SLOT;
}

// Take a request in hand, or complete it at once when no commands can be made of it.
static void begin(uint32_t slot) {
    uint32_t size = bh_block_size(&driver.server, slot);
    driver.works[slot] = (struct work){0};
    driver.transfer = transfer_of(&driver.request, size);
    if (driver.space.block_size > BH_BLOCK_SECTOR && nvme_transfer_check(driver.transfer) != BH_OK)
        bh_block_end(&driver.server, slot, BH_EINVAL);
    else
        driver.slot = slot;
}

static bool has_room(void) {
    for (uint32_t i = 0; i < driver.pair_count; i++)
        if (driver.pairs[i].queue.free_count)
            return true;
    return false;
}

static void tell_queues(void) {
    for (uint32_t i = 0; i < driver.pair_count; i++)
        nvme_queue_tell(&driver.pairs[i].queue);
}

// Returns whether anything was done.
static bool take_requests(void) {
    bool any = false;
    uint32_t slot;
    while (has_room()) {
        if (driver.slot != NO_SLOT)
            send_request();
        else if (bh_block_take(&driver.server, &slot, &driver.request))
            begin(slot);
        else
            break;
        any = true;
    }
    tell_queues();
    bh_block_tell(&driver.server); // of those that were refused
    return any;
}

// ---- ends

static enum bh_error error_of(uint16_t status) {
    switch (status & NVME_STATUS_CODE) {
    case NVME_OK:
        return BH_OK;
    case NVME_PAST_THE_END:
        return BH_ERANGE;
    case NVME_WRITE_PROTECTED:
        return BH_EREADONLY;
    case NVME_INVALID_OPCODE:
        return BH_ENOTSUP;
    default:
        return BH_EIO;
    }
}

// This instance ends because of the commands whose abortion was asked for.
static void blame_late(void) {
    for (uint32_t i = 0; i < driver.pair_count; i++) {
        const struct nvme_queue *queue = &driver.pairs[i].queue;
        for (uint16_t id = 0; id < queue->size; id++)
            if (queue->flights[id].busy && queue->flights[id].late)
                bh_block_blame(&driver.server, queue->flights[id].tag);
    }
}

// Whether a command that ended so is sent once more: the controller says of each failure whether that may help (NVMe 4.6.1, Do Not Retry).
static bool sent_again(struct pair *pair, const struct nvme_end *one) {
    const struct nvme_flight *flight = &pair->queue.flights[one->id];
    uint16_t code = one->status & NVME_STATUS_CODE;
    bool aborted = code == NVME_ABORT_REQUESTED && flight->late;
    if (!aborted && (code == NVME_OK || one->status & NVME_NOT_AGAIN))
        return false;
    if (flight->tries == TRIES_MAX) {
        if (aborted) { // a reset may help it; requests in flight are the successor's
            bh_block_blame(&driver.server, one->tag);
            blame_late();
            bh_panic("a command of queue %u took longer than %llu ms, %u times", pair->queue.id,
                     (unsigned long long)(driver.controller.timeout_ns / MS), TRIES_MAX + 1);
        }
        return false;
    }
    uint64_t at = flight->command.words[0] | (uint64_t)flight->command.words[1] << 32;
    nvme_queue_add_again(&pair->queue, one->id, bh_time_ns() + driver.controller.timeout_ns);
    (void)check(pair, one->id, one->tag, at ? at * driver.space.block_size - bh_block_entry(&driver.server, one->tag)->lba * BH_BLOCK_SECTOR : 0);
    return true;
}

static void take_end(struct pair *pair, const struct nvme_end *one) {
    struct work *work = &driver.works[one->tag];
    const struct nvme_command *command = &pair->queue.flights[one->id].command;
    if (sum_of_list(pair, one->id) != pair->listed[one->id].sum)
        bh_panic("the list of pages of command %u has changed since it was sent: the controller may have done something else", one->id);
    if (sent_again(pair, one))
        return;
    nvme_queue_release(&pair->queue, one->id);
    if (!work->status && one->status & NVME_STATUS_CODE) {
        work->status = error_of(one->status);
        bh_warn("command 0x%x at block %llu fails: status 0x%x", command->opcode, command->words[0] | (unsigned long long)command->words[1] << 32,
                one->status & NVME_STATUS_CODE);
    }
    work->commands--;
    work->ended += command->opcode == NVME_FLUSH ? 0 : (command->words[2] + 1) * driver.space.block_size;
    if (work->commands || one->tag == driver.slot)
        return;
    if (work->ended != work->sent)
        bh_block_differs(&driver.server, one->tag, &(struct bh_block_difference){"what was done of it", work->ended, work->sent});
    bh_block_end(&driver.server, one->tag, work->status);
}

static bool take_ends(void) {
    bool any = false;
    for (uint32_t i = 0; i < driver.pair_count; i++) {
        struct pair *pair = &driver.pairs[i];
        struct nvme_end one;
        enum bh_error error;
        uint32_t count = 0;
        for (; (error = nvme_queue_take(&pair->queue, &one)) == BH_OK; count++)
            take_end(pair, &one);
        // A controller that lies is reset by the kernel when this domain is gone; the log of requests is safe in the ring.
        if (error == BH_EPROTO)
            bh_panic("the controller does not keep to the protocol");
        if (count)
            nvme_queue_tell_taken(&pair->queue);
        any |= count != 0;
    }
    if (any)
        tell_queues(); // of those that were sent again
    bh_block_tell(&driver.server);
    return any;
}

// ---- what takes too long

static void look_at_pair(struct nvme_queue *queue, uint64_t now) {
    for (uint16_t id = 0; id < queue->size; id++) {
        struct nvme_flight *flight = &queue->flights[id];
        if (!flight->busy || now <= flight->deadline_ns)
            continue;
        if (flight->late) {
            blame_late();
            bh_panic("command %u of queue %u does not end, nor can it be aborted", id, queue->id);
        }
        if (!nvme_abort(&driver.controller, queue, id))
            return; // its turn comes
        bh_warn("command %u of queue %u takes longer than %llu ms: abortion asked for", id, queue->id,
                (unsigned long long)(driver.controller.timeout_ns / MS));
        flight->late = true;
        flight->deadline_ns = now + driver.controller.timeout_ns;
    }
}

static void look(uint64_t now) {
    if (now < driver.look_at)
        return;
    driver.look_at = now + LOOK_NS;
    if (nvme_broken(&driver.controller))
        bh_panic("the controller has failed");
    enum bh_error error = nvme_admin_ends(&driver.controller);
    if (error)
        bh_panic("the controller's admin queue: %s", bh_strerror(error));
    for (uint32_t i = 0; i < driver.pair_count; i++)
        look_at_pair(&driver.pairs[i].queue, now);
}

[[noreturn]] static void serve(void) {
    for (;;) {
        bool busy = take_ends();
        busy |= take_requests();
        look(bh_time_ns());
        if (busy)
            continue;
        // Without room only the controller can bring the next piece of work.
        if (!has_room() || !bh_ring_arm_submit(&driver.server.ring))
            bh_block_wait(&driver.server);
    }
}

// ---- start

static enum bh_error add_pairs(uint32_t wanted) {
    enum bh_error error = nvme_agree_queues(&driver.controller, wanted, &driver.pair_count);
    for (uint32_t i = 0; !error && i < driver.pair_count; i++) {
        struct pair *pair = &driver.pairs[i];
        uint64_t lists;
        error = nvme_add_queue(&driver.controller, &pair->queue, (uint16_t)(i + 1), NVME_ENTRIES_MAX);
        if (!error)
            error = device_dma_alloc(driver.controller.cap, (uint64_t)NVME_ENTRIES_MAX * NVME_LIST_MAX * sizeof(uint64_t), &lists,
                                     &pair->lists_address);
        if (!error)
            pair->lists = (volatile uint64_t *)lists;
    }
    return error;
}

static enum bh_error open_device(void) {
    uint64_t queues = 2, space = 0, read_only = 0, timeout_ms = 10000;
    enum bh_error error = bh_setting_number("queues", 1, NVME_QUEUES_MAX, &queues);
    if (!error)
        error = bh_setting_number("namespace", 1, UINT32_MAX - 1, &space);
    if (!error)
        error = bh_setting_number("read_only", 0, 1, &read_only);
    if (!error)
        error = bh_setting_number("timeout_ms", 100, 600000, &timeout_ms);
    if (!error)
        error = nvme_open(&driver.controller, "device", driver.server.ring.info.submit_event, timeout_ms * MS);
    if (!error)
        error = nvme_find_namespace(&driver.controller, (uint32_t)space, &driver.space);
    if (!error)
        error = add_pairs((uint32_t)queues);
    if (error)
        return error;
    struct bh_block_server *server = &driver.server;
    server->timeout_ns = (TRIES_MAX + 1) * 2 * timeout_ms * MS; // longer than its commands may take: only a request that is lost here does
    driver.facts = (struct nvme_facts){server->data_address, driver.space.block_size, driver.space.id};
    server->unit = driver.space.block_size;
    server->alignment = DATA_ALIGNMENT;
    server->segment_size_max = UINT32_MAX;
    server->info = (struct bh_block_info){.sector_count = driver.space.sectors, .block_size = driver.space.block_size,
                                          .segment_max = BH_BLOCK_SEGMENTS_MAX, .read_only = read_only || driver.space.read_only,
                                          .flush = driver.controller.cache};
    memcpy(server->info.serial, driver.controller.serial, sizeof(driver.controller.serial));
    return BH_OK;
}

int main(void) {
    const struct bh_block_info *info = &driver.server.info;
    enum bh_error error = bh_block_attach(&driver.server);
    if (!error)
        error = open_device();
    if (!error)
        error = bh_block_serve(&driver.server);
    if (error)
        return bh_block_failed(driver.controller.cap, error);
    bh_info("namespace %u, %llu sectors in blocks of %u bytes, %u queue pairs%s%s, serial \"%s\"", driver.space.id,
            (unsigned long long)info->sector_count, info->block_size, driver.pair_count, info->flush ? ", flush" : "",
            info->read_only ? ", read only" : "", info->serial);
    serve();
}
