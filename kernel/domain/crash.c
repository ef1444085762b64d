// SPDX-License-Identifier: MIT
//
// Death: the domain is marked dead first, so that no call gets in any more, and all processors are brought to a halt; then the backtrace
// is taken, every thread inside is sent back to the record that entered it, devices are silenced, rings get a new epoch, buffers and
// memory are reclaimed, and the supervisor is woken. Nothing here trusts a word of the dead domain's memory.
#include "kernel/domain/crash.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/arch/x86_64/regs.h"
#include "kernel/base.h"
#include "kernel/debug/backtrace.h"
#include "kernel/debug/log.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/core.h"
#include "kernel/domain/dma.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/invoke.h"
#include "kernel/domain/loader.h"
#include "kernel/domain/resources.h"
#include "kernel/domain/revive.h"
#include "kernel/domain/tracing.h"
#include "kernel/exchange/buffers.h"
#include "kernel/exchange/rings.h"
#include "kernel/mm/stacks.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/sched.h"
#include "kernel/virt/vcpu.h"

static struct event_object *watcher;
static const struct domain *watching;

void crash_watch(struct event_object *event, const struct domain *domain) {
    event_object_hold(event);
    if (watcher)
        event_object_release(watcher);
    watcher = event;
    watching = domain;
}

const struct domain *crash_watching(void) {
    return watching;
}

void crash_tell_watcher(void) {
    if (watcher)
        event_raise(&watcher->event);
}

const char *crash_cause_name(enum bh_crash_cause cause) {
    static const char *const names[] = {
#define CAUSE(name, number, words) [number] = words,
#include "kernel/abi/crash.def"
#undef CAUSE
    };
    return cause < sizeof(names) / sizeof(*names) ? names[cause] : "unknown";
}

struct search {
    const struct domain *domain;
    struct thread *found;
};

static void find_inside(struct thread *thread, void *context) {
    struct search *search = context;
    if (thread->domain == search->domain && !search->found)
        search->found = thread;
}

static void write_record(struct domain *domain, enum bh_crash_cause cause, const struct trap_frame *frame,
                         uint64_t address) {
    struct bh_crash_record *record = &domain->crash;
    char text[BH_CRASH_TEXT_SIZE];
    memcpy(text, record->text, sizeof(text));
    *record = (struct bh_crash_record){.time_ns = clock_now_ns(), .instructions = clock_ticks(), .domain = domain->id,
                                       .cause = cause, .address = address, .generation = domain->generation};
    memcpy(record->text, text, sizeof(text));
    struct thread *thread = sched_current();
    if (!thread || thread->domain != domain) {
        // Killed from outside: what one of its threads was about.
        struct search search = {domain, NULL};
        thread_each(find_inside, &search);
        thread = search.found;
        frame = NULL;
        if (thread && thread->preempted)
            frame = &thread->frame;
        else if (thread && thread->state == THREAD_RUNNING)
            frame = thread->cpu->frame;
    }
    if (thread)
        record->frame_count = (uint32_t)backtrace_thread(thread, frame, record->frames, BH_BACKTRACE_MAX);
    if (record->frame_count)
        record->offset = record->frames[0].offset;
}

static void log_record(const struct domain *domain) {
    const struct bh_crash_record *record = &domain->crash;
    bool orderly = record->cause == BH_CRASH_EXIT || record->cause == BH_CRASH_UPGRADE;
    log_write(orderly ? BH_LOG_INFO : BH_LOG_ERROR, domain->name, "%s: %s: %s", record->cause == BH_CRASH_UPGRADE ? "stops" : "dies",
              crash_cause_name(record->cause), record->text);
    for (uint32_t i = 0; i < record->frame_count && !orderly; i++) {
        const struct bh_frame_info *frame = &record->frames[i];
        const struct domain *in = domain_get(frame->domain);
        log_write(BH_LOG_INFO, domain->name, "  #%u %s: %s+0x%llx (0x%llx)", i, in ? in->name : "kernel",
                  frame->symbol[0] ? frame->symbol : "?", (unsigned long long)frame->within,
                  (unsigned long long)frame->offset);
    }
}

