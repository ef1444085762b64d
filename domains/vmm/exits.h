// SPDX-License-Identifier: MIT
//
// What happens at a VM exit.
#ifndef VMM_EXITS_H
#define VMM_EXITS_H

#include <stdbool.h>

struct machine;

// Deal with the exit described in the shared page and leave the answer there. True when the guest has ended.
bool exits_handle(struct machine *machine);
// After a restart: the exit in hand was answered whole by the domain that died. What may be missing of the answer is filled in.
void exits_answered(struct machine *machine);
// Give the console what the guest has written.
void exits_write_output(struct machine *machine);

#endif
