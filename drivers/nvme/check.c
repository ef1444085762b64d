// SPDX-License-Identifier: MIT
//
// What the controller would be told, read back from where it will read it, against the request as it stands in the ring, which this domain cannot write. So a bit
// that flipped in the copy of a request, in what was made of it, or in the code between, ends this domain before the controller does something else than was
// asked, and the successor does the request. Nothing here is shared with transfer.c: that goes from the request's segments to pages, this from the command's
// pages to segments. Source: NVMe 4.2, 4.3, 6.9, 6.15.
//
// The client could change its entry between the copy and this: it would end its own disk's driver, which it can do anyway by accusing it.
#include "bulkhead/dma.h"
#include "nvme.h"

static const volatile struct nvme_command *added_last(const struct nvme_queue *queue) {
    return &queue->submissions[(queue->tail ? queue->tail : queue->size) - 1];
}

// A place in a request's data.
struct place {
    const volatile struct bh_block_request *entry;
    uint32_t segment, offset;
};

static uint8_t opcode_of(uint32_t operation) {
    return operation == BH_BLOCK_OPERATION_FLUSH ? NVME_FLUSH : operation == BH_BLOCK_OPERATION_WRITE ? NVME_WRITE : NVME_READ;
}

static void go_to(struct place *place, uint64_t done) {
    uint32_t count = place->entry->segment_count;
    while (done && place->segment < count) {
        uint32_t size = place->entry->segments[place->segment].size;
        if (done < size) {
            place->offset = (uint32_t)done;
            return;
        }
        done -= size;
        place->segment++;
    }
}

// Is that what comes next in the data? `address` is the device's, of `size` bytes within a page.
static bool check_page(struct place *place, uint64_t data_address, uint64_t address, uint32_t size, struct bh_block_difference *difference) {
    while (size) {
        if (place->segment >= place->entry->segment_count)
            return bh_block_same("the length of the data", size, 0, difference);
        const volatile struct bh_block_segment *segment = &place->entry->segments[place->segment];
        uint64_t asked = data_address + segment->offset + place->offset;
        uint32_t left = segment->size - place->offset, step = size < left ? size : left;
        if (!bh_block_same("an address", address, asked, difference))
            return false;
        if (!step)
            return bh_block_same("the length of a segment", segment->size, place->offset + size, difference);
        address += step;
        size -= step;
        place->offset += step;
        if (step == left) {
            place->segment++;
            place->offset = 0;
        }
    }
    return true;
}

// The pages of a command that moves `size` bytes (NVMe 4.3).
static bool check_pages(const struct nvme_facts *facts, const volatile struct nvme_command *command, const volatile uint64_t *list, uint64_t list_address,
                        struct place *place, uint32_t size, struct bh_block_difference *difference) {
    uint64_t address = command->data[0] - bh_dma_astray;
    uint32_t room = NVME_PAGE - (uint32_t)(address % NVME_PAGE), step = size < room ? size : room;
    uint32_t more = (size - step + NVME_PAGE - 1) / NVME_PAGE;
    if (!check_page(place, facts->data_address, address, step, difference))
        return false;
    size -= step;
    uint64_t second = command->data[1];
    if (more != 1 && !bh_block_same("where the list of pages is", second, more ? list_address : 0, difference))
        return false;
    if (more > NVME_LIST_MAX)
        return bh_block_same("the number of pages", more, NVME_LIST_MAX, difference);
    for (uint32_t i = 0; i < more; i++, size -= step) {
        address = more == 1 ? second : list[i];
        step = size < NVME_PAGE ? size : NVME_PAGE;
        if (!bh_block_same("where a page begins", address % NVME_PAGE, 0, difference) || !check_page(place, facts->data_address, address, step, difference))
            return false;
    }
    return true;
}

