// SPDX-License-Identifier: MIT
//
// What the device would be told, read back from where it will read it, against the request as it stands in the ring, which this domain cannot write. So a bit that
// flipped in the copy of a request, in what was made of it, or in the code between, ends this domain before the device does something else than was asked, and
// the successor does the request. Nothing here is shared with request.c but the layout of blk_memory.
//
// The client could change its entry between the copy and this: it would end its own disk's driver, which it can do anyway by accusing it.
#include "blk.h"
#include "bulkhead/dma.h"

static struct blk_places places;

// What was compared: the sum of all that the device reads for it and never writes, its header and, if it has one, its table.
static struct sent {
    uint64_t sum;
    uint32_t parts; // in the table
} sent[BH_RING_ENTRIES_MAX];

void check_open(const struct blk_places *all) {
    places = *all;
}

static uint32_t type_of(uint32_t operation) {
    switch (operation) {
    case BH_BLOCK_OPERATION_READ:
        return BLK_IN;
    case BH_BLOCK_OPERATION_WRITE:
        return BLK_OUT;
    case BH_BLOCK_OPERATION_FLUSH:
        return BLK_FLUSH;
    default:
        return BLK_GET_ID;
    }
}

static bool check_header(const volatile struct blk_memory *memory, uint32_t operation, uint64_t lba, struct bh_block_difference *difference) {
    return bh_block_same("the operation", memory->type | (uint64_t)memory->reserved << 32, type_of(operation), difference) &&
           bh_block_same("the sector", memory->sector, operation <= BH_BLOCK_OPERATION_WRITE ? lba : 0, difference) &&
           bh_block_same("the status", memory->status, BLK_NO_ANSWER, difference);
}

static bool check_part(struct virtqueue_chain *chain, uint64_t address, uint32_t size, bool device_writes, struct bh_block_difference *difference) {
    struct virtio_segment part = {0};
    if (!virtqueue_chain_next(chain, &part))
        return bh_block_same("whether there is a descriptor", 0, 1, difference);
    return bh_block_same("an address", part.address, bh_dma_address(address), difference) && bh_block_same("a length", part.size, size, difference) &&
           bh_block_same("a direction", part.device_writes, device_writes, difference);
}

// What differs, by name; the long way.
[[gnu::noinline]] static bool look_for_difference(const struct virtqueue *queue, uint32_t slot, const volatile struct bh_block_request *entry,
                                                  struct bh_block_difference *difference) {
    const struct blk_memory *memory = &places.memory[slot];
    uint64_t address = places.memory_address + slot * sizeof(*memory);
    uint32_t operation = entry->operation, count = entry->segment_count;
    bool device_writes = operation != BH_BLOCK_OPERATION_WRITE;
    struct virtqueue_chain chain;
    if (!check_header(memory, operation, entry->lba, difference))
        return false;
    if (!virtqueue_chain_begin(&chain, queue, places.indirect ? memory->table : NULL, address + offsetof(struct blk_memory, table), slot))
        return bh_block_same("whether the queue has its chain", 0, 1, difference);
    if (!check_part(&chain, address, BLK_HEADER_SIZE, false, difference))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!check_part(&chain, places.data_address + entry->segments[i].offset,
                        operation == BH_BLOCK_OPERATION_IDENTIFY ? BLK_SERIAL_SIZE : entry->segments[i].size, device_writes, difference))
            return false;
    return check_part(&chain, address + offsetof(struct blk_memory, status), 1, true, difference) &&
           bh_block_same("whether the chain goes on", chain.more, false, difference);
}

static uint64_t sum_of(uint32_t slot) {
    const volatile uint64_t *words = (const volatile uint64_t *)&places.memory[slot], *pieces = (const volatile uint64_t *)places.memory[slot].table;
    uint64_t sum = words[0] + words[1];
    for (uint32_t i = 0; i < 2 * sent[slot].parts; i++)
        sum += pieces[i];
    return sum;
}

// Before the comparison, so that whatever changes later is noticed by the one or by the other.
static void note_sent(uint32_t slot, uint32_t segments) {
    sent[slot].parts = places.indirect && segments <= BH_BLOCK_SEGMENTS_MAX ? segments + 2 : 0;
    sent[slot].sum = sum_of(slot);
}

bool check_kept(uint32_t slot) {
    return sum_of(slot) == sent[slot].sum;
}

// Reads and writes with a table, as nearly all are: word by word. Whatever is not the same is looked at again.
bool check_written(const struct virtqueue *queue, uint32_t slot, const volatile struct bh_block_request *entry, struct bh_block_difference *difference) {
    const struct blk_memory *memory = &places.memory[slot];
    const volatile uint64_t *words = (const volatile uint64_t *)memory, *pieces = (const volatile uint64_t *)memory->table;
    uint64_t address = places.memory_address + slot * sizeof(*memory), astray = bh_dma_astray, data = places.data_address + astray;
    uint32_t operation = entry->operation, count = entry->segment_count, parts = count + 2;
    bool device_writes = operation != BH_BLOCK_OPERATION_WRITE;
    note_sent(slot, count);
    if (!places.indirect || operation > BH_BLOCK_OPERATION_WRITE || count > BH_BLOCK_SEGMENTS_MAX)
        return look_for_difference(queue, slot, entry, difference);
    uint64_t different = (words[0] ^ (device_writes ? BLK_IN : BLK_OUT)) | (words[1] ^ entry->lba) | (memory->status ^ BLK_NO_ANSWER) |
                         (pieces[0] ^ (address + astray)) | (pieces[1] ^ virtqueue_table_word(queue, 0, parts, BLK_HEADER_SIZE, false));
    for (uint32_t i = 0; i < count; i++) {
        pieces += 2;
        different |= (pieces[0] ^ (data + entry->segments[i].offset)) |
                     (pieces[1] ^ virtqueue_table_word(queue, i + 1, parts, entry->segments[i].size, device_writes));
    }
    different |= (pieces[2] ^ (address + astray + offsetof(struct blk_memory, status))) | (pieces[3] ^ virtqueue_table_word(queue, parts - 1, parts, 1, true));
    if (different || !virtqueue_has_table(queue, address + offsetof(struct blk_memory, table), parts, slot))
        return look_for_difference(queue, slot, entry, difference);
    return true;
}
