// SPDX-License-Identifier: MIT
//
// The undo log of the guest's machine. The machine lives in memory that outlasts this domain (kept.h). Whoever changes a part of it saves the part here
// first; the log is emptied, by one store, when the change is whole. A domain that dies in between leaves a log from which its successor puts
// everything back: the machine is always that before a step or that after it.
//
//   bytes    [ old bytes of entry 0 | of entry 1 | ... ]
//   entries  [ where they stood, and how many: 0 | 1 | ... ]   `count' of them; 0: nothing is half done
//
// A step is an exit, or what another thread does under one lock of the machine ("aside": then an exit that is also under way is not to be asked again).
// A submission to a ring cannot be put back. It comes last in its step: if the ring has it, the step counts as done.
//
// Trust: the successor believes nothing here (undo_check()). Context: under the machine's lock.
#ifndef VMM_UNDO_H
#define VMM_UNDO_H

#include <stdbool.h>
#include <stdint.h>

#define UNDO_ENTRIES 64
#define UNDO_BYTES 16384

struct machine;
struct bh_vcpu_state;

enum undo_kind : uint32_t {
    UNDO_MACHINE,    // offset in struct machine
    UNDO_PAGE,       // offset in the vCPU's shared page
    UNDO_SUBMISSION, // offset: slot of the disk's ring; the bytes are the request's number
};

struct undo_entry {
    enum undo_kind kind;
    uint32_t offset, size;
    uint32_t at; // where in `bytes`
};

struct undo_log {
    uint32_t count;
    uint32_t aside; // 1: the step is not an exit's
    struct undo_entry entries[UNDO_ENTRIES];
    alignas(16) uint8_t bytes[UNDO_BYTES];
};

// Save `size` bytes at `at`, in the machine or its shared page, before they are changed. Once a step is enough; more often does no harm.
void undo_save(struct machine *machine, const void *at, uint32_t size);
// The same for a whole object.
#define UNDO_SAVE(machine, object) undo_save((machine), (object), sizeof(*(object)))
// The same for the vCPU's general registers in the shared page.
void undo_save_registers(struct machine *machine);
// The request number `sequence` is about to be submitted in `slot`: commit right behind it.
void undo_save_submission(struct machine *machine, uint32_t slot, uint64_t sequence);
// What was changed since the last commit is whole.
void undo_commit(struct machine *machine);
// Lock the machine for a step that is no exit's; commit it and unlock.
void undo_lock_aside(struct machine *machine);
void undo_unlock_aside(struct machine *machine);

// For the successor. Is the log of a dead instance in order? NULL, or what is wrong with it.
const char *undo_check(const struct undo_log *log);
// The submission in it, if there is one.
bool undo_submission(const struct undo_log *log, uint32_t *slot, uint64_t *sequence);
// Put everything back, newest first. The log stays as it is: doing it twice is doing it once.
void undo_roll_back(const struct undo_log *log, struct machine *machine, struct bh_vcpu_state *page);

#endif
