// SPDX-License-Identifier: MIT
//
// Mapping in the one address space: fresh memory in, memory out, with W^X enforced on the way.
#ifndef BH_SPACE_H
#define BH_SPACE_H

#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/platform/platform.h"

// Map `size` bytes of fresh, zeroed frames at `va`, in runs as long as there are. All or nothing. BH_ENOMEM.
enum bh_error space_map_fresh(uint64_t va, uint64_t size, enum map_flags flags);
// Unmap them and give the frames back. The range must have been mapped by space_map_fresh as a whole.
void space_unmap_fresh(uint64_t va, uint64_t size);
// Map memory that somebody else owns (buffers, devices).
enum bh_error space_map(uint64_t va, hpa frames, uint64_t size, enum map_flags flags);
void space_unmap(uint64_t va, uint64_t size);
// Behind an unmapping for long: the page table around `va` is free for other places, if nothing is mapped through it any more.
void space_drop_table(uint64_t va);
enum bh_error space_protect(uint64_t va, uint64_t size, enum map_flags flags);
// Frame behind a page mapped here, or BH_EFAULT.
enum bh_error space_lookup(uint64_t va, hpa *frame);

#endif
