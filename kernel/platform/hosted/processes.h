// SPDX-License-Identifier: MIT
//
// The life of domains' processes (process.c), for isolation.c.
#ifndef BH_HOSTED_PROCESSES_H
#define BH_HOSTED_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/error.h"

struct domain;

enum bh_error process_start(struct domain *domain); // a new one, with nothing in the slot. BH_ENOMEM, with a message
void process_end(struct domain *domain);            // at once, with all its threads
// See to it that the process has a thread for this one of the system's.
enum bh_error process_thread(struct domain *domain, uint32_t thread);
// Stop that thread for good, and say where it was.
bool process_where(const struct domain *domain, uint32_t thread, uint64_t *rip, uint64_t *frame_pointer);

#endif
