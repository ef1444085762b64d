// SPDX-License-Identifier: MIT
//
// What happens at a VM exit.
#ifndef VMM_EXITS_H
#define VMM_EXITS_H

#include <stdint.h>

struct machine;

// Deal with the exit described in the shared page and leave the answer there. Returns 1 when the guest has ended.
uint32_t exits_handle(struct machine *machine);

#endif
