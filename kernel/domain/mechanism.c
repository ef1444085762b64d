// SPDX-License-Identifier: MIT
//
// Which mechanism isolates a domain, and the little that differs from one to the other above the platform.
#include "kernel/domain/mechanism.h"

#include <string.h>

#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/domain/domain.h"
#include "kernel/mm/space.h"
#include "kernel/platform/platform.h"
#include "kernel/sched/thread.h"

extern const uint8_t none_methods[], none_enter[], none_door[];
const struct mechanism mechanism_none = {.name = "none", .methods = none_methods, .enter = none_enter, .door = none_door};

const char *mechanism_name(enum bh_isolation isolation) {
    static const char *const names[] = {"sfi", "none", "pks", "paging", "process"};
    return names[isolation];
}

uint64_t mechanism_enter(const struct domain *domain, uint64_t entry) {
    if (!domain->mechanism)
        return entry;
    thread_current()->entry = entry;
    return (uint64_t)domain->mechanism->enter;
}

enum bh_error mechanism_choose(struct domain *domain, enum bh_isolation isolation) {
    domain->isolation = isolation;
    if (isolation == BH_ISOLATION_SFI)
        return BH_OK;
    if (isolation == BH_ISOLATION_NONE) {
        domain->mechanism = &mechanism_none;
        log_write(BH_LOG_WARNING, domain->name, "isolation is none: nothing confines this domain, it is trusted like the kernel");
        return BH_OK;
    }
    return platform_isolate(domain, isolation);
}

enum bh_error mechanism_map_door(struct domain *domain) {
    const struct mechanism *mechanism = domain->mechanism;
    uint64_t va = domain->base + BH_SLOT_DOOR;
    if (!mechanism)
        return BH_OK;
    *(uint64_t *)(domain->base + BH_TABLE_DOOR) = mechanism->page ? va : (uint64_t)mechanism->door;
    if (!mechanism->page)
        return BH_OK;
    enum bh_error error = space_map_fresh(va, BH_PAGE_SIZE, MAP_READ | MAP_WRITE);
    if (error)
        return error;
    memcpy((void *)va, mechanism->page, (size_t)(mechanism->page_end - mechanism->page));
    return space_protect(va, BH_PAGE_SIZE, MAP_READ | MAP_EXECUTE);
}

void mechanism_unmap_door(struct domain *domain) {
    if (domain->mechanism && domain->mechanism->page)
        space_unmap_fresh(domain->base + BH_SLOT_DOOR, BH_PAGE_SIZE);
}
