// SPDX-License-Identifier: MIT
//
// Selectors of devices in manifests (docs/manifest.md).
#ifndef BH_SELECTORS_H
#define BH_SELECTORS_H

#include <stdint.h>
#include "kernel/abi/error.h"

// The function that "pci:1af4:1042:0" or "virtio-blk:0" stands for, as the platform numbers them. BH_EINVAL: not a selector of a device; BH_ENOENT: this
// machine has no such one.
enum bh_error selectors_find(const char *selector, uint32_t *index);

#endif
