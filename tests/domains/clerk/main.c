// SPDX-License-Identifier: MIT
//
// A client of a disk that never stops: reads, writes and flushes at random, several in flight, never two at once on a block of which one is a write. Every
// block holds its number and how often it was written, and what is read must be what was acknowledged last. Says once a second how it goes; the tests read
// those lines (tests/system/recovery.py).
#include <string.h>

#include <bulkhead/buffer.h>
#include <bulkhead/domain.h>
#include <bulkhead/ring.h>

#include "block.h"

enum { BLOCK = 4096, SECTORS = BLOCK / 512, BLOCKS = 128, IN_FLIGHT = 16, ERRORS_TOLD = 20 };
#define PAUSE_NS 4000000ull
#define SECOND_NS 1000000000ull

enum use : uint8_t { IDLE, READING, WRITING };

static struct request {
    bool busy;
    uint32_t operation, block, ring_slot;
    uint64_t version; // written, or expected
    uint64_t since_ns;
} requests[IN_FLIGHT];

static struct bh_ring ring;
static uint8_t *data; // a block for each request
static uint64_t versions[BLOCKS]; // 0: nobody knows what is there
static enum use uses[BLOCKS];
static uint64_t done, errors, mismatches, slowest_ns, flushes;
static uint64_t seed = 88172645463325252ull;

static uint64_t chance(uint64_t limit) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % limit;
}

static uint64_t word_of(uint32_t block, uint64_t version, uint32_t index) {
    return (version << 20 | (uint64_t)block << 9 | index) * 0x9e3779b97f4a7c15ull;
}

static void fill(uint64_t *words, uint32_t block, uint64_t version) {
    for (uint32_t i = 0; i < BLOCK / 8; i++)
        words[i] = word_of(block, version, i);
}

static bool holds(const uint64_t *words, uint32_t block, uint64_t version) {
    for (uint32_t i = 0; i < BLOCK / 8; i++)
        if (words[i] != word_of(block, version, i))
            return false;
    return true;
}

static bool start(uint32_t index) {
    struct request *request = &requests[index];
    uint64_t *words = (uint64_t *)(data + index * BLOCK);
    uint64_t what = chance(16);
    request->block = (uint32_t)chance(BLOCKS);
    request->operation = !what ? BH_BLOCK_OPERATION_FLUSH : what < 9 || !versions[request->block] ? BH_BLOCK_OPERATION_WRITE : BH_BLOCK_OPERATION_READ;
    if (request->operation != BH_BLOCK_OPERATION_FLUSH && uses[request->block] != IDLE)
        return false;
    struct bh_block_request message = {.operation = request->operation, .lba = (uint64_t)request->block * SECTORS};
    if (request->operation != BH_BLOCK_OPERATION_FLUSH) {
        message.segment_count = 1;
        message.segments[0] = (struct bh_block_segment){.offset = (uint64_t)index * BLOCK, .size = BLOCK};
        request->version = versions[request->block] + (request->operation == BH_BLOCK_OPERATION_WRITE);
        fill(words, request->block, request->operation == BH_BLOCK_OPERATION_WRITE ? request->version : 0);
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
        return;
    }
    uses[request->block] = IDLE;
    if (request->operation == BH_BLOCK_OPERATION_WRITE) {
        versions[request->block] = status ? 0 : request->version;
    } else if (!status && !holds((const uint64_t *)(data + index * BLOCK), request->block, request->version)) {
        mismatches++;
        bh_error_log("block %u does not hold version %llu", request->block, (unsigned long long)request->version);
    }
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
