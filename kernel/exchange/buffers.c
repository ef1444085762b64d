// SPDX-License-Identifier: MIT
//
// Exchange buffers: move, share, lend. Invariants: two live buffers never overlap in the exchange window, so an address means the
// same memory in every domain that maps it; a buffer is mapped in a domain only while that domain lives and holds a capability to it,
// with no more than that capability's rights; and reached by the domain's devices, where an IOMMU confines them, only while it holds one with
// BH_RIGHT_DMA. Windows are handed out first-fit with a guard page behind each. A buffer goes with its
// last capability, the manifest's buffers never. When its owner dies, all capabilities to it are revoked but those lent for calls that
// are under way: a server is not to fault because its client died. A moved buffer is nobody else's any more: whoever had it shared loses it,
// and one that is lent cannot be moved.
#include "kernel/exchange/buffers.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/base.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/domain.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/space.h"
#include "kernel/mm/stacks.h"
#include "kernel/platform/device.h"
#include "kernel/sched/thread.h"

static struct buffer *buffers; // by offset
static uint64_t window_end = BH_SLOT_EXCHANGE_END; // rings are carved off above it
static uint32_t count;

static uint64_t highest_used(void) {
    uint64_t end = BH_SLOT_EXCHANGE;
    for (const struct buffer *buffer = buffers; buffer; buffer = buffer->next)
        end = buffer->offset + buffer->size + BH_PAGE_SIZE;
    return end;
}

enum bh_error buffers_reserve_window(uint64_t size, uint64_t *offset) {
    if (size + BH_PAGE_SIZE > window_end - highest_used())
        return refuse(BH_ENOSPC, "no room of %llu bytes for a ring in the exchange window", (unsigned long long)size);
    window_end -= size + BH_PAGE_SIZE;
    *offset = window_end;
    return BH_OK;
}

static enum bh_error place(struct buffer *buffer) {
    uint64_t offset = BH_SLOT_EXCHANGE;
    struct buffer **link = &buffers;
    while (*link && offset + buffer->size + BH_PAGE_SIZE > (*link)->offset) {
        offset = (*link)->offset + (*link)->size + BH_PAGE_SIZE;
        link = &(*link)->next;
    }
    if (!range_inside(offset, buffer->size + BH_PAGE_SIZE, window_end))
        return BH_ENOSPC;
    buffer->offset = offset;
    buffer->next = *link;
    *link = buffer;
    count++;
    return BH_OK;
}

static enum bh_error make(hpa frames, uint64_t size, const char *name, struct buffer **out) {
    struct buffer *buffer = calloc(1, sizeof(*buffer));
    if (!buffer)
        return refuse(BH_ENOMEM, "no memory for a buffer");
    buffer->frames = frames;
    buffer->size = size;
    buffer->owner = &kernel_domain;
    copy_name(buffer->name, sizeof(buffer->name), name ? name : "");
    enum bh_error error = place(buffer);
    if (error) {
        free(buffer);
        return refuse(error, "no room of %llu bytes in the exchange window", (unsigned long long)size);
    }
    *out = buffer;
    return BH_OK;
}

enum bh_error buffers_create(struct domain *owner, uint64_t size, const char *name, struct buffer **out) {
    hpa frames;
    if (!size || size > BH_SLOT_EXCHANGE_END - BH_SLOT_EXCHANGE)
        return refuse(BH_ERANGE, "a buffer of %llu bytes: not between 1 and %llu", (unsigned long long)size,
                      BH_SLOT_EXCHANGE_END - BH_SLOT_EXCHANGE);
    size = round_up(size, BH_PAGE_SIZE);
    if (owner != &kernel_domain && !stacks_make_room(owner, size))
        return refuse(BH_EQUOTA, "a buffer of %llu bytes is past the memory quota of %s (%llu of %llu used)",
                      (unsigned long long)size, owner->name, (unsigned long long)owner->memory_used,
                      (unsigned long long)owner->memory_quota);
    enum bh_error error = frames_alloc(size / BH_PAGE_SIZE, size >= (2u << 20) ? 512 : 1, &frames);
    if (error)
        return refuse(error, "no %llu contiguous bytes for buffer %s; give the machine more memory",
                      (unsigned long long)size, name ? name : "");
    error = make(frames, size, name, out);
    if (error) {
        frames_free(frames, size / BH_PAGE_SIZE);
        return error;
    }
    memset(platform_direct(frames), 0, size);
    (*out)->owner = owner;
    if (owner != &kernel_domain)
        owner->memory_used += size;
    return BH_OK;
}

// ---- devices

