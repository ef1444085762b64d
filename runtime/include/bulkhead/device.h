// SPDX-License-Identifier: MIT
//
// How a driver comes to its device: the manifest grants it one, or lets it claim one of domain pci (docs/drivers.md).
#ifndef BULKHEAD_DEVICE_H
#define BULKHEAD_DEVICE_H

#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"

// The capability of interface Device granted as `name`; else the first function that the domain may claim, through the capability "pci", of a kind that begins
// with `kind` ("nvme", "virtio-"). Waits for a domain pci that is being restarted. Refusals are in the log.
enum bh_error bh_device_find(const char *name, const char *kind, bh_cap *cap);

#endif
