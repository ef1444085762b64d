// SPDX-License-Identifier: MIT
//
// A pair of queues: commands to the controller, ends back. Source: NVMe 4.1 (queues), 4.2 (commands), 4.6 (completions, phase).
//
//   tail: where the next command goes       head: where the next end is looked for; it is new when its phase bit is `phase`
//
// Invariant: which identifiers are free and which commands are in flight is known from free[] and flights[] alone, never from memory
// that the device can write. Not more than size - 1 commands are in flight, so neither half can overflow.
#include "nvme.h"

#include <stdatomic.h>
#include <string.h>

#include "bulkhead/domain.h"

#define STATUS_PHASE 1u
#define COMPLETION_WORDS 4

void nvme_queue_create(struct nvme_queue *queue, uint16_t id, uint16_t size, void *memory, volatile uint32_t *tail_doorbell,
                       volatile uint32_t *head_doorbell) {
    memset(queue, 0, sizeof(*queue));
    queue->id = id;
    queue->size = size;
    queue->submissions = memory;
    queue->completions = (volatile struct nvme_completion *)((uint8_t *)memory + NVME_PAGE);
    queue->tail_doorbell = tail_doorbell;
    queue->head_doorbell = head_doorbell;
    queue->phase = true;
    for (uint16_t i = 0; i + 1 < size; i++)
        queue->free[queue->free_count++] = i;
}

bool nvme_queue_next(const struct nvme_queue *queue, uint16_t *id) {
    if (!queue->free_count)
        return false;
    *id = queue->free[queue->free_count - 1];
    return true;
}

// Copy a command into the queue, eight bytes at a time.
static void put(struct nvme_queue *queue, const struct nvme_command *command) {
    volatile uint64_t *to = (volatile uint64_t *)&queue->submissions[queue->tail];
    uint64_t words[sizeof(*command) / 8];
    memcpy(words, command, sizeof(words));
    for (uint32_t i = 0; i < sizeof(words) / 8; i++)
        to[i] = words[i];
    queue->flights[command->id].place = queue->tail;
    queue->put_last[queue->tail] = command->id;
    queue->tail = (uint16_t)((queue->tail + 1) % queue->size);
    queue->to_tell = true;
}

void nvme_queue_add(struct nvme_queue *queue, const struct nvme_command *command, uint32_t tag, uint64_t deadline_ns) {
    uint16_t id = queue->free[--queue->free_count];
    struct nvme_flight *flight = &queue->flights[id];
    *flight = (struct nvme_flight){.command = *command, .deadline_ns = deadline_ns, .tag = tag, .tag_again = ~tag, .busy = true};
    flight->command.id = id;
    put(queue, &flight->command);
}

void nvme_queue_add_again(struct nvme_queue *queue, uint16_t id, uint64_t deadline_ns) {
    struct nvme_flight *flight = &queue->flights[id];
    flight->busy = true;
    flight->late = false;
    flight->deadline_ns = deadline_ns;
    flight->tries++;
    put(queue, &flight->command);
}

void nvme_queue_tell(struct nvme_queue *queue) {
    if (!queue->to_tell)
        return;
    atomic_thread_fence(memory_order_release);
    *queue->tail_doorbell = queue->tail;
    queue->to_tell = false;
}

// A command that has ended is still what was sent, unless its place has been used again. The device does not write there.
static void check_kept(const struct nvme_queue *queue, uint16_t id) {
    const struct nvme_flight *flight = &queue->flights[id];
    const volatile uint64_t *have = (const volatile uint64_t *)&queue->submissions[flight->place];
    uint64_t sent[sizeof(flight->command) / 8];
    if (queue->put_last[flight->place] != id)
        return;
    memcpy(sent, &flight->command, sizeof(sent));
    for (uint32_t i = 0; i < sizeof(sent) / 8; i++)
        if (have[i] != sent[i])
            bh_panic("command %u of queue %u has changed since it was sent, from 0x%llx to 0x%llx in word %u: the controller may have done something else", id,
                     queue->id, (unsigned long long)sent[i], (unsigned long long)have[i], i);
}

enum bh_error nvme_queue_take(struct nvme_queue *queue, struct nvme_end *end) {
    volatile uint32_t *words = (volatile uint32_t *)&queue->completions[queue->head];
    uint32_t last = words[COMPLETION_WORDS - 1];
    uint16_t id = (uint16_t)last, status = (uint16_t)(last >> 16);
    if ((status & STATUS_PHASE) != queue->phase)
        return BH_EAGAIN;
    atomic_thread_fence(memory_order_acquire);
    uint32_t result = words[0], place = words[2];
    if (place >> 16 != queue->id || (uint16_t)place >= queue->size) {
        bh_error_log("the controller ends a command in queue %u in the name of queue %u, head %u of %u", queue->id, place >> 16,
                     (uint16_t)place, queue->size);
        return BH_EPROTO;
    }
    if (id >= queue->size || !queue->flights[id].busy) {
        bh_error_log("the controller ends command %u of queue %u, which is not in flight", id, queue->id);
        return BH_EPROTO;
    }
    if (queue->flights[id].tag != ~queue->flights[id].tag_again)
        bh_panic("command %u of queue %u belongs to 0x%x or to 0x%x", id, queue->id, queue->flights[id].tag, ~queue->flights[id].tag_again);
    check_kept(queue, id);
    queue->head++;
    if (queue->head == queue->size) {
        queue->head = 0;
        queue->phase = !queue->phase;
    }
    queue->flights[id].busy = false;
    *end = (struct nvme_end){.tag = queue->flights[id].tag, .result = result, .id = id, .status = (uint16_t)(status >> 1)};
    return BH_OK;
}

void nvme_queue_release(struct nvme_queue *queue, uint16_t id) {
    queue->free[queue->free_count++] = id;
}

void nvme_queue_tell_taken(struct nvme_queue *queue) {
    *queue->head_doorbell = queue->head;
}