// A thread that a trap interrupted, on this processor or another, is the trap's own business.
static void unwind_one(struct thread *thread, void *context) {
    struct domain *dead = context;
    invoke_doom_callers(thread, dead);
    if (thread->domain != dead) {
        if (thread->top && thread->top->callee == dead) // a proxy's kernel call or fault: it has not entered yet, or has just left
            thread->unwind |= UNWIND_CALLEE;
    } else if (thread->preempted) {
        invoke_unwind_thread(thread);
    } else {
        thread->unwind |= UNWIND_DOMAIN; // it is in a kernel call or waits for the lock, or is the current one
        thread_wake(thread, BH_EDEAD);
    }
}

static void reclaim(struct domain *domain) {
    platform_isolation_end(domain);
    threads_free_ended();
    tracing_domain_died(domain);
    guests_domain_died(domain);
    resources_domain_died(domain);
    rings_domain_died(domain);
    buffers_domain_died(domain);
    caps_drop_unnamed(domain);
    stacks_return_domain(domain);
    loader_unmap(domain);
}

void crash_domain(struct domain *domain, enum bh_crash_cause cause, struct trap_frame *frame, uint64_t address,
                  const char *format, ...) {
    if (domain->state != DOMAIN_RUNNING)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(domain->crash.text, sizeof(domain->crash.text), format, arguments);
    va_end(arguments);
    make_printable(domain->crash.text, strlen(domain->crash.text)); // a panic's words are the domain's
    dma_blame(domain, &cause, &address, domain->crash.text, sizeof(domain->crash.text));
    domain->state = cause == BH_CRASH_EXIT ? DOMAIN_ENDED : DOMAIN_DEAD;
    domain_stop_ports(domain);
    cpus_stop();
    write_record(domain, cause, frame, address);
    TRACE(CRASH, domain->id, cause, (uint32_t)domain->crash.offset | (uint64_t)domain->generation << 32);
    log_record(domain);
    if (cause != BH_CRASH_EXIT && cause != BH_CRASH_UPGRADE)
        core_write(domain, frame);
    thread_each(unwind_one, domain);
    reclaim(domain);
    if (domain->state == DOMAIN_ENDED)
        domain_leave_clients(domain);
    if (domain == watching && domain->state == DOMAIN_DEAD)
        revive(domain);
    else
        crash_tell_watcher();
}

struct fault {
    enum bh_crash_cause cause;
    const char *sentence;
};

// In the slot the offset; a plain domain's wild address as it is.
static uint64_t offset_of(const struct domain *domain, uint64_t address) {
    uint64_t offset = address - domain->base;
    return domain->mechanism && offset >= BH_SLOT_SIZE ? address : offset;
}

static struct fault classify(const struct domain *domain, const struct trap_frame *frame) {
    uint64_t address = frame->fault_address;
    uint64_t offset = offset_of(domain, address);
    switch (frame->vector) {
    case 0:
        return (struct fault){BH_CRASH_ARITHMETIC, "division error"};
    case 16:
    case 19:
        return (struct fault){BH_CRASH_ARITHMETIC, "floating point exception"};
    case 3:
    case 6:
        return (struct fault){BH_CRASH_INSTRUCTION, "undefined instruction"};
    case 14:
        if (stacks_control_guard(address))
            return (struct fault){BH_CRASH_CONTROL_STACK, "the control stack is used up (endless recursion?)"};
        if (offset != address && offset >= BH_SLOT_STACKS && offset < BH_SLOT_STACKS_END)
            return (struct fault){BH_CRASH_DATA_STACK, "the data stack is used up (endless recursion?)"};
        if (offset < BH_SLOT_TABLE)
            return (struct fault){BH_CRASH_FAULT, "null pointer"};
        return (struct fault){BH_CRASH_FAULT, frame->error & 2 ? "write to memory it may not write"
                                              : frame->error & 16 ? "execution of data"
                                              : frame->error & 1 ? "read of memory it may not read" : "read of unmapped memory"};
    default:
        return (struct fault){BH_CRASH_PROTECTION, "protection fault"};
    }
}

