// SPDX-License-Identifier: MIT
//
// Domains that hang: see hangs.c.
#ifndef SUPERVISOR_HANGS_H
#define SUPERVISOR_HANGS_H

#include "kernel.h"

// Look at a domain as often as its manifest's answer_ms wants it, and end it if it hangs; *next is brought forward to the next look.
void hangs_look(const struct bh_domain_info *info, uint64_t now, uint64_t *next);

#endif
