// SPDX-License-Identifier: MIT
//
// Backtraces. Domain code is unwound with libunwind's remote interface: registers from the trap frame or invocation record, memory
// from the control stack only (plain domains: by frame pointers, below), unwind tables from the image as the kernel verified and keeps it: nothing is read from the slot, where other
// threads may write. Tables are hostile; libunwind sees only those that cfi.c found to be of the plain form, and every address that it
// asks for is checked. It only reports: recovery never depends on it.
#include "kernel/debug/backtrace.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/arch/x86_64/switch.h"
#include "kernel/base.h"
#include "kernel/debug/cfi.h"
#include "kernel/debug/log.h"
#include "kernel/debug/unwind.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/invoke.h"
#include "kernel/domain/loader.h"
#include "kernel/domain/mechanism.h"
#include "kernel/mm/space.h"
#include "kernel/sched/thread.h"

#define READS_MAX (1u << 18) // of libunwind, for one backtrace: more than the longest descriptions that cfi.c lets through need

// Registers from which one stretch of frames (between two crossings) is unwound.
struct stretch {
    struct unwind_registers registers;
    struct thread *thread;
    struct domain *domain;
    uint32_t *reads; // what is left of READS_MAX
};

static unw_addr_space_t address_space;

// Any error but ENOINFO: that one would make libunwind guess.
static int find_proc(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info, int need, void *context) {
    const struct stretch *stretch = context;
    const struct verified_image *image = &stretch->domain->image->verified;
    uint64_t base = stretch->domain->base, entry;
    if (ip - base >= BH_SLOT_SIZE || !cfi_find(image, ip - base, &entry))
        return -UNW_EBADFRAME;
    struct unwind_table table = {base, base + BH_SLOT_SIZE, base + image->eh_frame_header, base + entry, 1};
    return unwind_search(space, ip, &table, info, need, context);
}

static bool on_control_stack(const struct stretch *stretch, uint64_t address) {
    uint64_t base = (uint64_t)stretch->thread;
    return address >= base + BH_CONTROL_BLOCK_SIZE + BH_CONTROL_GUARD_SIZE && address <= base + BH_CONTROL_STACK_SIZE - 8;
}

static int access_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write, void *context) {
    const struct stretch *stretch = context;
    uint64_t offset = address - stretch->domain->base;
    (void)space;
    if (write || !*stretch->reads)
        return -UNW_EINVAL;
    --*stretch->reads;
    if (on_control_stack(stretch, address))
        memcpy(value, (const void *)address, sizeof(*value));
    else if (offset >= BH_SLOT_SIZE || !cfi_word(&stretch->domain->image->verified, offset, value))
        return -UNW_EINVAL;
    return 0;
}

static void note(const struct domain *domain, uint64_t rip, struct bh_frame_info *frame) {
    uint64_t within = 0;
    uint64_t offset = rip - domain->base;
    const char *name = verified_symbol(&domain->image->verified, offset, &within);
    *frame = (struct bh_frame_info){.domain = domain->id, .offset = offset, .within = within};
    if (!name)
        return;
    copy_name(frame->symbol, sizeof(frame->symbol), name);
    make_printable(frame->symbol, strlen(frame->symbol));
}

// The frames of one domain from one crossing inwards.
static size_t unwind_stretch(struct stretch *stretch, struct bh_frame_info *frames, size_t max) {
    size_t count = 0;
    if (!max || stretch->registers.rip - stretch->domain->base >= BH_SLOT_SIZE)
        return 0;
    note(stretch->domain, stretch->registers.rip, &frames[count++]);
    unw_cursor_t *cursor = malloc(sizeof(*cursor)); // too big for a control stack
    if (!cursor)
        return count;
    if (unw_init_remote(cursor, address_space, stretch) == 0)
        while (count < max && unw_step(cursor) > 0) {
            unw_word_t ip;
            if (unw_get_reg(cursor, UNW_REG_IP, &ip) != 0 || ip - stretch->domain->base >= BH_SLOT_SIZE)
                break;
            note(stretch->domain, ip, &frames[count++]);
        }
    free(cursor);
    return count;
}

static struct stretch from_record(struct thread *thread, const struct invocation *record) {
    return (struct stretch){{record->resume, (uint64_t)(record + 1), record->rbp, record->rbx, record->r12, record->r13, record->r14,
                             record->r15}, thread, record->caller, NULL};
}

static struct stretch from_frame(struct thread *thread, const struct trap_frame *frame) {
    return (struct stretch){{frame->rip, frame->rsp, frame->rbp, frame->rbx, frame->r12, frame->r13, frame->r14, frame->r15},
                            thread, thread->domain, NULL};
}

