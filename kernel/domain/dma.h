// SPDX-License-Identifier: MIT
//
// Drivers whose devices try to reach what was not granted to them. Where the machine can confine devices (kernel/platform/device.h), the transfer is
// blocked, the device silenced, and its driver dies.
#ifndef BH_DMA_H
#define BH_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/crash.h"

struct domain;

// Start to watch, if there is anything to watch.
void dma_start(void);
// `domain` is about to die, as is thought of `cause`: if one of its devices has gone astray, that comes first. Then `cause`, `address` and `text` say so.
void dma_blame(const struct domain *domain, enum bh_crash_cause *cause, uint64_t *address, char *text, size_t size);
// Its devices are closed: what they did is no concern of the next instance.
void dma_domain_died(const struct domain *domain);

#endif
