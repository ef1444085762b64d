// SPDX-License-Identifier: MIT
//
// A block device in memory, for systems without one. Serves Block behind the port "disk-info" and the ring "disk", whose data are in the buffer "window"; what is
// written outlives this domain (medium.c), and its next instance goes on with the requests in flight. Settings: "die_after", how many requests an instance completes
// before it panics; "die_in_replay" = "yes": it also does at random while it replays, before a request, after it, or after having answered it; "power_cuts" = "yes": every
// third of these deaths is a power cut, in which the disk loses its cache too; "breaks": in which way it is no honest disk (medium.h), which tests must notice.
#include <bulkhead/buffer.h>
#include <bulkhead/domain.h>
#include <bulkhead/ring.h>
#include <bulkhead/settings.h>

#include "block.h"
#include "medium.h"

#define CUT_ONE_IN 3
#define DIE_ONE_IN 16 // of the occasions in a replay

static struct bh_ring ring;
static uint8_t *data;
static uint64_t data_size;
static uint64_t left; // requests until the panic, 0: no panic
static bool dies_in_replay, cuts;

static enum bh_error info(void *object, struct bh_block_info *about) {
    (void)object;
    *about = (struct bh_block_info){.sector_count = medium_sectors(), .block_size = BLOCK, .segment_max = BH_BLOCK_SEGMENTS_MAX, .flush = 1, .serial = "ramdisk"};
    return BH_OK;
}

static void die(const char *when) {
    if (cuts && !medium_chance(CUT_ONE_IN)) {
        medium_cut(ring.epoch);
        bh_panic("as told, with the power, %s", when);
    }
    bh_panic("as told, %s", when);
}

static enum bh_error move(const struct bh_block_request *request, uint32_t *transferred) {
    uint64_t at = request->lba;
    if (request->operation == BH_BLOCK_OPERATION_FLUSH) {
        medium_flush();
        return BH_OK;
    }
    if (request->operation > BH_BLOCK_OPERATION_WRITE)
        return BH_ENOTSUP;
    for (uint32_t i = 0; i < request->segment_count && i < BH_BLOCK_SEGMENTS_MAX; i++) {
        const struct bh_block_segment *segment = &request->segments[i];
        if (segment->offset > data_size || segment->size > data_size - segment->offset)
            return BH_ERANGE;
        enum bh_error error = request->operation == BH_BLOCK_OPERATION_READ ? medium_read(at, data + segment->offset, segment->size)
                                                                           : medium_write(at, data + segment->offset, segment->size);
        if (error)
            return error;
        at += segment->size / SECTOR;
        *transferred += segment->size;
    }
    return BH_OK;
}

// A request from the log may have been done already, thinks a driver that breaks its word.
static enum bh_error serve(const struct bh_block_request *request, bool replayed, uint32_t *transferred) {
    if (replayed && breach == BREACH_LOST_WRITE && request->operation == BH_BLOCK_OPERATION_WRITE)
        return BH_OK;
    return move(request, transferred);
}

static enum bh_error open_all(void) {
    static const struct block_methods methods = {info};
    char text[BH_SETTING_SIZE];
    void *address;
    enum bh_error error = medium_open();
    if (!error)
        error = bh_ring_attach("disk", &ring);
    if (!error)
        error = bh_buffer_find("window", BH_RIGHT_READ | BH_RIGHT_WRITE, &address, &data_size);
    if (!error)
        error = bh_setting_number("die_after", 0, UINT64_MAX, &left);
    if (error)
        return error;
    data = address;
    dies_in_replay = bh_setting("die_in_replay", text, sizeof(text));
    cuts = bh_setting("power_cuts", text, sizeof(text));
    return block_serve("disk-info", &methods, NULL);
}

static void maybe_die(bool replayed, const char *when) {
    if (replayed && dies_in_replay && !medium_chance(DIE_ONE_IN))
        die(when);
}

int main(void) {
    enum bh_error error = open_all();
    if (error)
        bh_panic("cannot begin: %s", bh_strerror(error));
    for (;;) {
        struct bh_block_request request;
        struct bh_block_completion completion = {0};
        uint32_t slot, before = ring.replayed;
        if (bh_ring_take(&ring, &slot, &request) != BH_OK) {
            if (!bh_ring_arm_submit(&ring))
                (void)bh_ring_wait_submit(&ring, 0);
            continue;
        }
        bool replayed = ring.replayed != before;
        maybe_die(replayed, "before a request of the log");
        enum bh_error status = serve(&request, replayed, &completion.transferred);
        if (left && !--left)
            die("after its requests");
        maybe_die(replayed, "after a request of the log");
        error = bh_ring_finish(&ring, slot, status, &completion);
        if (error)
            bh_warn("slot %u cannot be completed: %s", slot, bh_strerror(error));
        bh_ring_finish_notify(&ring);
        maybe_die(replayed, "after having answered a request of the log");
    }
}
