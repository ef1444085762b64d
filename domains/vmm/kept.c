// SPDX-License-Identifier: MIT
//
// Finding, judging and switching the areas. A restart that dies half way leaves the area in use as it was: putting back is doing the same again, the
// other area counts only with the store of `current`.
#include "kept.h"

#include <string.h>

#include "guest.h"

#define MAGIC 0x7465736e65706b6dull

struct kept_area *kept_find(struct kept *kept, const char **why) {
    *why = NULL;
    if (!kept->magic && !kept->current)
        return NULL;
    if (kept->magic != MAGIC)
        *why = "it is not the state of a guest";
    else if (!kept->current)
        return NULL;
    else if (kept->version != KEPT_VERSION || kept->area_size != sizeof(struct kept_area))
        *why = "it was left by a vmm of another version";
    else if (kept->current > 2)
        *why = "it names an area that does not exist";
    return *why ? NULL : &kept->areas[kept->current - 1];
}

struct kept_area *kept_prepare(struct kept *kept) {
    struct kept_area *area = &kept->areas[kept->current == 1];
    memset(area, 0, sizeof(*area));
    area->machine.log = &area->log;
    return area;
}

void kept_switch(struct kept *kept, struct kept_area *area) {
    undo_commit(&area->machine);
    if (kept->magic != MAGIC || !kept->current)
        kept->restores = 0;
    kept->version = KEPT_VERSION;
    kept->area_size = sizeof(struct kept_area);
    kept->magic = MAGIC;
    __atomic_store_n(&kept->current, area == &kept->areas[0] ? 1 : 2, __ATOMIC_RELEASE);
}

void kept_drop(struct kept *kept) {
    __atomic_store_n(&kept->current, 0, __ATOMIC_RELEASE);
    kept->magic = MAGIC;
}

const char *kept_roll_back(struct kept_area *area, struct bh_vcpu_state *page, struct kept_finding *finding) {
    const char *why = undo_check(&area->log);
    uint32_t slot;
    uint64_t sequence;
    *finding = (struct kept_finding){0};
    if (why || undo_submission(&area->log, &slot, &sequence))
        return why;
    undo_roll_back(&area->log, &area->machine, page);
    finding->put_back = area->log.count != 0;
    return NULL;
}

void kept_judge(struct kept_area *area, struct bh_vcpu_state *page, const struct bh_ring *ring, struct kept_finding *finding) {
    uint32_t slot;
    uint64_t sequence;
    bool not_made = undo_submission(&area->log, &slot, &sequence) && !(ring && bh_ring_is_in_flight(ring, slot, sequence));
    if (not_made) {
        undo_roll_back(&area->log, &area->machine, page);
        finding->put_back = true;
    }
    bool exit_put_back = finding->put_back && !area->log.aside;
    bool not_begun = area->machine.ask_again && area->machine.entry_rip == NO_EXIT; // then the page is still that of the instance before
    finding->again = exit_put_back || not_begun || page->rip == page->exit_rip;
}
