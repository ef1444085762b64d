// SPDX-License-Identifier: MIT
//
// The block device behind a ring: each request is submitted, and its completion awaited. A driver that dies meanwhile is not noticed: its successor
// takes the request from the ring's log.
#include "disk.h"

#include <string.h>

#include <bulkhead/domain.h>

#include "block.h"

#define RETRY_NS 10000000u
#define SEGMENT_MAX (64u << 10) // bytes in one request; the data buffer has at least as many

static struct bh_ring ring;
static struct bh_block_info device;
static uint8_t *window; // the ring's data buffer
static uint64_t window_size;

uint64_t disk_size(void) {
    return device.sector_count * DISK_SECTOR;
}

// A driver that has not begun yet, or is being restarted, is waited for.
static enum bh_error ask_device(const char *port_name) {
    bh_cap port;
    enum bh_error error = bh_cap_find(port_name, &port);
    if (error)
        return error;
    uint64_t deadline = bh_time_ns() + BH_SERVER_WAIT_NS;
    while (bh_may_pass(error = block_info(port, &device)) && bh_time_ns() < deadline)
        bh_sleep_for(RETRY_NS);
    return error ? error : device.read_only ? BH_EREADONLY : BH_OK;
}

enum bh_error disk_open(const char *ring_name, const char *port_name, const char *buffer_name) {
    void *address;
    uint64_t size;
    enum bh_error error = ask_device(port_name);
    if (!error)
        error = bh_ring_attach(ring_name, &ring);
    if (!error)
        error = bh_buffer_find(buffer_name, BH_RIGHT_READ | BH_RIGHT_WRITE, &address, &size);
    if (error)
        return error;
    window = address;
    window_size = size < SEGMENT_MAX ? size : SEGMENT_MAX;
    return window_size >= 2 * DISK_SECTOR ? BH_OK : BH_ERANGE;
}

static enum bh_error request(uint32_t operation, uint64_t lba, uint32_t size) {
    struct bh_block_request block = {.operation = operation, .lba = lba, .segment_count = size > 0, .segments = {{.size = size}}};
    struct bh_block_completion completion;
    enum bh_error error, status;
    uint32_t slot, done;
    while ((error = bh_ring_submit(&ring, &block, &slot)) == BH_EAGAIN) // what a former life of this domain left in flight
        if (bh_ring_complete(&ring, &done, &status, &completion) == BH_EAGAIN)
            (void)bh_ring_watch_completion(&ring);
    if (error)
        return error;
    bh_ring_submit_notify(&ring);
    for (;;) {
        error = bh_ring_complete(&ring, &done, &status, &completion);
        if (!error && done == slot)
            return status ? status : completion.transferred == size ? BH_OK : BH_EIO;
        if (error && error != BH_EAGAIN)
            return error;
        if (error)
            (void)bh_ring_watch_completion(&ring);
    }
}

static bool is_inside(uint64_t offset, size_t size) {
    return offset <= disk_size() && size <= disk_size() - offset;
}

// The piece of a range that one request takes: its first sector, bytes of whole sectors, and how much of the range they hold.
struct piece {
    uint64_t lba;
    uint32_t head, sectors_size;
    size_t size;
};

static struct piece first_piece(uint64_t offset, size_t size) {
    struct piece piece = {.lba = offset / DISK_SECTOR, .head = (uint32_t)(offset % DISK_SECTOR)};
    uint64_t room = window_size / DISK_SECTOR * DISK_SECTOR - piece.head;
    piece.size = size < room ? size : room;
    piece.sectors_size = (uint32_t)((piece.head + piece.size + DISK_SECTOR - 1) / DISK_SECTOR * DISK_SECTOR);
    return piece;
}

enum bh_error disk_read(uint64_t offset, void *data, size_t size) {
    enum bh_error error = is_inside(offset, size) ? BH_OK : BH_ERANGE;
    while (size && !error) {
        struct piece piece = first_piece(offset, size);
        error = request(BH_BLOCK_OPERATION_READ, piece.lba, piece.sectors_size);
        if (error)
            break;
        memcpy(data, window + piece.head, piece.size);
        data = (uint8_t *)data + piece.size;
        offset += piece.size;
        size -= piece.size;
    }
    return error;
}

enum bh_error disk_write(uint64_t offset, const void *data, size_t size) {
    enum bh_error error = is_inside(offset, size) ? BH_OK : BH_ERANGE;
    while (size && !error) {
        struct piece piece = first_piece(offset, size);
        if (piece.size < piece.sectors_size)
            error = request(BH_BLOCK_OPERATION_READ, piece.lba, piece.sectors_size);
        if (error)
            break;
        memcpy(window + piece.head, data, piece.size);
        error = request(BH_BLOCK_OPERATION_WRITE, piece.lba, piece.sectors_size);
        data = (const uint8_t *)data + piece.size;
        offset += piece.size;
        size -= piece.size;
    }
    return error;
}

enum bh_error disk_flush(void) {
    return device.flush ? request(BH_BLOCK_OPERATION_FLUSH, 0, 0) : BH_OK;
}