// In a kernel call the other registers are somewhere in the kernel's frames; verified code never needs them to find its callers.
static struct stretch from_gate(struct thread *thread) {
    struct stretch stretch = {.thread = thread, .domain = thread->domain};
    if (on_control_stack(&stretch, thread->gate)) {
        stretch.registers.rip = *(const uint64_t *)thread->gate;
        stretch.registers.rsp = thread->gate + 8;
    }
    return stretch;
}

// A word of the domain's slot, whatever the address; false where nothing is mapped. Read by its frame: a fault would come at a bad time, since this is
// not the stack on which faults are handled.
static bool slot_word(const struct domain *domain, uint64_t address, uint64_t *word) {
    uint64_t va = domain->base + (address & BH_SLOT_MASK & ~7ull);
    hpa frame;
    if (space_lookup(va & ~(BH_PAGE_SIZE - 1), &frame) != BH_OK)
        return false;
    *word = *(const uint64_t *)((uint8_t *)platform_direct(frame) + va % BH_PAGE_SIZE);
    return true;
}

// A plain domain's frames, by its frame pointers. The stack is the domain's to write: what is read is only looked up, and the way goes upwards.
static size_t follow_plain(const struct domain *domain, uint64_t rip, uint64_t frame, struct bh_frame_info *frames, size_t max) {
    size_t count = 0;
    uint64_t last = 0, offset = frame & BH_SLOT_MASK;
    while (count < max && rip - domain->base < BH_SLOT_SIZE) {
        note(domain, rip, &frames[count++]);
        if (offset <= last || offset > BH_SLOT_SIZE - 16 || !slot_word(domain, offset, &frame) || !slot_word(domain, offset + 8, &rip))
            break;
        last = offset;
        offset = frame & BH_SLOT_MASK;
    }
    return count;
}

// `door`: the words that the door left on the control stack (arch/x86_64/mechanism.inc): the domain's stack pointer and frame pointer.
static size_t plain_at_door(const struct domain *domain, const uint64_t *door, struct bh_frame_info *frames, size_t max) {
    uint64_t rip;
    return slot_word(domain, door[0], &rip) ? follow_plain(domain, rip, door[1], frames, max) : 0;
}

static size_t innermost(struct thread *thread, const struct trap_frame *frame, uint32_t *reads, struct bh_frame_info *frames, size_t max) {
    struct stretch inner = frame ? from_frame(thread, frame) : from_gate(thread);
    inner.reads = reads;
    if (!thread->domain->mechanism)
        return unwind_stretch(&inner, frames, max);
    if (frame) {
        uint64_t rip = frame->rip, pointer = frame->rbp;
        if (rip - thread->domain->base >= BH_SLOT_SIZE && thread->domain->mechanism->where &&
            !thread->domain->mechanism->where(thread->domain, thread->id, &rip, &pointer))
            return 0;
        return follow_plain(thread->domain, rip, pointer, frames, max);
    }
    return inner.registers.rsp ? plain_at_door(thread->domain, (const uint64_t *)inner.registers.rsp, frames, max) : 0;
}

static size_t walk(struct thread *thread, const struct trap_frame *frame, struct bh_frame_info *frames, size_t max) {
    if (!address_space) {
        address_space = unwind_create_space(find_proc, access_memory);
        if (!address_space)
            return 0;
        // Tables change with each restart, so nothing may be remembered.
        unw_set_caching_policy(address_space, UNW_CACHE_NONE);
    }
    size_t count = 0;
    uint32_t reads = READS_MAX;
    if (thread->domain != &kernel_domain)
        count = innermost(thread, frame, &reads, frames, max);
    for (const struct invocation *record = thread->top; record && count < max; record = record->previous) {
        if (!record->caller || record->caller == &kernel_domain || !record->caller->image)
            continue;
        if (record->caller->mechanism) {
            count += plain_at_door(record->caller, (const uint64_t *)(record + 1), frames + count, max - count);
            continue;
        }
        struct stretch outer = from_record(thread, record);
        outer.reads = &reads;
        count += unwind_stretch(&outer, frames + count, max - count);
    }
    return count;
}

// libunwind wants more stack than a domain that calls into the kernel must leave, so it gets one of its own.
static alignas(16) uint8_t unwinder_stack[64 << 10];

struct request {
    struct thread *thread;
    const struct trap_frame *frame;
    struct bh_frame_info *frames;
    size_t max;
};

static uint64_t walk_request(void *argument) {
    const struct request *request = argument;
    return walk(request->thread, request->frame, request->frames, request->max);
}

size_t backtrace_thread(struct thread *thread, const struct trap_frame *frame, struct bh_frame_info *frames, size_t max) {
    struct request request = {thread, frame, frames, max};
    return call_on_stack(unwinder_stack + sizeof(unwinder_stack), walk_request, &request);
}
