// SPDX-License-Identifier: MIT
//
// The fixed run-time calls (kernel/abi/calls.def), each reached through its gate in arch/x86_64/calls.S with interrupts disabled and the
// caller as thread->domain. Addresses are the caller's: they are reduced to its slot and copied with care.
#include <string.h>

#include "kernel/abi/call.h"
#include "kernel/abi/manifest.h"
#include "kernel/abi/ring.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/domain/calls.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/crash.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/invoke.h"
#include "kernel/domain/loader.h"
#include "kernel/exchange/buffers.h"
#include "kernel/exchange/rings.h"
#include "kernel/sched/sched.h"
#include "labels.h"

static struct domain *caller(void) {
    return thread_current()->domain;
}

enum bh_error slot_read(struct domain *domain, void *to, uint64_t address, size_t size) {
    address &= BH_SLOT_MASK;
    if (!range_inside(address, size, BH_SLOT_SIZE) ||
        platform_copy_guarded(to, (void *)(domain->base + address), size) != BH_OK)
        return refuse(BH_EFAULT, "%zu bytes at 0x%llx cannot be read", size, (unsigned long long)address);
    return BH_OK;
}

enum bh_error slot_write(struct domain *domain, uint64_t address, const void *from, size_t size) {
    address &= BH_SLOT_MASK;
    if (!range_inside(address, size, BH_SLOT_SIZE) || address < BH_SLOT_IMAGE ||
        platform_copy_guarded((void *)(domain->base + address), from, size) != BH_OK)
        return refuse(BH_EFAULT, "%zu bytes at 0x%llx cannot be written", size, (unsigned long long)address);
    return BH_OK;
}

// A string of known length from the caller, NUL terminated here.
static enum bh_error read_text(char *to, size_t capacity, uint64_t address, uint64_t size) {
    if (size >= capacity)
        size = capacity - 1;
    enum bh_error error = slot_read(caller(), to, address, size);
    to[error ? 0 : size] = 0;
    return error;
}

uint64_t call_exit(uint64_t status) {
    crash_domain(caller(), BH_CRASH_EXIT, NULL, 0, "exit status %lld", (long long)status);
    return 0;
}

uint64_t call_panic(uint64_t text, uint64_t size) {
    char line[BH_CRASH_TEXT_SIZE];
    if (read_text(line, sizeof(line), text, size) != BH_OK)
        copy_name(line, sizeof(line), "(no readable message)");
    crash_domain(caller(), BH_CRASH_PANIC, NULL, 0, "%s", line);
    return 0;
}

uint64_t call_log(uint64_t level, uint64_t text, uint64_t size) {
    char line[BH_LOG_LINE_MAX + 1]; // the longest, and its end
    if (read_text(line, sizeof(line), text, size) == BH_OK)
        log_write(level > BH_LOG_DEBUG ? BH_LOG_DEBUG : (enum bh_log_level)level, caller()->name, "%s", line);
    return 0;
}

// An entry of the table that leads nowhere.
uint64_t call_bad(void) {
    crash_domain(caller(), BH_CRASH_PROTOCOL, NULL, 0, "called an entry of the table that its image does not import");
    return 0;
}

uint64_t call_thread_exit(void) {
    struct thread *thread = thread_current();
    if (thread->top->caller != &kernel_domain) // it would keep what its caller lent it
        crash_domain(thread->domain, BH_CRASH_PROTOCOL, NULL, 0, "ended a thread that is its caller's");
    thread->unwind = UNWIND_DOMAIN; // out through the record that started it
    return 0;
}

uint64_t call_yield(void) {
    thread_yield();
    return 0;
}

uint64_t call_time(void) {
    return clock_now_ns();
}

uint64_t call_sleep(uint64_t until_ns) {
    (void)thread_sleep(until_ns);
    return 0;
}

uint64_t call_thread_create(uint64_t entry, uint64_t argument, uint64_t priority) {
    struct domain *domain = caller();
    uint64_t offset = entry & BH_SLOT_MASK;
    enum bh_error error = loader_entry_check(domain, "thread_create", offset, LABEL_thread);
    if (error)
        return (uint64_t)(int64_t)error;
    if (priority == BH_PRIORITY_SAME) // a thread that came in by a call may have a better one
        priority = thread_current()->priority > domain->manifest->priority ? thread_current()->priority : domain->manifest->priority;
    if (priority < domain->manifest->priority)
        return (uint64_t)(int64_t)refuse(BH_ERANGE, "thread_create: priority %llu is better than %u, which the manifest gives %s",
                                         (unsigned long long)priority, domain->manifest->priority, domain->name);
    if (priority >= THREAD_PRIORITIES)
        return (uint64_t)(int64_t)refuse(BH_ERANGE, "thread_create: priority %llu is not below %d", (unsigned long long)priority, THREAD_PRIORITIES);
    return (uint64_t)(int64_t)thread_create(domain->name, domain, domain->base + offset, argument, (uint32_t)priority, NULL);
}

