// SPDX-License-Identifier: MIT
//
// What is kept of a domain that dies, for debuggers. Nothing happens here unless somebody offered a buffer. All processors stand still meanwhile, so the
// copy is bounded by the buffer: registers and stacks first, then data, then as much of the heap as there is room for. Nothing is believed of what
// the domain wrote: its memory is copied page by page where it is mapped, its stack pointer only says where to begin.
#include "kernel/domain/core.h"

#include <string.h>

#include "kernel/abi/core.h"
#include "kernel/base.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/invoke.h"
#include "kernel/domain/loader.h"
#include "kernel/exchange/buffers.h"
#include "kernel/mm/space.h"
#include "kernel/mm/stacks.h"
#include "kernel/sched/cpu.h"

extern const uint8_t __start_text_proxy[], __stop_text_proxy[];

static struct {
    const struct domain *holder;
    struct buffer *buffer; // NULL: nobody wants to know
    struct event_object *event;
} offer;

// One dump while it is written.
struct dump {
    const struct domain *domain;
    const struct trap_frame *frame; // of the current thread
    struct bh_core *head;
    struct bh_core_thread *threads;
    struct bh_core_region *regions;
    uint8_t *bytes;
    uint64_t room; // left behind `bytes`
};

#define TABLES_SIZE (sizeof(struct bh_core) + BH_CORE_THREADS * sizeof(struct bh_core_thread) + BH_CORE_REGIONS * sizeof(struct bh_core_region))
#define READ 4
#define READ_WRITE 6

void core_withdraw(void) {
    if (offer.event)
        event_object_release(offer.event);
    memset(&offer, 0, sizeof(offer));
}

enum bh_error core_offer(const struct domain *holder, struct buffer *buffer, struct event_object *event) {
    if (buffer->owner != &kernel_domain)
        return refuse(BH_EINVAL, "trace.keep_cores: the buffer is of %s, not of the manifest", buffer->owner->name);
    if (buffer->size < TABLES_SIZE + BH_PAGE_SIZE)
        return refuse(BH_ERANGE, "trace.keep_cores: %llu bytes are less than the least, %zu", (unsigned long long)buffer->size,
                      (size_t)(TABLES_SIZE + BH_PAGE_SIZE));
    event_object_hold(event);
    core_withdraw();
    offer.holder = holder;
    offer.buffer = buffer;
    offer.event = event;
    return BH_OK;
}

void core_holder_died(const struct domain *domain) {
    if (offer.holder == domain)
        core_withdraw();
}

static uint64_t page_of(uint64_t address) {
    return address & ~(BH_PAGE_SIZE - 1);
}

// From mapped memory, inside one page. Read by its frame, since this may be no place for a fault.
static bool copy_mapped(void *to, uint64_t address, uint64_t size) {
    hpa frame;
    if (space_lookup(page_of(address), &frame) != BH_OK)
        return false;
    memcpy(to, (const uint8_t *)platform_direct(frame) + address % BH_PAGE_SIZE, size);
    return true;
}

// Memory up to the first page that is not there, or to the end of the room.
static void add_region(struct dump *dump, uint64_t address, uint64_t end, uint32_t flags) {
    struct bh_core_region region = {.address = address, .flags = flags};
    if (dump->head->region_count == BH_CORE_REGIONS) {
        dump->head->left_out += end - address;
        return;
    }
    while (address < end && dump->room) {
        uint64_t size = page_of(address) + BH_PAGE_SIZE - address;
        size = size < end - address ? size : end - address;
        size = size < dump->room ? size : dump->room;
        if (!copy_mapped(dump->bytes, address, size))
            break;
        dump->bytes += size;
        dump->room -= size;
        address += size;
    }
    region.size = address - region.address;
    dump->head->left_out += end - address;
    if (region.size)
        dump->regions[dump->head->region_count++] = region;
}

static struct bh_core_registers from_frame(const struct trap_frame *frame) {
    return (struct bh_core_registers){.r15 = frame->r15, .r14 = frame->r14, .r13 = frame->r13, .r12 = frame->r12, .rbp = frame->rbp, .rbx = frame->rbx,
                                      .r11 = frame->r11, .r10 = frame->r10, .r9 = frame->r9, .r8 = frame->r8, .rax = frame->rax, .rcx = frame->rcx,
                                      .rdx = frame->rdx, .rsi = frame->rsi, .rdi = frame->rdi, .rip = frame->rip, .rflags = frame->rflags, .rsp = frame->rsp};
}

static bool on_control_stack(const struct thread *thread, uint64_t address) {
    return address - ((uint64_t)thread + BH_CONTROL_BLOCK_SIZE + BH_CONTROL_GUARD_SIZE) < BH_CONTROL_STACK_SIZE - BH_CONTROL_BLOCK_SIZE - BH_CONTROL_GUARD_SIZE;
}

// Where a call out of the domain left the control stack; a plain domain's own stack is noted there by its door (arch/x86_64/mechanism.inc).
static void called_out(const struct dump *dump, uint64_t rsp, struct bh_core_registers *registers) {
    registers->rsp = rsp;
    if (!dump->domain->mechanism)
        return;
    const uint64_t *door = (const uint64_t *)rsp;
    uint64_t stack = dump->domain->base + (door[0] & BH_SLOT_MASK & ~7ull);
    registers->rbp = door[1];
    registers->rsp = stack + 8;
    if (!copy_mapped(&registers->rip, stack, 8))
        registers->rip = 0;
}

