// SPDX-License-Identifier: MIT
//
// Bytes on a block device, one request at a time. Not for several threads at once.
#ifndef DOMAINS_SQLITE_DISK_H
#define DOMAINS_SQLITE_DISK_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/error.h"

#define DISK_SECTOR 512u

// Take the client's side of the ring granted as `ring`, whose data buffer is granted as `buffer`, and ask the Block port granted as `port` how
// big the device is. BH_ENOENT when something was not granted, BH_EREADONLY when the device cannot be written.
enum bh_error disk_open(const char *ring, const char *port, const char *buffer);
uint64_t disk_size(void); // bytes

// Any range inside the device; the sectors at its ends are read first when a write covers them in part.
enum bh_error disk_read(uint64_t offset, void *data, size_t size);
enum bh_error disk_write(uint64_t offset, const void *data, size_t size);
// Everything written so far is on the device when this returns.
enum bh_error disk_flush(void);

#endif