static enum map_flags dma_flags(const struct buffer *buffer, const struct domain *domain) {
    uint32_t rights = caps_rights_to(domain, buffer, BH_RIGHT_DMA);
    return rights & BH_RIGHT_WRITE ? MAP_READ | MAP_WRITE : rights ? MAP_READ : 0;
}

static void dma_unmap(struct buffer *buffer, const struct domain *domain) {
    if (!buffer->dma[domain->id])
        return;
    platform_dma_unmap(domain->id, buffer->frames, buffer->size);
    buffer->dma[domain->id] = 0;
}

// A capability went: its devices lose what went with it.
static void dma_follow(struct buffer *buffer, struct domain *domain) {
    enum map_flags now = dma_flags(buffer, domain);
    if (now == buffer->dma[domain->id] || !buffer->dma[domain->id])
        return;
    if (!now || buffers_dma_map(buffer, domain) != BH_OK)
        dma_unmap(buffer, domain);
}

enum bh_error buffers_dma_map(struct buffer *buffer, struct domain *domain) {
    enum map_flags flags = dma_flags(buffer, domain);
    if (buffer->dma[domain->id] == flags)
        return BH_OK;
    enum bh_error error = platform_dma_map(domain->id, buffer->frames, buffer->size, flags);
    buffer->dma[domain->id] = error ? 0 : (uint8_t)flags;
    return error;
}

enum bh_error buffers_dma_open(struct domain *domain) {
    enum bh_error error = BH_OK;
    for (struct buffer *buffer = buffers; buffer && !error; buffer = buffer->next)
        if (buffer->dma[domain->id])
            error = platform_dma_map(domain->id, buffer->frames, buffer->size, buffer->dma[domain->id]);
    return error;
}

// ---- their end

void buffers_destroy(struct buffer *buffer) {
    for (uint32_t id = 1; id < BH_SLOT_COUNT; id++)
        if (domain_get(id)) {
            buffers_unmap(buffer, domain_get(id));
            dma_unmap(buffer, domain_get(id));
        }
    for (struct buffer **link = &buffers; *link; link = &(*link)->next)
        if (*link == buffer) {
            *link = buffer->next;
            break;
        }
    frames_free(buffer->frames, buffer->size / BH_PAGE_SIZE);
    if (buffer->owner != &kernel_domain && !buffer->orphan)
        buffer->owner->memory_used -= buffer->size;
    count--;
    free(buffer);
}

void buffers_cap_added(struct buffer *buffer) {
    buffer->references++;
}

static void release(struct buffer *buffer) {
    if (!--buffer->references && buffer->owner != &kernel_domain)
        buffers_destroy(buffer);
}

void buffers_cap_removed(struct buffer *buffer, struct domain *domain) {
    uint32_t rights = caps_rights_to(domain, buffer, 0);
    dma_follow(buffer, domain);
    if (!(rights & BH_RIGHT_READ))
        buffers_unmap(buffer, domain);
    else if (buffer->mapped[domain->id] & MAP_WRITE && !(rights & BH_RIGHT_WRITE))
        (void)buffers_map(buffer, domain, BH_RIGHT_READ);
    release(buffer);
}

enum bh_error buffers_map(struct buffer *buffer, struct domain *domain, uint32_t rights) {
    enum map_flags flags = MAP_READ | (rights & BH_RIGHT_WRITE ? MAP_WRITE : 0);
    if (buffer->mapped[domain->id] == flags)
        return BH_OK;
    uint64_t va = domain->base + buffer->offset;
    enum bh_error error = buffer->mapped[domain->id] ? space_protect(va, buffer->size, flags)
                                                     : space_map(va, buffer->frames, buffer->size, flags);
    if (error)
        return refuse(error, "no memory to map buffer %s in %s", buffer->name, domain->name);
    buffer->mapped[domain->id] = (uint8_t)flags;
    return BH_OK;
}

void buffers_unmap(struct buffer *buffer, struct domain *domain) {
    if (!buffer->mapped[domain->id])
        return;
    space_unmap(domain->base + buffer->offset, buffer->size);
    buffer->mapped[domain->id] = 0;
}

static bool is_lent(const struct buffer *buffer) {
    for (uint32_t id = 1; id < BH_SLOT_COUNT && buffer->references > 1; id++)
        if (domain_get(id) && caps_lent(domain_get(id), buffer))
            return true;
    return false;
}

static enum bh_error move_check(const struct domain *from, struct domain *to, const struct cap *cap) {
    const struct buffer *buffer = cap->object;
    if (buffer->owner != from || buffer->orphan || cap->state == BH_CAP_LENT)
        return refuse(BH_ERIGHTS, "move of a buffer: it belongs to %s, and %s has it lent or shared", buffer->owner->name, from->name);
    if (is_lent(buffer))
        return refuse(BH_EBUSY, "move of a buffer: it is lent to a call that has not returned");
    if (to != from && !stacks_make_room(to, buffer->size))
        return refuse(BH_EQUOTA, "move of a buffer: %llu bytes are past the memory quota of %s", (unsigned long long)buffer->size, to->name);
    return BH_OK;
}

