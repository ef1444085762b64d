// SPDX-License-Identifier: MIT
//
// The NVMe driver on the host, with a controller made of arrays: the whole driver runs, main() included, until it has nothing left to do,
// gives up or panics. The controller is honest but for what a test asks of it.
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "drivers/nvme/nvme.h"

#define DISK_SIZE (4u << 20)
#define WINDOW_SIZE (2u << 20)
#define REQUESTS_MAX 64u
#define NOTES_SIZE (32u << 10)

extern struct fixture {
    // What the controller is like. Zeroed parts are honest.
    bool never_ready, fails_at_start, fails_later, gone;
    uint64_t cap;                // register CAP
    uint32_t queues_granted;     // as the controller says it; 0: what is asked for
    uint8_t block_shift, metadata, transfer_shift;
    uint64_t blocks;             // 0: as many as the disk has
    uint32_t namespaces[4];
    const char *serial;
    bool silent;                 // commands for the disk are not answered
    uint32_t silent_count;       // the first so many of them are not
    uint32_t answers_every;      // of so many commands only the last one is answered
    bool abort_works, no_aborts; // no_aborts: not even answered
    bool no_interrupts;
    uint16_t status;             // of the next command for the disk alone
    void (*tamper)(struct nvme_completion *completion, uint16_t queue); // with the completions of queue 1
    void (*spoil)(struct nvme_command *commands); // of queue 1, which the driver is about to compare with the ring
    // What was asked.
    uint32_t commands[NVME_QUEUES_MAX + 1], flushes, aborts, cut; // cut: commands for the disk
    // The client.
    struct bh_block_request requests[REQUESTS_MAX];
    uint32_t request_count, taken, finished;
    enum bh_error status_of[REQUESTS_MAX];
    bool ended[REQUESTS_MAX];
    const char *settings[8]; // name, value, ...
    void *notes;             // NOTES_SIZE bytes; NULL: the manifest grants none
    uint64_t now;
} fixture;
extern uint8_t fixture_disk[DISK_SIZE], fixture_window[WINDOW_SIZE];

// Run the driver: "idle", "panic: ..." or "returned N".
const char *fixture_run(void);
// What an expression ends with.
extern jmp_buf fixture_out;
extern char fixture_ending[512];
#define fixture_catch(expression) (setjmp(fixture_out) ? 0 : (strcpy(fixture_ending, "nothing"), (void)(expression)), fixture_ending)
// The log so far has this in it.
bool fixture_said(const char *words);
struct bh_block_request *fixture_request(enum bh_block_operation operation, uint64_t lba, uint64_t offset, uint32_t size);

#endif
