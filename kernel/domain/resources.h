// SPDX-License-Identifier: MIT
//
// What the kernel hands out of the machine: PCI functions and I/O ports, behind the kernel interfaces Device and Ports.
#ifndef BH_RESOURCES_H
#define BH_RESOURCES_H

#include <stdint.h>
#include "kernel/abi/error.h"

struct domain;

// The object word of a kernel port for `holder` from the manifest's selector, e.g. "pci:1af4:1042:0", "ports:0x2f8-0x2ff:3".
// BH_ENOENT when the machine has no such thing (logged).
enum bh_error resources_object(const char *selector, struct domain *holder, uint64_t *object);
// Who has a device open whose transfers bear this platform_dma_source(); NULL: nobody.
struct domain *resources_holder_of(uint32_t source);
// Bus mastering off first, interrupts released, DMA memory freed, windows unmapped.
void resources_domain_died(struct domain *domain);

#endif
