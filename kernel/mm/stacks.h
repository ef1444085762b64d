// SPDX-License-Identifier: MIT
//
// The two kinds of stacks. A control stack (with the thread's control block at its base and a guard page between) belongs to a
// thread and lies outside every slot; a data stack belongs to a thread in one domain and lies in that domain's slot.
#ifndef BH_STACKS_H
#define BH_STACKS_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/error.h"

struct domain;
struct thread;

#define CONTROL_STACK_AREA 0x200000000000ull
#define DATA_STACK_SIZE (128ull << 10)

// Map control stack number `index`; its control block is zeroed. *block is where the struct thread goes, *top the
// initial %rsp. BH_ENOMEM.
enum bh_error stacks_control_create(uint32_t index, struct thread **block, uint64_t *top);
void stacks_control_destroy(uint32_t index);
// Is this address in the guard page (or below) of some control stack?
bool stacks_control_guard(uint64_t address);

// The slow path of a cross-domain call: give `thread` a data stack in `domain`; returns the address of its top and notes it in
// thread->data_stacks, or 0 when out of memory or quota (logged).
uint64_t stacks_lease(struct thread *thread, struct domain *domain);
// Is there room for `size` bytes in the domain's quota? Takes back data stacks of threads that are not inside it when there is not.
bool stacks_make_room(struct domain *domain, uint64_t size);
// Take back all data stacks of a domain, or all of a thread.
void stacks_return_domain(struct domain *domain);
void stacks_return_thread(struct thread *thread);

#endif