uint64_t call_heap_grow(uint64_t size) {
    uint64_t address = 0;
    return loader_grow_heap(caller(), size, &address) == BH_OK ? address : 0;
}

static uint64_t result(enum bh_error error) {
    return (uint64_t)(int64_t)error;
}

static uint64_t give_word(enum bh_error error, uint64_t address, uint32_t value) {
    return result(error ? error : slot_write(caller(), address, &value, sizeof(value)));
}

uint64_t call_event_create(uint64_t out) {
    struct event_object *object = event_object_create();
    bh_cap cap = 0;
    if (!object)
        return result(refuse(BH_ENOMEM, "event_create: no memory"));
    enum bh_error error = caps_insert(caller(), BH_CAP_EVENT, BH_RIGHT_WAIT | BH_RIGHT_SIGNAL | BH_RIGHT_GRANT, object,
                                      NULL, 0, &cap);
    event_object_release(object);
    if (!error) {
        error = slot_write(caller(), out, &cap, sizeof(cap));
        if (error)
            (void)caps_drop(caller(), cap);
    }
    return result(error);
}

uint64_t call_event_signal(uint64_t index) {
    struct cap *cap;
    enum bh_error error = caps_get(caller(), "event_signal", (bh_cap)index, BH_CAP_EVENT, BH_RIGHT_SIGNAL, &cap);
    if (!error) {
        thread_current()->watch_since_ns = 0; // it gets somewhere
        if (caps_is_own(caller(), cap))
            event_raise(cap->object);
        else
            event_raise_outside(cap->object);
        if (sched_should_yield())
            thread_yield();
    }
    return result(error);
}

uint64_t call_event_wait(uint64_t index, uint64_t deadline_ns) {
    struct cap *cap;
    enum bh_error error = caps_get(caller(), "event_wait", (bh_cap)index, BH_CAP_EVENT, BH_RIGHT_WAIT, &cap);
    return result(error ? error : event_wait(cap->object, deadline_ns));
}

uint64_t call_cap_find(uint64_t name, uint64_t size, uint64_t out) {
    char text[BH_CAP_NAME_SIZE];
    bh_cap cap = 0;
    enum bh_error error = read_text(text, sizeof(text), name, size);
    if (!error)
        error = caps_find(caller(), text, &cap);
    return give_word(error, out, cap);
}

uint64_t call_cap_drop(uint64_t index) {
    return result(caps_drop(caller(), (bh_cap)index));
}

uint64_t call_cap_derive(uint64_t index, uint64_t rights, uint64_t badge, uint64_t out) {
    bh_cap cap = 0;
    enum bh_error error = caps_derive(caller(), (bh_cap)index, (uint32_t)rights, (uint32_t)badge, &cap);
    return give_word(error, out, cap);
}

uint64_t call_badge(void) {
    const struct invocation *record = thread_current()->top;
    while (record->badge == BH_BADGE_OF_CALLER && record->previous)
        record = record->previous; // a shadow called, on behalf of whoever called it
    return record->badge;
}

uint64_t call_cap_accept(void) {
    return result(invoke_accept());
}

uint64_t call_cap_answer(uint64_t index) {
    return result(invoke_answer((bh_cap)index));
}

uint64_t call_cap_taken(uint64_t out) {
    bh_cap cap = 0;
    enum bh_error error = invoke_taken(&cap);
    return give_word(error, out, cap);
}

uint64_t call_cap_revoke(uint64_t index) {
    return result(caps_revoke(caller(), (bh_cap)index));
}

uint64_t call_cap_list(uint64_t index, uint64_t out) {
    struct bh_cap_info info;
    enum bh_error error = caps_describe(caller(), (uint32_t)index, &info);
    return result(error ? error : slot_write(caller(), out, &info, sizeof(info)));
}

uint64_t call_port_serve(uint64_t address) {
    struct bh_serve serve;
    uint64_t methods[BH_INTERFACE_METHODS];
    enum bh_error error = slot_read(caller(), &serve, address, sizeof(serve));
    if (error)
        return result(error);
    serve.name[sizeof(serve.name) - 1] = 0;
    if (serve.method_count > BH_INTERFACE_METHODS)
        return result(refuse(BH_ERANGE, "port_serve: %u methods, the limit is %d", serve.method_count,
                             BH_INTERFACE_METHODS));
    error = slot_read(caller(), methods, serve.methods, serve.method_count * sizeof(*methods));
    return result(error ? error : port_serve(caller(), &serve, methods));
}

uint64_t call_buffer_alloc(uint64_t size, uint64_t out_cap, uint64_t out_address) {
    struct domain *domain = caller();
    struct buffer *buffer;
    bh_cap cap = 0;
    enum bh_error error = buffers_create(domain, size, "", &buffer);
    if (error)
        return result(error);
    uint64_t address = domain->base + buffer->offset;
    error = caps_insert(domain, BH_CAP_BUFFER, BH_RIGHT_READ | BH_RIGHT_WRITE | BH_RIGHT_GRANT, buffer, NULL, 0, &cap);
    if (error) {
        buffers_destroy(buffer);
        return result(error);
    }
    error = buffers_map(buffer, domain, BH_RIGHT_READ | BH_RIGHT_WRITE);
    if (!error)
        error = slot_write(domain, out_address, &address, sizeof(address));
    if (!error)
        error = slot_write(domain, out_cap, &cap, sizeof(cap));
    if (error)
        (void)caps_drop(domain, cap); // and the buffer with it
    return result(error);
}