// Derived or passed on, by whatever way: what is left is the receiver's own.
static void forget_elsewhere(struct buffer *buffer, const struct domain *to) {
    for (uint32_t id = 1; id < BH_SLOT_COUNT && buffer->references > 1; id++)
        if (domain_get(id) && domain_get(id) != to)
            caps_forget_object(domain_get(id), buffer);
}

enum bh_error buffers_move(struct domain *from, struct domain *to, bh_cap index, bh_cap *out) {
    struct cap *cap;
    enum bh_error error = caps_get(from, "move of a buffer", index, BH_CAP_BUFFER, BH_RIGHT_READ, &cap);
    if (!error)
        error = move_check(from, to, cap);
    if (error)
        return error;
    struct buffer *buffer = cap->object;
    uint32_t rights = cap->rights;
    bh_cap theirs;
    error = caps_insert(to, BH_CAP_BUFFER, rights, buffer, NULL, 0, &theirs);
    if (error)
        return error;
    error = buffers_map(buffer, to, rights);
    if (error) {
        (void)caps_drop(to, theirs);
        return error;
    }
    forget_elsewhere(buffer, to);
    if (to != from)
        (void)caps_drop(from, index);
    buffer->owner = to;
    from->memory_used -= buffer->size;
    to->memory_used += buffer->size;
    TRACE(MOVE, from->id, to->id, buffer->offset | buffer->size << 32);
    *out = theirs;
    return BH_OK;
}

static uint32_t calling_thread(void) {
    const struct thread *thread = sched_current();
    return thread ? thread->id : THREAD_COUNT; // none yet
}

// What a call was lent goes back when that call returns. So only the thread of that call may lend it on: the inner call returns first.
static enum bh_error lend_check(const struct domain *from, const struct cap *cap) {
    const struct cap *root = caps_root(cap);
    if (root->state == BH_CAP_LENT && root->lent_to != calling_thread())
        return refuse(BH_EBUSY, "lending a buffer: %s has it lent for a call of another thread", from->name);
    return BH_OK;
}

enum bh_error buffers_lend(struct domain *from, struct domain *to, bh_cap index, uint32_t wanted, bh_cap *out) {
    struct cap *cap;
    enum bh_error error = caps_get(from, "lending a buffer", index, BH_CAP_BUFFER, BH_RIGHT_READ | wanted, &cap);
    if (!error)
        error = lend_check(from, cap);
    if (error)
        return error;
    struct buffer *buffer = cap->object;
    uint32_t rights = cap->rights & (BH_RIGHT_READ | BH_RIGHT_WRITE) & (wanted ? wanted | BH_RIGHT_READ : ~0u);
    error = caps_insert(to, BH_CAP_BUFFER, rights, buffer, NULL, 0, out);
    if (error)
        return error;
    to->caps[*out].state = BH_CAP_LENT;
    to->caps[*out].lent_to = calling_thread();
    if (!(buffer->mapped[to->id] & MAP_WRITE)) // it may have it already, from another call or for good
        error = buffers_map(buffer, to, rights);
    if (error)
        caps_take_back(to, *out);
    else
        TRACE(LEND, from->id, to->id, buffer->offset | buffer->size << 32);
    return error;
}

void buffers_unlend(struct domain *to, bh_cap index) {
    if (!index || index >= to->cap_count || to->caps[index].type != BH_CAP_BUFFER || to->caps[index].state != BH_CAP_LENT)
        return;
    const struct buffer *buffer = to->caps[index].object;
    TRACE(UNLEND, sched_current()->domain->id, to->id, buffer->offset | buffer->size << 32);
    caps_take_back(to, index);
}

static void orphan(struct buffer *buffer) {
    buffer->references++; // so that it stays until we are through
    buffer->orphan = true;
    buffer->owner->memory_used -= buffer->size;
    for (uint32_t id = 1; id < BH_SLOT_COUNT; id++)
        if (domain_get(id))
            caps_forget_object(domain_get(id), buffer);
    release(buffer);
}

void buffers_domain_died(struct domain *domain) {
    struct buffer *next;
    for (struct buffer *buffer = buffers; buffer; buffer = next) {
        next = buffer->next;
        buffers_unmap(buffer, domain);
        buffer->dma[domain->id] = 0; // its space is gone
        if (buffer->owner == domain && !buffer->orphan)
            orphan(buffer);
    }
}

uint32_t buffers_count(void) {
    return count;
}
