// SPDX-License-Identifier: MIT
//
// Many requests at a time, each in its own area of the buffer, in pieces of random size at random places. No two of them touch the same
// sector. Around the pieces of a read nothing may change.
#include <string.h>

#include "kernel/abi/crash.h"
#include "scribe.h"

#define DATA_MAX (48u << 10)
#define GAP_MAX 2048u
#define UNTOUCHED 0xa5
#define WAIT_NS 30000000000ull
#define PAUSE_NS 1000000u
#define WAYS 10u

static struct job {
    struct bh_block_request request;
    uint32_t sectors, area, version, slot;
    bool busy;
} jobs[SLOTS];
static uint8_t held[SECTORS_MAX]; // by a request in flight

static bool is_free(uint32_t lba, uint32_t sectors) {
    for (uint32_t i = 0; i < sectors; i++)
        if (held[lba + i])
            return false;
    return true;
}

static void hold(const struct job *job, uint8_t held_now) {
    memset(held + job->request.lba, held_now, job->sectors);
}

// Cut the request's data into pieces of whole blocks, with gaps.
static void cut(struct job *job) {
    uint32_t left = job->sectors / scribe.unit, at = scribe_random(GAP_MAX / 4) * 4;
    job->request.segment_count = 0;
    while (left) {
        uint32_t blocks = job->request.segment_count + 1 == BH_BLOCK_SEGMENTS_MAX || scribe_random(4) == 0 ? left : 1 + scribe_random(left);
        struct bh_block_segment *segment = &job->request.segments[job->request.segment_count++];
        uint32_t chance = scribe_random(4);
        at = chance == 0 ? (at + 4095) & ~4095u : chance == 1 ? at : at + scribe_random(GAP_MAX / 4) * 4;
        *segment = (struct bh_block_segment){.offset = job->area + at, .size = blocks * scribe.info.block_size};
        at += segment->size;
        left -= blocks;
    }
}

// The job's sectors in their order: where each is in the buffer.
static uint8_t *sector_at(const struct job *job, uint32_t n) {
    const struct bh_block_segment *segment = job->request.segments;
    while (n >= segment->size / SECTOR)
        n -= segment++->size / SECTOR;
    return scribe.window + segment->offset + n * SECTOR;
}

static void prepare(struct job *job, uint32_t version) {
    uint32_t most = DATA_MAX / scribe.info.block_size, chance = scribe_random(20);
    job->version = version;
    job->request.operation = chance < 10 ? BH_BLOCK_OPERATION_WRITE : chance < 19 ? BH_BLOCK_OPERATION_READ : BH_BLOCK_OPERATION_FLUSH;
    job->sectors = job->request.lba = job->request.segment_count = 0;
    if (job->request.operation == BH_BLOCK_OPERATION_FLUSH)
        return;
    do {
        job->sectors = scribe.unit * (1 + scribe_random(most));
        job->request.lba = scribe_random((scribe.sectors - job->sectors) / scribe.unit) * scribe.unit;
    } while (!is_free((uint32_t)job->request.lba, job->sectors));
    cut(job);
    memset(scribe.window + job->area, UNTOUCHED, AREA_SIZE);
    for (uint32_t i = 0; job->request.operation == BH_BLOCK_OPERATION_WRITE && i < job->sectors; i++)
        scribe_fill(sector_at(job, i), (uint32_t)job->request.lba + i, version);
}

static void check_gaps(const struct job *job) {
    uint64_t at = job->area;
    for (uint32_t i = 0; i <= job->request.segment_count; i++) {
        bool last = i == job->request.segment_count;
        uint64_t end = last ? at + GAP_MAX : job->request.segments[i].offset;
        for (; at < end; at++)
            EXPECT(scribe.window[at] == UNTOUCHED, "a byte beside a piece of a request changed, at %llu", (unsigned long long)at);
        at = last ? at : end + job->request.segments[i].size;
    }
}

static void check_job(struct job *job, enum bh_error status) {
    uint32_t lba = (uint32_t)job->request.lba;
    EXPECT(!status, "operation %u of %u sectors at %u: %s", job->request.operation, job->sectors, lba, bh_strerror(status));
    hold(job, 0);
    job->busy = false;
    if (job->request.operation == BH_BLOCK_OPERATION_WRITE)
        for (uint32_t i = 0; i < job->sectors; i++)
            scribe.version[lba + i] = job->version;
    for (uint32_t i = 0; job->request.operation == BH_BLOCK_OPERATION_READ && i < job->sectors; i++)
        EXPECT(scribe_is(sector_at(job, i), lba + i, scribe.version[lba + i]), "sector %u does not have version %u", lba + i,
               scribe.version[lba + i]);
    if (job->request.segment_count)
        check_gaps(job);
}

static uint32_t submit_some(uint32_t wanted, uint32_t done) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < SLOTS && count < wanted; i++) {
        struct job *job = &jobs[i];
        if (job->busy)
            continue;
        job->area = i * AREA_SIZE;
        prepare(job, 2 + done + count);
        EXPECT_OK(bh_ring_submit(&scribe.ring, &job->request, &job->slot));
        job->busy = true;
        hold(job, 1);
        count++;
    }
    bh_ring_submit_notify(&scribe.ring);
    return count;
}

// At least one; a driver that lies is being replaced meanwhile.
static uint32_t complete_some(void) {
    enum bh_error error, status;
    uint32_t slot, count = 0;
    for (;;) {
        while ((error = bh_ring_complete(&scribe.ring, &slot, &status, NULL)) == BH_OK) {
            struct job *job = jobs;
            while (job < jobs + SLOTS && (!job->busy || job->slot != slot))
                job++;
            EXPECT(job < jobs + SLOTS, "slot %u ended, which is not in flight", slot);
            check_job(job, status);
            count++;
        }
        if (count)
            return count;
        EXPECT(error == BH_EAGAIN || error == BH_EPROTO, "complete: %s", bh_strerror(error));
        EXPECT_OK(bh_ring_wait_completion(&scribe.ring, bh_time_ns() + WAIT_NS));
    }
}

static void wait_for_restarts(uint32_t driver, uint32_t count) {
    struct bh_domain_info info = {};
    for (uint64_t deadline = bh_time_ns() + WAIT_NS; info.restarts < count; bh_sleep_for(PAUSE_NS)) {
        EXPECT_OK(system_domain_info(system_cap, driver, &info));
        EXPECT(bh_time_ns() < deadline, "the driver was broken %u times, and started again %u times", count, info.restarts);
    }
}

void load(uint32_t requests, uint32_t deaths, uint32_t driver) {
    uint32_t submitted = 0, done = 0, broken = 0;
    while (done < requests) {
        uint32_t left = requests - submitted;
        submitted += submit_some(left < SLOTS ? left : 1 + scribe_random(SLOTS), submitted);
        if (broken < deaths && done >= (uint64_t)requests * (broken + 1) / (deaths + 2)) {
            wait_for_restarts(driver, broken); // each time it dies of one thing
            broken += system_inject(system_cap, driver, (enum bh_injection)(1 + broken % WAYS)) == BH_OK;
        }
        done += complete_some();
    }
    EXPECT(broken == deaths, "the driver was broken %u times, not %u", broken, deaths);
    struct bh_block_request flush = {.operation = BH_BLOCK_OPERATION_FLUSH};
    EXPECT_OK(scribe_one(&flush));
}
