// SPDX-License-Identifier: MIT
#ifndef CONTROL_INTERPOSE_H
#define CONTROL_INTERPOSE_H

#include "kernel/abi/cap.h"

// interpose DOMAIN CAPABILITY on|off|ask: lead a port's capability through the port's shadow, or past it; to what it leads now.
void do_interpose(bh_cap system_cap, const char *domain, const char *capability, const char *how);

#endif
