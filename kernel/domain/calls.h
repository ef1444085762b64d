// SPDX-License-Identifier: MIT
//
// Reading and writing a domain's memory from the kernel.
#ifndef BH_CALLS_H
#define BH_CALLS_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/error.h"

struct domain;

// Copy from or to `domain`'s slot; only the low 32 bits of `address` count. BH_EFAULT (logged) when it is not accessible.
enum bh_error slot_read(struct domain *domain, void *to, uint64_t address, size_t size);
enum bh_error slot_write(struct domain *domain, uint64_t address, const void *from, size_t size);

#endif
