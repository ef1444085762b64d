// SPDX-License-Identifier: MIT
//
// What the kernel hands out of the machine: PCI functions and I/O ports, behind the kernel interfaces Device and Ports.
#ifndef BH_RESOURCES_H
#define BH_RESOURCES_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/error.h"

struct domain;
struct port;

// The object word of a kernel port for `holder` from the manifest's selector, e.g. "pci:1af4:1042:0", "ports:0x2f8-0x2ff:3".
// BH_ENOENT when the machine has no such thing (logged).
enum bh_error resources_object(const char *selector, struct domain *holder, uint64_t *object);
// The same at run time, of function `index` of the platform: a port for capabilities that `holder` alone can use. BH_EBUSY (logged): another domain has it;
// BH_EINVAL, BH_ENOSPC.
enum bh_error resources_hand_out(uint32_t index, struct domain *holder, struct port **port);
// Stop and reset it, whatever its holder does with it, and take it away. BH_ENOENT (not logged): nobody has it.
enum bh_error resources_take_back(uint32_t index);
struct domain *resources_holder(uint32_t index, bool *open); // NULL: nobody
// Who has a device open whose transfers bear this platform_dma_source(); NULL: nobody.
struct domain *resources_holder_of(uint32_t source);
// Has it a device that did not come out of its reset? And: it is about to start: each of those is tried again. BH_ETIMEDOUT (logged): in vain.
bool resources_stuck(const struct domain *domain);
enum bh_error resources_domain_starts(const struct domain *domain);
// Bus mastering off first, interrupts released, DMA memory freed, windows unmapped.
void resources_domain_died(struct domain *domain);

#endif
