// SPDX-License-Identifier: MIT
#ifndef SUPERVISOR_TRIALS_H
#define SUPERVISOR_TRIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel.h"

extern bh_cap system_cap;
void give_up(const struct bh_domain_info *info, const char *why);

// Look again at `when` at the latest. 0 in *next: never.
static inline void wake_by(uint64_t *next, uint64_t when) {
    if (!*next || when < *next)
        *next = when;
}

void trials_start(void);
// Deal with a domain that was upgraded: start it, and decide what becomes of its image. False: none of that, it is as any other. `next` is made earlier if
// there is something to look at by then (0: never).
bool trials_look(const struct bh_domain_info *info, uint64_t now, uint64_t *next);

#endif
