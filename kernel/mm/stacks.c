// SPDX-License-Identifier: MIT
//
// Control stacks and data stacks with their guards. Data stack number = thread number, so a (thread, domain) pair always has
// the same addresses; between two data stacks there are megabytes of unmapped slot, more than any probe-free frame. A thread keeps its
// data stack in a domain after it left, so that the next call finds it; when the domain's memory runs short, those of threads outside go.
#include "kernel/mm/stacks.h"

#include "kernel/abi/slot.h"
#include "kernel/base.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/invoke.h"
#include "kernel/mm/space.h"
#include "kernel/sched/thread.h"

static_assert(BH_SLOT_COUNT <= 64); // bits of thread->leased
static_assert(THREAD_COUNT * BH_SLOT_STACK_STRIDE <= BH_SLOT_STACKS_END - BH_SLOT_STACKS);

static uint64_t control_base(uint32_t index) {
    return CONTROL_STACK_AREA + index * BH_CONTROL_STACK_SIZE;
}

enum bh_error stacks_control_create(uint32_t index, struct thread **block, uint64_t *top) {
    uint64_t base = control_base(index);
    uint64_t stack = base + BH_CONTROL_BLOCK_SIZE + BH_CONTROL_GUARD_SIZE;
    enum bh_error error = space_map_fresh(base, BH_CONTROL_BLOCK_SIZE, MAP_READ | MAP_WRITE);
    if (error)
        return error;
    error = space_map_fresh(stack, base + BH_CONTROL_STACK_SIZE - stack, MAP_READ | MAP_WRITE);
    if (error) {
        space_unmap_fresh(base, BH_CONTROL_BLOCK_SIZE);
        return error;
    }
    *block = (struct thread *)base;
    *top = base + BH_CONTROL_STACK_SIZE;
    return BH_OK;
}

void stacks_control_destroy(uint32_t index) {
    uint64_t base = control_base(index);
    uint64_t stack = base + BH_CONTROL_BLOCK_SIZE + BH_CONTROL_GUARD_SIZE;
    space_unmap_fresh(base, BH_CONTROL_BLOCK_SIZE);
    space_unmap_fresh(stack, base + BH_CONTROL_STACK_SIZE - stack);
}

bool stacks_control_guard(uint64_t address) {
    if (address < CONTROL_STACK_AREA || address >= control_base(THREAD_COUNT))
        return false;
    uint64_t offset = address % BH_CONTROL_STACK_SIZE;
    return offset >= BH_CONTROL_BLOCK_SIZE && offset < BH_CONTROL_BLOCK_SIZE + BH_CONTROL_GUARD_SIZE;
}

static uint64_t data_stack_bottom(const struct thread *thread, const struct domain *domain) {
    return domain->base + BH_SLOT_STACKS + (thread->id + 1) * BH_SLOT_STACK_STRIDE - DATA_STACK_SIZE;
}

// Its page table maps nothing else, and threads and domains make thousands of pairs: most are never seen again.
static void unmap_data_stack(uint64_t bottom) {
    space_unmap_fresh(bottom, DATA_STACK_SIZE);
    space_drop_table(bottom);
}

static void give_back(struct thread *thread, struct domain *domain) {
    if (!(thread->leased >> domain->id & 1))
        return;
    thread->leased &= ~(1ull << domain->id);
    unmap_data_stack(data_stack_bottom(thread, domain));
    domain->memory_used -= DATA_STACK_SIZE;
    thread->data_stacks[domain->id] = 0;
}

static void give_back_one(struct thread *thread, void *domain) {
    give_back(thread, domain);
}

static bool is_inside(const struct thread *thread, const struct domain *domain) {
    if (thread->domain == domain)
        return true;
    for (const struct invocation *record = thread->top; record; record = record->previous)
        if (record->callee == domain || record->caller == domain)
            return true;
    return false;
}

struct need {
    struct domain *domain;
    uint64_t size;
};

static void give_back_if_idle(struct thread *thread, void *context) {
    const struct need *need = context;
    if (domain_room(need->domain) < need->size && !is_inside(thread, need->domain))
        give_back(thread, need->domain);
}

bool stacks_make_room(struct domain *domain, uint64_t size) {
    if (size > domain_room(domain) && size <= domain->memory_quota) {
        cpus_stop(); // no thread is on its way in
        thread_each(give_back_if_idle, &(struct need){domain, size});
    }
    return size <= domain_room(domain);
}

uint64_t stacks_lease(struct thread *thread, struct domain *domain) {
    uint64_t bottom = data_stack_bottom(thread, domain);
    // The room above is the domain's own; the C library keeps its thread pointer there.
    uint64_t top = bottom + DATA_STACK_SIZE - 64;
    if (thread->leased >> domain->id & 1) {
        // The domain lost its own pointer, or died and came back while this thread was further in.
        thread->data_stacks[domain->id] = top;
        return top;
    }
    if (!stacks_make_room(domain, DATA_STACK_SIZE)) {
        (void)refuse(BH_EQUOTA, "a data stack of %llu bytes is past the memory quota of %s (%llu of %llu used)",
                     DATA_STACK_SIZE, domain->name, (unsigned long long)domain->memory_used,
                     (unsigned long long)domain->memory_quota);
        return 0;
    }
    if (space_map_fresh(bottom, DATA_STACK_SIZE, MAP_READ | MAP_WRITE) != BH_OK) {
        (void)refuse(BH_ENOMEM, "no memory for a data stack of %s", domain->name);
        return 0;
    }
    if (domain->mechanism && platform_isolation_enter(domain, thread->id) != BH_OK) {
        unmap_data_stack(bottom);
        return 0;
    }
    domain->memory_used += DATA_STACK_SIZE;
    thread->leased |= 1ull << domain->id;
    thread->data_stacks[domain->id] = top;
    return top;
}

void stacks_return_domain(struct domain *domain) {
    thread_each(give_back_one, domain);
}

void stacks_return_thread(struct thread *thread) {
    for (uint32_t id = 1; id < BH_SLOT_COUNT; id++) {
        struct domain *domain = domain_get(id);
        if (domain)
            give_back(thread, domain);
    }
}
