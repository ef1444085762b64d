// SPDX-License-Identifier: MIT
//
// Domains that hang: see hangs.c.
#ifndef SUPERVISOR_HANGS_H
#define SUPERVISOR_HANGS_H

#include <stdint.h>

#include "kernel.h"

// Look at both sides of each ring, as often as their domains' answer_ms wants it, and end those that hang; *next is brought forward to the next look.
void hangs_look(uint64_t now, uint64_t *next);
// The same for the calls of others that wait in a domain, and for their signals that stand for it.
void hangs_look_at_domain(const struct bh_domain_info *info, uint64_t now, uint64_t *next);

#endif
