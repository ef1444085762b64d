// SPDX-License-Identifier: MIT
//
// A domain that computes without end is ended by the kernel's watchdog; one that waits for something that never comes looks like one that has nothing to do.
// The difference is its clients: it hangs if they have signalled it on a ring and at LOOKS looks, one after the other, it has neither waited for that signal nor
// completed a request since the look before. A device that keeps silent is no hang: its driver waits for the signal all the same. Looks are counted, not
// time, so that a machine that stood still blames nobody. What is remembered here a successor of this domain learns anew.
#include "hangs.h"

#include "bulkhead/domain.h"
#include "kernel/abi/slot.h"
#include "trials.h"

#define LOOKS 4
#define MS 1000000ull

static struct watch {
    uint32_t generation, looks;
    uint64_t answered, next_ns;
} watches[BH_SLOT_COUNT];

void hangs_look(const struct bh_domain_info *info, uint64_t now, uint64_t *next) {
    struct watch *watch = &watches[info->id % BH_SLOT_COUNT];
    if (!info->answer_ms || info->state != BH_DOMAIN_STATE_RUNNING)
        return;
    if (now >= watch->next_ns) {
        bool moves = !info->unheard || info->answered != watch->answered || info->generation != watch->generation;
        watch->looks = moves ? 0 : watch->looks + 1;
        watch->answered = info->answered;
        watch->generation = info->generation;
        watch->next_ns = now + info->answer_ms * MS / LOOKS;
    }
    wake_by(next, watch->next_ns);
    if (watch->looks < LOOKS)
        return;
    watch->looks = 0;
    bh_error_log("%s hangs: clients of %u of its rings wait, and for %u ms it has neither looked nor answered", info->name, info->unheard, info->answer_ms);
    enum bh_error error = system_kill(system_cap, info->id);
    if (error)
        bh_warn("%s cannot be ended: %s", info->name, bh_strerror(error));
}
