// SPDX-License-Identifier: MIT
//
// What the parts of the NVMe driver share: queue pairs (queue.c), the controller with its admin queue (controller.c), what it tells of
// itself (identify.c), and how a request becomes commands (transfer.c). Source: NVM Express Base Specification 1.4 ("NVMe" below).
//
// Trust: the controller is not. What it writes is read once and checked; a completion of what is not in flight, or numbers that cannot
// be, are errors of the driver (BH_EPROTO), never an access outside its memory.
#ifndef NVME_NVME_H
#define NVME_NVME_H

#include <stdbool.h>
#include <stdint.h>
#include "block.h"
#include "bulkhead/block_server.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"
#include "kernel.h"

#define NVME_PAGE 4096u
enum nvme_opcode : uint8_t { NVME_FLUSH = 0, NVME_WRITE = 1, NVME_READ = 2 };
enum { NVME_ENTRIES_MAX = 64, NVME_QUEUES_MAX = 8, NVME_LIST_MAX = 128 };

// ---- queue.c

// A submission (NVMe 4.2).
struct nvme_command {
    uint8_t opcode, flags;
    uint16_t id;
    uint32_t namespace_id;
    uint64_t reserved, metadata;
    uint64_t data[2]; // PRP entries
    uint32_t words[6]; // 10 to 15
};
static_assert(sizeof(struct nvme_command) == 64);

// A completion (NVMe 4.6).
struct nvme_completion {
    uint32_t result, reserved;
    uint16_t head, queue; // of the submission queue
    uint16_t id, status;  // bit 0 of status: phase
};
static_assert(sizeof(struct nvme_completion) == 16);

// What was sent and has not ended. Our own copy: the one in the queue is in memory that the device could write.
struct nvme_flight {
    struct nvme_command command;
    uint64_t deadline_ns;
    uint16_t place; // in the queue
    uint32_t tag, tag_again; // tag_again: its complement. What it is the end of decides which request a client believes done
    bool busy, late; // late: its abortion was asked for
    uint8_t tries;
};

// The end of a command.
struct nvme_end {
    uint32_t tag, result;
    uint16_t id, status; // status code and type (enum nvme_status), with bit 14: not to be tried again
};

enum nvme_status : uint16_t {
    NVME_OK = 0,
    NVME_INVALID_OPCODE = 0x01,
    NVME_INVALID_FIELD = 0x02,
    NVME_ABORT_REQUESTED = 0x07,
    NVME_WRITE_PROTECTED = 0x20,
    NVME_PAST_THE_END = 0x80,
    NVME_NOT_READY = 0x82,
    NVME_STATUS_CODE = 0x7ff, // code and type
    NVME_NOT_AGAIN = 0x4000,
};

struct nvme_queue {
    volatile struct nvme_command *submissions;
    volatile struct nvme_completion *completions;
    volatile uint32_t *tail_doorbell, *head_doorbell;
    uint16_t id, size;     // entries of each half; commands in flight: size - 1 at most
    uint16_t tail, head;   // of submissions, of completions
    bool phase;            // of the next new completion
    bool to_tell;          // there are submissions of which the device does not know
    uint16_t free_count;
    uint16_t free[NVME_ENTRIES_MAX]; // identifiers
    struct nvme_flight flights[NVME_ENTRIES_MAX];
    uint16_t put_last[NVME_ENTRIES_MAX]; // by place: identifier of the command that was put there last
};

// A pair over `memory`, two zeroed pages: submissions, completions.
static_assert(NVME_ENTRIES_MAX * sizeof(struct nvme_command) <= NVME_PAGE);
void nvme_queue_create(struct nvme_queue *queue, uint16_t id, uint16_t size, void *memory, volatile uint32_t *tail_doorbell,
                       volatile uint32_t *head_doorbell);
// The identifier that the next command will get; false when size - 1 are in flight.
bool nvme_queue_next(const struct nvme_queue *queue, uint16_t *id);
// Put the command in (its id is filled in); there must be room. The device learns of it by nvme_queue_tell.
void nvme_queue_add(struct nvme_queue *queue, const struct nvme_command *command, uint32_t tag, uint64_t deadline_ns);
// Send command `id`, which has ended, once more. Its end has been taken.
void nvme_queue_add_again(struct nvme_queue *queue, uint16_t id, uint64_t deadline_ns);
void nvme_queue_tell(struct nvme_queue *queue);
// Take one end; the command stays in hand until nvme_queue_release or nvme_queue_add_again. BH_EAGAIN: none. BH_EPROTO (logged): a lie.
// Panics when the command in the queue is not the one that was put there: the controller may have done something else.
enum bh_error nvme_queue_take(struct nvme_queue *queue, struct nvme_end *end);
void nvme_queue_release(struct nvme_queue *queue, uint16_t id);
// The device may reuse the entries of ends taken so far.
void nvme_queue_tell_taken(struct nvme_queue *queue);

// ---- controller.c

