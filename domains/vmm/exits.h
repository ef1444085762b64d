// SPDX-License-Identifier: MIT
//
// What happens at a VM exit.
#ifndef VMM_EXITS_H
#define VMM_EXITS_H

#include <stdbool.h>

struct machine;

// Deal with the exit described in the shared page and leave the answer there. True when the guest has ended.
bool exits_handle(struct machine *machine);

#endif
