// SPDX-License-Identifier: MIT
//
// A request of many segments as commands of the form that PRPs have: memory that begins anywhere in a page (at a multiple of 4), and goes
// on with whole pages, of which only the last may end early. Segments that do not follow each other in this way, and what is longer than
// the controller takes, are cut into several commands, at multiples of the namespace's block. Source: NVMe 4.3 (PRP entries and lists).
//
//   segments        |   ===|=======|=====  |   |  =====|          cut here: the second begins in the middle of a page
//   commands            `------ 1 -------'       `- 2 -'
//
// Nothing here touches the device or the data.
#include "nvme.h"

#include "bulkhead/dma.h"

#define SECTOR 512u

// How many bytes can be taken from where the transfer stands, and the entries for them. Past `size` entries may be named that are not used.
static uint64_t gather(const struct nvme_transfer *transfer, struct nvme_piece *piece) {
    uint64_t size = 0, end = 0;
    uint32_t offset = transfer->offset;
    piece->count = 0;
    for (uint32_t i = transfer->segment; i < transfer->request->segment_count && size < transfer->piece_max; i++, offset = 0) {
        const struct bh_block_segment *segment = &transfer->request->segments[i];
        uint64_t at = transfer->data_address + segment->offset + offset, left = segment->size - offset;
        if (size && at != end && (end % NVME_PAGE || at % NVME_PAGE))
            break;
        while (left && size < transfer->piece_max) {
            uint64_t room = NVME_PAGE - at % NVME_PAGE, step = left < room ? left : room;
            if (!size || at % NVME_PAGE == 0) {
                if (piece->count == NVME_LIST_MAX + 1)
                    return size;
                piece->entries[piece->count++] = at;
            }
            size += step;
            at += step;
            left -= step;
        }
        end = at;
    }
    return size < transfer->piece_max ? size : transfer->piece_max; // the last page may go past it
}

static void advance(struct nvme_transfer *transfer, uint64_t size) {
    transfer->lba += size / SECTOR;
    transfer->left -= size;
    while (size) {
        uint64_t left = transfer->request->segments[transfer->segment].size - transfer->offset;
        if (size < left) {
            transfer->offset += (uint32_t)size;
            return;
        }
        size -= left;
        transfer->segment++;
        transfer->offset = 0;
    }
}

enum bh_error nvme_transfer_next(struct nvme_transfer *transfer, struct nvme_piece *piece) {
    uint64_t size = gather(transfer, piece) & ~(uint64_t)(transfer->block_size - 1);
    if (!size)
        return BH_EINVAL;
    piece->size = (uint32_t)size;
    piece->count = (uint32_t)((piece->entries[0] % NVME_PAGE + size + NVME_PAGE - 1) / NVME_PAGE);
    advance(transfer, size);
    return BH_OK;
}

enum bh_error nvme_transfer_check(struct nvme_transfer transfer) {
    struct nvme_piece piece;
    while (transfer.left)
        if (nvme_transfer_next(&transfer, &piece) != BH_OK)
            return BH_EINVAL;
    return BH_OK;
}

void nvme_describe(const struct nvme_piece *piece, volatile uint64_t *list, uint64_t list_address, struct nvme_command *command) {
    command->data[0] = bh_dma_address(piece->entries[0]);
    if (piece->count == 2)
        command->data[1] = piece->entries[1];
    if (piece->count <= 2)
        return;
    for (uint32_t i = 1; i < piece->count; i++)
        list[i - 1] = piece->entries[i];
    command->data[1] = list_address;
}
