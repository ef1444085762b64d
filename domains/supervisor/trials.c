// SPDX-License-Identifier: MIT
//
// Upgrades (idl/images.bidl). A domain that ended for one is started at once, and neither that nor what comes of its trial counts as a crash. In its first
// second the new image must not end, must serve every port and attach to every ring that the one before did, and must answer something where requests
// wait; an answer that is an error the ring's client does not take (runtime/ring_client.c). Else the one before is put back, and nobody tries the other again
// but an operator. Nothing is remembered here that a successor of this domain could not do without.
#include "trials.h"

#include <stdio.h>

#include "bulkhead/domain.h"
#include "images.h"
#include "kernel/abi/crash.h"
#include "kernel/abi/slot.h"

#define HALF_NS 500000000ull

static bh_cap images_cap; // none: nothing is upgraded
static uint64_t stuck_since[BH_SLOT_COUNT]; // when requests were first seen to wait on a ring of a domain on trial, 0: they do not

void trials_start(void) {
    if (bh_cap_find("images", &images_cap))
        images_cap = BH_CAP_NONE;
}

static void put_back(const struct bh_domain_info *info, const char *why) {
    enum bh_error error = images_roll_back(images_cap, info->id, why);
    if (!error)
        error = system_restart(system_cap, info->id);
    if (error) {
        bh_error_log("%s: the image before cannot be put back: %s", info->name, bh_strerror(error));
        give_up(info, "its upgrade failed, and the way back too");
    }
}

static void start(const struct bh_domain_info *info) {
    enum bh_error error = system_restart(system_cap, info->id);
    if (error)
        put_back(info, "it does not start");
}

// It runs, and its second is over or half of it.
static void judge(const struct bh_domain_info *info, const struct bh_image_info *image, uint64_t now, uint64_t *next) {
    struct bh_image_trial trial;
    char why[96];
    if (images_trial(images_cap, info->id, &trial))
        return; // it has just been decided
    uint64_t *since = &stuck_since[info->id % BH_SLOT_COUNT];
    *since = !trial.stuck ? 0 : *since ? *since : now;
    if (now < image->trial_ends_ns) {
        wake_by(next, now + HALF_NS < image->trial_ends_ns ? now + HALF_NS : image->trial_ends_ns);
        return;
    }
    if (trial.unserved) {
        snprintf(why, sizeof(why), "it does not serve %s", trial.missing);
        put_back(info, why);
    } else if (*since && now - *since < HALF_NS / 2) { // they have just come, or a predecessor knew how long they wait
        wake_by(next, *since + HALF_NS / 2);
        return;
    } else if (*since) {
        snprintf(why, sizeof(why), "requests wait on ring %s, and it answered none", trial.missing);
        put_back(info, why);
    } else if (images_keep(images_cap, info->id)) {
        put_back(info, "it ended");
    }
    *since = 0;
}

bool trials_look(const struct bh_domain_info *info, uint64_t now, uint64_t *next) {
    struct bh_image_info image;
    char why[96];
    if (!images_cap || images_info(images_cap, info->id, &image))
        return false;
    if (info->state == BH_DOMAIN_STATE_DEAD && info->cause == BH_CRASH_UPGRADE) {
        stuck_since[info->id % BH_SLOT_COUNT] = 0;
        start(info);
        wake_by(next, now + HALF_NS);
        return true;
    }
    if (!image.previous)
        return false;
    if (info->state == BH_DOMAIN_STATE_RUNNING) {
        judge(info, &image, now, next);
    } else {
        snprintf(why, sizeof(why), "it ended: %s", bh_crash_cause_name(info->cause));
        put_back(info, why);
    }
    return true;
}
