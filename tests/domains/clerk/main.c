// SPDX-License-Identifier: MIT
//
// A client of a disk that never stops: reads, writes and flushes at random, several in flight, never two at once on a block of which one is a write. What is
// read must be what may be there (blocks.c). Says once a second how it goes; the tests read those lines (tests/system/recovery.py).
#include <string.h>

#include <bulkhead/buffer.h>
#include <bulkhead/domain.h>
#include <bulkhead/ring.h>

#include "block.h"
#include "blocks.h"

enum { SECTORS = BLOCK / 512, IN_FLIGHT = 16, ERRORS_TOLD = 20 };
#define PAUSE_NS 4000000ull
#define SECOND_NS 1000000000ull

enum use : uint8_t { IDLE, READING, WRITING };

static struct request {
    bool busy;
    uint32_t operation, block, ring_slot;
    uint64_t version; // to be written
    uint64_t cuts;    // of the power, until it was submitted
    uint64_t since_ns;
    struct covered covered; // by a flush
} requests[IN_FLIGHT];

static struct bh_ring ring;
static uint8_t *data; // a block for each request
static enum use uses[BLOCKS];
static uint64_t done, errors, mismatches, slowest_ns, flushes;
static uint64_t seed = 88172645463325252ull;

static uint64_t chance(uint64_t limit) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % limit;
}

static bool start(uint32_t index) {
    struct request *request = &requests[index];
    uint64_t what = chance(16);
    request->block = (uint32_t)chance(BLOCKS);
    request->operation = !what ? BH_BLOCK_OPERATION_FLUSH : what < 9 || blocks_unknown(request->block) ? BH_BLOCK_OPERATION_WRITE : BH_BLOCK_OPERATION_READ;
    if (request->operation != BH_BLOCK_OPERATION_FLUSH && uses[request->block] != IDLE)
        return false;
    request->cuts = blocks_cuts();
    struct bh_block_request message = {.operation = request->operation, .lba = (uint64_t)request->block * SECTORS};
    if (request->operation != BH_BLOCK_OPERATION_FLUSH) {
        message.segment_count = 1;
        message.segments[0] = (struct bh_block_segment){.offset = (uint64_t)index * BLOCK, .size = BLOCK};
        request->version = request->operation == BH_BLOCK_OPERATION_WRITE ? blocks_next_version(request->block) : 0;
        blocks_fill(data + index * BLOCK, request->block, request->version);
    } else {
        blocks_cover(&request->covered);
    }
    if (bh_ring_submit(&ring, &message, &request->ring_slot))
        return false;
    if (request->operation != BH_BLOCK_OPERATION_FLUSH)
        uses[request->block] = request->operation == BH_BLOCK_OPERATION_WRITE ? WRITING : READING;
    request->busy = true;
    request->since_ns = bh_time_ns();
    return true;
}

static void end(uint32_t index, enum bh_error status) {
    struct request *request = &requests[index];
    uint64_t took = bh_time_ns() - request->since_ns;
    slowest_ns = took > slowest_ns ? took : slowest_ns;
    request->busy = false;
    done++;
    if (status) {
        if (errors++ < ERRORS_TOLD)
            bh_warn("request %u of block %u: %s", request->operation, request->block, bh_strerror(status));
    }
    if (request->operation == BH_BLOCK_OPERATION_FLUSH) {
        flushes++;
        if (!status)
            blocks_flushed(&request->covered);
        return;
    }
    uses[request->block] = IDLE;
    if (request->operation == BH_BLOCK_OPERATION_READ)
        mismatches += !status && !blocks_read(data + index * BLOCK, request->block, request->cuts);
    else if (status)
        blocks_write_failed(request->block);
    else
        blocks_written(request->block, request->version);
}

static uint32_t find(uint32_t ring_slot) {
    uint32_t index = 0;
    while (index < IN_FLIGHT && !(requests[index].busy && requests[index].ring_slot == ring_slot))
        index++;
    return index;
}

static void collect(void) {
    struct bh_block_completion completion;
    enum bh_error status;
    uint32_t slot;
    while (bh_ring_complete(&ring, &slot, &status, &completion) == BH_OK) {
        uint32_t index = find(slot);
        blocks_look_at_power(ring.epoch);
        if (index < IN_FLIGHT)
            end(index, status);
        else
            bh_panic("slot %u was completed twice", slot);
    }
}

static void tell(uint64_t now) {
    static uint64_t next;
    if (now < next)
        return;
    bh_info("%llu requests, %llu flushes, %llu errors, %llu mismatches, slowest %llu ms", (unsigned long long)done, (unsigned long long)flushes,
            (unsigned long long)errors, (unsigned long long)mismatches, (unsigned long long)(slowest_ns / 1000000));
    next = now + SECOND_NS;
}

int main(void) {
    void *address;
    enum bh_error error = bh_ring_attach("disk", &ring);
    if (!error)
        error = bh_buffer_map(ring.info.buffer, BH_RIGHT_READ | BH_RIGHT_WRITE, &address);
    if (error)
        bh_panic("cannot begin: %s", bh_strerror(error));
    data = address;
    blocks_open();
    for (;;) {
        for (uint32_t i = 0; i < IN_FLIGHT; i++)
            if (!requests[i].busy)
                (void)start(i);
        bh_ring_submit_notify(&ring);
        (void)bh_ring_wait_completion(&ring, bh_time_ns() + SECOND_NS);
        collect();
        tell(bh_time_ns());
        bh_sleep_for(PAUSE_NS); // others want the machine too
    }
}