struct nvme_controller {
    bh_cap cap, event;
    volatile uint8_t *registers;
    uint64_t registers_size;
    uint32_t stride;        // bytes between doorbells
    uint32_t vectors;       // MSI-X
    uint16_t entries_max;   // of a queue
    uint64_t ready_ns;      // how long it may take to become ready or to stop
    uint64_t timeout_ns;    // for a command
    struct nvme_queue admin;
    void *page;             // for what it tells of itself, NVME_PAGE bytes
    uint64_t page_address;
    // Told by the controller, checked:
    uint64_t transfer_max;  // bytes in one command
    uint32_t namespace_count;
    uint32_t abort_max;     // abortions at a time
    bool cache;             // has a volatile write cache
    char serial[21];
};

// The device granted as `name`, or claimed: reset, enabled, with its admin queue; interrupts raise `event`. Refusals are in the log.
enum bh_error nvme_open(struct nvme_controller *controller, const char *name, bh_cap event, uint64_t timeout_ns);
// One admin command, waited for. BH_EIO when the controller refuses it (logged, `what` in it), BH_ETIMEDOUT, BH_EPROTO.
enum bh_error nvme_admin(struct nvme_controller *controller, const struct nvme_command *command, const char *what, uint32_t *result);
// Ask that a command that takes too long be ended; false: as many are asked for as the controller takes at a time.
bool nvme_abort(struct nvme_controller *controller, const struct nvme_queue *queue, uint16_t id);
// Take the ends of abortions. BH_EPROTO; BH_ETIMEDOUT: the controller does not even answer that.
enum bh_error nvme_admin_ends(struct nvme_controller *controller);
// How many pairs of I/O queues there are for `wanted`.
enum bh_error nvme_agree_queues(struct nvme_controller *controller, uint32_t wanted, uint32_t *count);
// Pair `id` from 1, of `entries` at most.
enum bh_error nvme_add_queue(struct nvme_controller *controller, struct nvme_queue *queue, uint16_t id, uint16_t entries);
// It has failed for good (NVMe 9.5), or is gone.
bool nvme_broken(const struct nvme_controller *controller);

// ---- identify.c

struct nvme_namespace {
    uint32_t id;
    uint32_t block_size; // bytes, a power of two from 512 to NVME_PAGE
    uint64_t sectors;    // of 512 bytes
    bool read_only;
};

enum bh_error nvme_identify(struct nvme_controller *controller);
// Namespace `wanted`, 0: the only one.
enum bh_error nvme_find_namespace(struct nvme_controller *controller, uint32_t wanted, struct nvme_namespace *space);

// ---- transfer.c

// What of a request is still to be made into commands.
struct nvme_transfer {
    const struct bh_block_request *request;
    uint64_t data_address; // of the ring's buffer, as the device sees it
    uint64_t piece_max;    // bytes in one command
    uint32_t block_size;
    uint32_t segment, offset; // where in the data
    uint64_t lba;             // where on the disk, sectors
    uint64_t left;            // bytes
};

// What one command moves: `size` bytes; entries[0] is where they begin, the others are page by page.
struct nvme_piece {
    uint32_t size, count;
    uint64_t entries[NVME_LIST_MAX + 1];
};

// The next piece. BH_EINVAL: what comes next does not make one block within the form that a command can have.
enum bh_error nvme_transfer_next(struct nvme_transfer *transfer, struct nvme_piece *piece);
// Whether all of a request can be cut into pieces, before any of it is sent.
enum bh_error nvme_transfer_check(struct nvme_transfer transfer);
// Name the piece's memory in a command; `list` has NVME_LIST_MAX entries at `list_address`, inside one page.
void nvme_describe(const struct nvme_piece *piece, volatile uint64_t *list, uint64_t list_address, struct nvme_command *command);

// ---- check.c

// What commands are compared with: facts of the disk and of the ring's buffer, kept apart from those that commands are made with.
struct nvme_facts {
    uint64_t data_address; // of the ring's buffer, as the device sees it
    uint32_t block_size, namespace_id;
};

// Read back the command that nvme_queue_add() has just put into the queue, and its list of pages, and compare all of it with the ring's own entry. `tag` is the
// command's, `done` how many bytes of the request commands before it move; *size: how many this one does. False: *difference says what is another.
bool nvme_check_sent(const struct nvme_facts *facts, const struct nvme_queue *queue, uint32_t tag, const volatile uint64_t *list, uint64_t list_address,
                     const volatile struct bh_block_request *entry, uint64_t done, uint32_t *size, struct bh_block_difference *difference);
// The same, for every request, in a short way: the bytes that the command moves, which is all of its request. 0: that is to be found out in the long way.
uint32_t nvme_check_short(const struct nvme_facts *facts, const struct nvme_queue *queue, uint32_t tag, const volatile struct bh_block_request *entry);
// Whether `size` bytes are all of the request.
bool nvme_check_whole(const volatile struct bh_block_request *entry, uint32_t size, struct bh_block_difference *difference);

#endif