uint64_t call_buffer_map(uint64_t index, uint64_t rights, uint64_t out_address) {
    struct domain *domain = caller();
    struct cap *cap;
    enum bh_error error = caps_get(domain, "buffer_map", (bh_cap)index, BH_CAP_BUFFER, (uint32_t)rights, &cap);
    if (!error && (rights & ~(uint64_t)(BH_RIGHT_READ | BH_RIGHT_WRITE) || !(rights & BH_RIGHT_READ)))
        error = refuse(BH_EINVAL, "buffer_map: rights 0x%llx are not READ or READ|WRITE", (unsigned long long)rights);
    if (error)
        return result(error);
    struct buffer *buffer = cap->object;
    error = buffers_map(buffer, domain, (uint32_t)rights);
    uint64_t address = domain->base + buffer->offset;
    return result(error ? error : slot_write(domain, out_address, &address, sizeof(address)));
}

uint64_t call_buffer_unmap(uint64_t index) {
    struct cap *cap;
    enum bh_error error = caps_get(caller(), "buffer_unmap", (bh_cap)index, BH_CAP_BUFFER, 0, &cap);
    if (!error)
        buffers_unmap(cap->object, caller());
    return result(error);
}

uint64_t call_buffer_info(uint64_t index, uint64_t out) {
    struct cap *cap;
    enum bh_error error = caps_get(caller(), "buffer_info", (bh_cap)index, BH_CAP_BUFFER, 0, &cap);
    if (error)
        return result(error);
    struct buffer *buffer = cap->object;
    if (cap->rights & BH_RIGHT_DMA) {
        error = buffers_dma_map(buffer, caller());
        if (error)
            return result(error);
    }
    struct bh_buffer_info info = {.size = buffer->size, .offset = buffer->offset, .owner = buffer->owner->id,
                                  .dma_address = cap->rights & BH_RIGHT_DMA ? buffer->frames : 0};
    if (buffer->mapped[caller()->id])
        info.mapped = BH_RIGHT_READ | (buffer->mapped[caller()->id] & MAP_WRITE ? BH_RIGHT_WRITE : 0);
    return result(slot_write(caller(), out, &info, sizeof(info)));
}

uint64_t call_ring_attach(uint64_t index, uint64_t out) {
    struct cap *cap;
    struct bh_ring_info info = {0};
    enum bh_error error = caps_get(caller(), "ring_attach", (bh_cap)index, BH_CAP_RING, 0, &cap);
    if (!error)
        error = rings_attach(cap->object, caller(), &info);
    return result(error ? error : slot_write(caller(), out, &info, sizeof(info)));
}

// A new image answers a request with an error. Whether that is right, the one before it will show.
static enum bh_error accuse_on_trial(const struct ring *ring, uint32_t epoch, const char *what, uint64_t value) {
    if (ring->client != caller() || epoch != ring->header->epoch || !ring->server->previous)
        return BH_EAGAIN;
    crash_domain(ring->server, BH_CRASH_PROTOCOL, NULL, 0, "on trial, and %s (%llu) on ring %s", what, (unsigned long long)value, ring->name);
    return BH_OK;
}

uint64_t call_ring_accuse(uint64_t index, uint64_t value, uint64_t what, uint64_t size, uint64_t epoch) {
    struct cap *cap;
    char text[96];
    enum bh_error error = caps_get(caller(), "ring_accuse", (bh_cap)index, BH_CAP_RING, 0, &cap);
    if (!error)
        error = read_text(text, sizeof(text), what, size);
    if (error)
        return result(error);
    const struct ring *ring = cap->object;
    if (epoch & BH_ACCUSE_TRIAL)
        return result(accuse_on_trial(ring, (uint32_t)epoch & ~BH_ACCUSE_TRIAL, text, value));
    struct domain *dies = rings_accuse(cap->object, caller(), (uint32_t)epoch, text, value);
    if (dies)
        crash_domain(dies, BH_CRASH_PROTOCOL, NULL, 0, "broke the protocol of ring %s: %s (%llu), says %s", ring->name, text,
                     (unsigned long long)value, caller()->name);
    return result(BH_OK);
}

uint64_t call_ring_forward(uint64_t ring, uint64_t event) {
    struct cap *cap, *target;
    enum bh_error error = caps_get(caller(), "ring_forward", (bh_cap)ring, BH_CAP_RING, 0, &cap);
    if (!error)
        error = caps_get(caller(), "ring_forward", (bh_cap)event, BH_CAP_EVENT, BH_RIGHT_SIGNAL, &target);
    return result(error ? error : rings_forward(cap->object, caller(), target->object));
}