// A call whose target is not a function of its type ends at the trap of its check, or, where nothing can be read in front of the target, at
// the check's load. Both leave the target in %r11.
static bool type_check_failed(struct domain *domain, struct trap_frame *frame) {
    const struct verified_image *image = &domain->image->verified;
    uint64_t offset = frame->rip - domain->base, target = frame->r11 & BH_SLOT_MASK, within;
    uint32_t label = image->plain ? 0 : frame->vector == 6 || frame->vector == 14 ? verified_check_at(image, domain->colour, offset) : 0;
    char what[64] = "no function";
    if (!label)
        return false;
    const char *name = verified_symbol(image, target, &within);
    if (!target)
        snprintf(what, sizeof(what), "a null pointer");
    else if (verified_label(image, target))
        snprintf(what, sizeof(what), "%.32s, of type 0x%08x", name && !within ? name : "a function", verified_label(image, target));
    else if (verified_is_function(image, target))
        snprintf(what, sizeof(what), "%.32s, which has no type label", name && !within ? name : "a function");
    crash_domain(domain, BH_CRASH_TYPE, frame, target, "a call at 0x%llx of a function of type 0x%08x leads to 0x%llx, which is %s",
                 (unsigned long long)offset, label, (unsigned long long)target, what);
    return true;
}

static bool in_slot(uint64_t address) {
    return address - BH_SLOT_AREA < BH_SLOT_COUNT * BH_SLOT_SIZE;
}

// Whose fault is it? In domain code, the domain's, also where it jumped out of its slot: nothing but domains and proxies runs with interrupts on, and
// what is verified jumps to the kernel's code at gates only. (When a bit flips in memory after that, it jumps anywhere: docs/campaigns.md.)
// In a proxy, which copies between two slots, the slot's whose address it was.
static struct domain *culprit(struct thread *thread, const struct trap_frame *frame) {
    if (!thread || !thread->domain || thread->domain == &kernel_domain)
        return NULL;
    bool elsewhere = thread->domain->mechanism ? !invoke_in_proxy(frame->rip) : !trap_in_kernel(frame);
    bool jumped_out = elsewhere && frame->rflags & RFLAGS_IF;
    if (in_slot(frame->rip) || jumped_out || trap_unprivileged(frame))
        return thread->domain;
    if (!invoke_in_proxy(frame->rip) || frame->vector != 14 || !in_slot(frame->fault_address))
        return NULL;
    struct domain *owner = domain_get((uint32_t)((frame->fault_address - BH_SLOT_AREA) / BH_SLOT_SIZE));
    const struct invocation *record = thread->top;
    bool involved = owner == thread->domain || (record && (owner == record->caller || owner == record->callee));
    return involved ? owner : NULL;
}

void trap_fault(struct trap_frame *frame) {
    struct thread *thread = sched_current();
    struct domain *domain = culprit(thread, frame);
    if (!domain && thread && thread->domain && thread->domain != &kernel_domain && invoke_in_proxy(frame->rip) &&
        stacks_control_guard(frame->fault_address))
        domain = thread->domain;
    if (!domain || domain == &kernel_domain)
        panic("fault %llu (error 0x%llx) at 0x%llx in the kernel, address 0x%llx", (unsigned long long)frame->vector,
              (unsigned long long)frame->error, (unsigned long long)frame->rip,
              (unsigned long long)frame->fault_address);
    struct fault fault = classify(domain, frame);
    uint64_t offset = frame->vector == 14 ? offset_of(domain, frame->fault_address) : 0;
    if (stacks_control_guard(frame->fault_address))
        offset = 0;
    if (!type_check_failed(domain, frame))
        crash_domain(domain, fault.cause, frame, offset, "%s at 0x%llx, address 0x%llx", fault.sentence,
                     (unsigned long long)offset_of(domain, frame->rip), (unsigned long long)offset);
    thread->unwind = 0;
    invoke_unwind_domain(thread, domain, frame);
    clock_arm(clock_now_ns() + RETRY_NS); // other threads may have become ready
}

static void overrun(struct thread *thread, struct trap_frame *frame) {
    struct domain *domain = thread->domain;
    crash_domain(domain, BH_CRASH_WATCHDOG, frame, 0, "thread %s ran for more than %u ms without a pause", thread->name,
                 domain->watchdog_ms);
    thread->unwind = 0;
    invoke_unwind_domain(thread, domain, frame);
}

void crash_init(void) {
    watchdog_overrun = overrun;
}