// The record by which the thread left the domain for the last time, or was just about to; NULL when it is inside.
static const struct invocation *way_out(const struct thread *thread, const struct domain *domain) {
    if (thread->domain == domain && (!thread->top || thread->top->callee == domain))
        return NULL;
    const struct invocation *record = thread->top;
    while (record && record->caller != domain)
        record = record->previous;
    return record;
}

// False: the thread is not in the domain at all.
static bool registers_of(const struct dump *dump, struct thread *thread, struct bh_core_thread *out) {
    const struct domain *domain = dump->domain;
    const struct invocation *left = way_out(thread, domain);
    const struct trap_frame *frame = thread == sched_current() ? dump->frame : thread->preempted ? &thread->frame
                                   : thread->state == THREAD_RUNNING                             ? thread->cpu->frame
                                                                                                 : NULL;
    if (thread->domain != domain && !left)
        return false;
    if (left) {
        out->registers = (struct bh_core_registers){.rip = left->resume, .rbx = left->rbx, .rbp = left->rbp, .r12 = left->r12, .r13 = left->r13,
                                                    .r14 = left->r14, .r15 = left->r15};
        called_out(dump, (uint64_t)(left + 1), &out->registers);
    } else if (frame && frame->rip - domain->base < BH_SLOT_SIZE) {
        out->registers = from_frame(frame);
        out->whole = 1;
    } else if (on_control_stack(thread, thread->gate)) {
        out->registers = (struct bh_core_registers){.rip = *(const uint64_t *)thread->gate};
        called_out(dump, thread->gate + 8, &out->registers);
    }
    out->registers.gs_base = out->registers.fs_base = domain->base;
    return out->registers.rip;
}

// What the domain put on the thread's control stack: from its stack pointer to the record by which it was entered.
static void add_stacks(struct dump *dump, struct thread *thread, const struct bh_core_registers *registers) {
    const struct domain *domain = dump->domain;
    const struct invocation *entered = way_out(thread, domain);
    for (entered = entered ? entered : thread->top; entered && entered->callee != domain; entered = entered->previous) {
    }
    if (on_control_stack(thread, registers->rsp) && entered && registers->rsp < (uint64_t)entered)
        add_region(dump, registers->rsp & ~7ull, (uint64_t)entered, READ_WRITE);
    uint64_t top = domain->base + BH_SLOT_STACKS + (thread->id + 1) * BH_SLOT_STACK_STRIDE;
    uint64_t stack = domain->mechanism ? registers->rsp : thread->domain == domain ? thread->data_stack : thread->data_stacks[domain->id];
    stack = domain->base + (stack & BH_SLOT_MASK);
    if (stack >= top || stack < top - DATA_STACK_SIZE)
        stack = top - DATA_STACK_SIZE;
    if (thread->leased >> domain->id & 1)
        add_region(dump, page_of(stack), top, READ_WRITE);
}

static void add_thread(struct dump *dump, struct thread *thread) {
    struct bh_core_thread entry = {.id = thread->id};
    if (!registers_of(dump, thread, &entry))
        return;
    if (dump->head->thread_count == BH_CORE_THREADS) {
        dump->head->threads_left_out++;
        return;
    }
    copy_name(entry.name, sizeof(entry.name), thread->name);
    dump->threads[dump->head->thread_count++] = entry;
    add_stacks(dump, thread, &entry.registers);
}

static void add_other(struct thread *thread, void *dump) {
    if (thread != sched_current())
        add_thread(dump, thread);
}

// Code and constants are in the image.
static void add_memory(struct dump *dump) {
    const struct domain *domain = dump->domain;
    const struct verified_image *image = &domain->image->verified;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct verified_segment *segment = &image->segments[i];
        if (segment->protection & VERIFY_WRITE)
            add_region(dump, domain->base + page_of(segment->start), domain->base + segment->start + segment->memory_size, READ_WRITE);
    }
    add_region(dump, domain->base + BH_SLOT_TABLE, domain->base + BH_SLOT_TABLE + BH_SLOT_TABLE_SIZE, READ);
    add_region(dump, domain->base + BH_SLOT_HEAP, domain->base + domain->heap_end, READ_WRITE);
}

void core_write(const struct domain *domain, const struct trap_frame *frame) {
    if (!offer.buffer || offer.holder == domain)
        return;
    uint8_t *start = platform_direct(offer.buffer->frames);
    struct dump dump = {.domain = domain, .frame = frame, .head = (struct bh_core *)start, .bytes = start + TABLES_SIZE,
                        .room = offer.buffer->size - TABLES_SIZE};
    dump.threads = (struct bh_core_thread *)(dump.head + 1);
    dump.regions = (struct bh_core_region *)(dump.threads + BH_CORE_THREADS);
    memset(start, 0, TABLES_SIZE);
    struct thread *current = sched_current();
    if (current)
        add_thread(&dump, current);
    thread_each(add_other, &dump);
    add_memory(&dump);
    struct bh_core *head = dump.head;
    const struct bh_crash_record *crash = &domain->crash;
    head->size = (uint64_t)(dump.bytes - start);
    head->time_ns = crash->time_ns;
    head->base = domain->base;
    head->address = crash->address;
    head->proxies[0] = (uint64_t)__start_text_proxy;
    head->proxies[1] = (uint64_t)__stop_text_proxy;
    head->domain = domain->id;
    head->cause = crash->cause;
    head->generation = domain->generation;
    copy_name(head->name, sizeof(head->name), domain->name);
    copy_name(head->image, sizeof(head->image), domain->image->name);
    memcpy(head->text, crash->text, sizeof(head->text));
    head->magic = BH_CORE_MAGIC;
    struct event_object *event = offer.event;
    event_object_hold(event);
    core_withdraw();
    event_raise(&event->event);
    event_object_release(event);
}