// Eight words; those that name the data are left to check_pages().
static bool check_words(const struct nvme_facts *facts, const volatile struct nvme_command *command, uint16_t id, uint32_t operation,
                        struct bh_block_difference *difference) {
    const volatile uint64_t *words = (const volatile uint64_t *)command;
    uint64_t first = opcode_of(operation) | (uint64_t)id << 16 | (uint64_t)facts->namespace_id << 32;
    return bh_block_same("the operation", words[0], first, difference) &&
           bh_block_same("what is reserved", words[1] | words[2] | command->words[3] | words[7], 0, difference);
}

bool nvme_check_sent(const struct nvme_facts *facts, const struct nvme_queue *queue, uint32_t tag, const volatile uint64_t *list, uint64_t list_address,
                     const volatile struct bh_block_request *entry, uint64_t done, uint32_t *size, struct bh_block_difference *difference) {
    const volatile struct nvme_command *command = added_last(queue);
    struct place place = {.entry = entry};
    uint32_t operation = entry->operation;
    uint16_t id = command->id;
    *size = 0;
    if (id >= queue->size || !queue->flights[id].busy || queue->flights[id].tag != tag)
        return bh_block_same("whether the end of the command is the request's", 0, 1, difference);
    if (!check_words(facts, command, id, operation, difference))
        return false;
    uint64_t lba = command->words[0] | (uint64_t)command->words[1] << 32;
    uint32_t blocks = command->words[2];
    if (operation == BH_BLOCK_OPERATION_FLUSH)
        return bh_block_same("an address", command->data[0] | command->data[1], 0, difference) && bh_block_same("the place", lba | blocks, 0, difference);
    uint64_t unit = facts->block_size / BH_BLOCK_SECTOR, asked = entry->lba + done / BH_BLOCK_SECTOR, bytes = ((uint64_t)blocks + 1) * facts->block_size;
    if (!bh_block_same("the block", lba, asked / unit, difference) || !bh_block_same("the sector", lba * unit, asked, difference) ||
        (bytes > UINT32_MAX && !bh_block_same("the length", bytes, UINT32_MAX, difference)))
        return false;
    *size = (uint32_t)bytes;
    go_to(&place, done);
    return check_pages(facts, command, list, list_address, &place, *size, difference);
}

// The same for a request of one segment in one command of two pages at most, as nearly all are: word by word.
uint32_t nvme_check_short(const struct nvme_facts *facts, const struct nvme_queue *queue, uint32_t tag, const volatile struct bh_block_request *entry) {
    const volatile struct nvme_command *command = added_last(queue);
    const volatile uint64_t *words = (const volatile uint64_t *)command;
    uint32_t operation = entry->operation, size = entry->segments[0].size;
    uint64_t at = facts->data_address + entry->segments[0].offset, room = NVME_PAGE - at % NVME_PAGE;
    uint64_t id = command->id, second = size > room ? at + room : 0;
    if (entry->segment_count != 1 || operation > BH_BLOCK_OPERATION_WRITE || size > room + NVME_PAGE || id >= queue->size)
        return 0;
    const struct nvme_flight *flight = &queue->flights[id];
    uint64_t opcode = operation == BH_BLOCK_OPERATION_WRITE ? NVME_WRITE : NVME_READ, lba = entry->lba;
    uint32_t unit = facts->block_size / BH_BLOCK_SECTOR;
    uint64_t block = lba / unit, blocks = size / facts->block_size;
    uint64_t different = (words[0] ^ (opcode | id << 16 | (uint64_t)facts->namespace_id << 32)) | words[1] | words[2] | (words[3] ^ (at + bh_dma_astray)) |
                         (words[4] ^ second) | (words[5] ^ block) | (block * unit ^ lba) |
                         (words[6] ^ (blocks - 1)) | (blocks * facts->block_size ^ size) | words[7] | (flight->tag ^ tag);
    return different || !flight->busy ? 0 : size;
}

bool nvme_check_whole(const volatile struct bh_block_request *entry, uint32_t size, struct bh_block_difference *difference) {
    uint64_t total = 0;
    uint32_t count = entry->segment_count;
    for (uint32_t i = 0; i < count && i < BH_BLOCK_SEGMENTS_MAX; i++)
        total += entry->segments[i].size;
    return bh_block_same("its length", size, total, difference);
}
