// SPDX-License-Identifier: MIT
//
// A disk driver to which nobody should change over: it stands in for virtio-blk (interface Block, ring "disk") and fails in the way that `way' names, which
// the test writes into the image before it sends it (tests/system/recovery.py). What is wrong with it shows only when it runs.
#include <string.h>

#include <bulkhead/domain.h>
#include <bulkhead/ring.h>

#include "block.h"

// Behind the mark: panic, exit, loop, unserved, sleep or error.
static const volatile char way[40] = "impostor does: panic";
#define MARK_SIZE 15

static struct bh_ring ring;

static bool does(const char *what) {
    for (size_t i = 0; i <= strlen(what); i++)
        if (way[MARK_SIZE + i] != what[i])
            return false;
    return true;
}

static enum bh_error info(void *object, struct bh_block_info *about) {
    (void)object;
    *about = (struct bh_block_info){.sector_count = 8, .block_size = 512, .segment_max = 1, .serial = "impostor"};
    return BH_OK;
}

[[noreturn]] static void answer_errors(void) {
    struct bh_block_request request;
    struct bh_block_completion completion = {0};
    uint32_t slot;
    for (;;) {
        while (bh_ring_take(&ring, &slot, &request) == BH_OK)
            if (bh_ring_finish(&ring, slot, BH_EIO, &completion))
                bh_panic("slot %u cannot be completed", slot);
        bh_ring_finish_notify(&ring);
        (void)bh_ring_wait_submit(&ring, 0);
    }
}

[[noreturn]] static void sleep_on(void) {
    for (;;)
        bh_sleep_for(3600000000000ull);
}

int main(void) {
    static const struct block_methods methods = {.info = info};
    if (does("panic"))
        bh_panic("as it does");
    if (does("exit"))
        return 0;
    while (does("loop"))
        ;
    if (bh_ring_attach("disk", &ring))
        bh_panic("no ring disk");
    if (does("unserved"))
        sleep_on();
    if (block_serve("disk-info", &methods, NULL))
        bh_panic("no port disk-info");
    if (does("sleep"))
        sleep_on();
    answer_errors();
}
