// SPDX-License-Identifier: MIT
//
// Saving, committing, putting back. The order of stores is what matters: old bytes, their entry, the count, and only then the caller's change; stores of
// one processor become visible in that order, and the compiler is told to keep it. A log that is too short would be a mistake in a device model: the
// domain then ends itself, nothing being committed.
#include "undo.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "bulkhead/domain.h"
#include "guest.h"
#include "machine.h"

static uint32_t align(uint32_t size) {
    return (size + 15) & ~15u;
}

static uint32_t end_of(const struct undo_log *log, uint32_t count) {
    return count ? log->entries[count - 1].at + align(log->entries[count - 1].size) : 0;
}

static void store_count(struct undo_log *log, uint32_t count) {
    __atomic_store_n(&log->count, count, __ATOMIC_RELEASE);
    atomic_signal_fence(memory_order_seq_cst); // the change itself comes behind it
}

static void add(struct machine *machine, struct undo_entry entry, const void *bytes) {
    struct undo_log *log = machine->log;
    uint32_t count = log->count;
    for (uint32_t i = 0; i < count; i++)
        if (log->entries[i].offset == entry.offset && log->entries[i].size == entry.size && log->entries[i].kind == entry.kind)
            return;
    entry.at = end_of(log, count);
    if (count == UNDO_ENTRIES || entry.size > UNDO_BYTES - entry.at)
        bh_panic("the undo log has no room for %u bytes behind %u entries of %u bytes", entry.size, count, entry.at);
    memcpy(log->bytes + entry.at, bytes, entry.size);
    log->entries[count] = entry;
    store_count(log, count + 1);
    machine->changed = true;
}

void undo_save(struct machine *machine, const void *at, uint32_t size) {
    uint64_t offset = (uint64_t)((uintptr_t)at - (uintptr_t)machine);
    enum undo_kind kind = UNDO_MACHINE;
    if (offset >= sizeof(*machine)) {
        offset = (uint64_t)((uintptr_t)at - (uintptr_t)machine->state);
        kind = UNDO_PAGE;
    }
    add(machine, (struct undo_entry){.kind = kind, .offset = (uint32_t)offset, .size = size}, at);
}

void undo_save_registers(struct machine *machine) {
    struct bh_vcpu_state *state = machine->state;
    undo_save(machine, &state->rax, offsetof(struct bh_vcpu_state, rip));
}

void undo_save_submission(struct machine *machine, uint32_t slot, uint64_t sequence) {
    add(machine, (struct undo_entry){.kind = UNDO_SUBMISSION, .offset = slot, .size = sizeof(sequence)}, &sequence);
}

void undo_commit(struct machine *machine) {
    if (!machine->changed)
        return;
    atomic_signal_fence(memory_order_seq_cst);
    store_count(machine->log, 0);
    machine->changed = false;
}

void undo_lock_aside(struct machine *machine) {
    bh_mutex_lock(&machine->lock);
    __atomic_store_n(&machine->log->aside, 1, __ATOMIC_RELEASE);
}

void undo_unlock_aside(struct machine *machine) {
    undo_commit(machine);
    __atomic_store_n(&machine->log->aside, 0, __ATOMIC_RELEASE);
    bh_mutex_unlock(&machine->lock);
}

static uint64_t limit_of(const struct undo_entry *entry) {
    return entry->kind == UNDO_MACHINE ? sizeof(struct machine) : sizeof(struct bh_vcpu_state);
}

const char *undo_check(const struct undo_log *log) {
    if (log->count > UNDO_ENTRIES || log->aside > 1)
        return "the undo log's head";
    for (uint32_t i = 0; i < log->count; i++) {
        const struct undo_entry *entry = &log->entries[i];
        if (entry->at > UNDO_BYTES || entry->size > UNDO_BYTES - entry->at)
            return "an entry of the undo log has bytes outside it";
        if (entry->kind == UNDO_SUBMISSION && entry->size == sizeof(uint64_t) && i == log->count - 1)
            continue;
        if (entry->kind > UNDO_PAGE || entry->offset > limit_of(entry) || entry->size > limit_of(entry) - entry->offset)
            return "an entry of the undo log leads outside the machine";
    }
    return NULL;
}

bool undo_submission(const struct undo_log *log, uint32_t *slot, uint64_t *sequence) {
    const struct undo_entry *last = &log->entries[log->count ? log->count - 1 : 0];
    if (!log->count || last->kind != UNDO_SUBMISSION)
        return false;
    *slot = last->offset;
    memcpy(sequence, log->bytes + last->at, sizeof(*sequence));
    return true;
}

void undo_roll_back(const struct undo_log *log, struct machine *machine, struct bh_vcpu_state *page) {
    for (uint32_t i = log->count; i-- > 0;) {
        const struct undo_entry *entry = &log->entries[i];
        uint8_t *base = entry->kind == UNDO_MACHINE ? (uint8_t *)machine : (uint8_t *)page;
        if (entry->kind != UNDO_SUBMISSION)
            memcpy(base + entry->offset, log->bytes + entry->at, entry->size);
    }
}
