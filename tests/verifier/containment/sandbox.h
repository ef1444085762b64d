// SPDX-License-Identifier: MIT
//
// Where things are, for those who put them there and those who reach for them.
//
//   BASE - 4 GiB   nothing may be touched      CONTROL   the thread's control block, guard, control stack; nothing behind it
//   BASE           the slot                    NOWHERE   base of the segment register that is not the slot's
//   BASE + 4 GiB   nothing may be touched
#ifndef CONTAINMENT_SANDBOX_H
#define CONTAINMENT_SANDBOX_H

#include "tests/verifier/containment/containment.h"

#define BASE BH_SLOT_AREA
#define NOWHERE 0x300000000000ull
#define CONTROL 0x200000000000ull // the control stack's block
#define ABOVE BH_STACK_ARGS_MAX   // bytes above the frame of the function that is entered: its stack arguments
#define STACK_TOP (CONTROL + BH_CONTROL_STACK_SIZE - ABOVE)
#define DATA_POINTER (BASE + BH_SLOT_STACKS + 0x8000)

// place.c
bool place_open(void);
void place_load(const struct verified_image *image);

#endif
