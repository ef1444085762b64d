// SPDX-License-Identifier: MIT
//
// What the scenarios of this domain share.
#ifndef SHOPPER_H
#define SHOPPER_H

#include <bulkhead/domain.h>

bh_cap find(const char *name);
void shadow_modes(void);   // shadows between us and the shop
void shadow_replays(void);
void shadow_dies(void);
void shadow_comes_and_goes(void);
void answers(void);        // capabilities as results
void die_in_locker(void);  // what the bystander does meanwhile

#endif
