// SPDX-License-Identifier: MIT
//
// Domains that hang: see hangs.c.
#ifndef SUPERVISOR_HANGS_H
#define SUPERVISOR_HANGS_H

#include <stdint.h>

// Look at both sides of each ring, as often as their domains' answer_ms wants it, and end those that hang; *next is brought forward to the next look.
void hangs_look(uint64_t now, uint64_t *next);

#endif
