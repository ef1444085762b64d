// SPDX-License-Identifier: MIT
//
// A block device in memory, for systems without one: the data are in the buffer "image", which outlives this domain. Serves Block behind the port
// "disk-info" and the ring "disk"; when it dies, its next instance goes on with the requests in flight. Their data are in the buffer "window". The setting "die_after" says how
// many requests an instance completes before it panics; none, when it is missing. With the setting "forgets" it keeps what was written in its own
// memory until it is told to flush, and loses that when it dies: no driver may do that, and the tests must notice it.
#include <stdlib.h>
#include <string.h>

#include <bulkhead/domain.h>

#include "block.h"
#include "kernel.h"

#define SECTOR 512u

static struct bh_ring ring;
static uint8_t *image, *disk, *data; // `disk' is the image, or what stands before it
static uint64_t image_size, data_size;
static uint64_t left; // requests until the panic, 0: no panic

static enum bh_error info(void *object, struct bh_block_info *about) {
    (void)object;
    *about = (struct bh_block_info){.sector_count = image_size / SECTOR, .block_size = 4096, .segment_max = BH_BLOCK_SEGMENTS_MAX, .flush = 1,
                                    .serial = "ramdisk"};
    return BH_OK;
}

static enum bh_error move(const struct bh_block_request *request, uint32_t *transferred) {
    uint64_t at = request->lba;
    if (request->operation == BH_BLOCK_OPERATION_FLUSH) {
        if (disk != image)
            memcpy(image, disk, image_size);
        return BH_OK;
    }
    if (request->operation > BH_BLOCK_OPERATION_WRITE)
        return BH_ENOTSUP;
    for (uint32_t i = 0; i < request->segment_count && i < BH_BLOCK_SEGMENTS_MAX; i++) {
        const struct bh_block_segment *segment = &request->segments[i];
        if (segment->offset > data_size || segment->size > data_size - segment->offset || segment->size % SECTOR || at > image_size / SECTOR ||
            segment->size / SECTOR > image_size / SECTOR - at)
            return BH_ERANGE;
        if (request->operation == BH_BLOCK_OPERATION_READ)
            memcpy(data + segment->offset, disk + at * SECTOR, segment->size);
        else
            memcpy(disk + at * SECTOR, data + segment->offset, segment->size);
        at += segment->size / SECTOR;
        *transferred += segment->size;
    }
    return BH_OK;
}

static enum bh_error map(bh_cap buffer, uint8_t **address, uint64_t *size) {
    struct bh_buffer_info about;
    void *mapped;
    enum bh_error error = bh_buffer_info(buffer, &about);
    if (!error)
        error = bh_buffer_map(buffer, BH_RIGHT_READ | BH_RIGHT_WRITE, &mapped);
    if (!error) {
        *address = mapped;
        *size = about.size;
    }
    return error;
}

static enum bh_error open_all(void) {
    static const struct block_methods methods = {info};
    char text[480];
    bh_cap buffer, settings = BH_CAP_NONE;
    enum bh_error error = bh_cap_find("image", &buffer);
    if (!error)
        error = map(buffer, &image, &image_size);
    if (!error)
        error = bh_ring_attach("disk", &ring);
    if (!error)
        error = bh_cap_find("window", &buffer);
    if (!error)
        error = map(buffer, &data, &data_size);
    if (!error && bh_cap_find("settings", &settings) == BH_OK && settings_get(settings, "die_after", text) == BH_OK)
        left = strtoull(text, NULL, 10);
    disk = image;
    if (!error && settings && settings_get(settings, "forgets", text) == BH_OK && (disk = malloc(image_size)))
        memcpy(disk, image, image_size);
    if (!disk)
        error = BH_ENOMEM;
    return error ? error : block_serve("disk-info", &methods, NULL);
}

int main(void) {
    enum bh_error error = open_all();
    if (error)
        bh_panic("cannot begin: %s", bh_strerror(error));
    for (;;) {
        struct bh_block_request request;
        struct bh_block_completion completion = {0};
        uint32_t slot;
        if (bh_ring_take(&ring, &slot, &request) != BH_OK) {
            if (!bh_ring_arm_submit(&ring))
                (void)bh_ring_wait_submit(&ring, 0);
            continue;
        }
        enum bh_error status = move(&request, &completion.transferred);
        if (left && !--left)
            bh_panic("as told");
        error = bh_ring_finish(&ring, slot, status, &completion);
        if (error)
            bh_warn("slot %u cannot be completed: %s", slot, bh_strerror(error));
        bh_ring_finish_notify(&ring);
    }
}
