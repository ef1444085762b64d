// SPDX-License-Identifier: MIT
//
// Breaking a domain on purpose.
#ifndef BH_INJECT_H
#define BH_INJECT_H

#include "kernel/abi/crash.h"
#include "kernel/abi/error.h"

struct domain;

// Let a running domain crash in this way. A new thread of the domain runs its image's bh_inject() (runtime/inject.c), so that the fault is a
// real one, in the domain's own code; a broken ring is the kernel scribbling over its completions. A driver whose DMA is to go astray dies at its next transfer. BH_EINVAL, BH_ENOTSUP.
enum bh_error inject_crash(struct domain *domain, enum bh_inject kind);

#endif
