// SPDX-License-Identifier: MIT
//
// Several processors, inside this platform. What the rest of the kernel sees of them is in kernel/platform/platform.h.
#ifndef BH_PC_SMP_H
#define BH_PC_SMP_H

#include <stdbool.h>

// Without it: true when it was free. The processor stays outside. For interrupts of proxies.
bool kernel_try_lock(void);
// Mappings went or got fewer rights: when this returns, no other processor acts on the old ones. Lock: the kernel's.
void smp_flush_others(void);
void smp_flush_asked(void); // the interrupt by which another processor asks; without the lock

#endif
