// SPDX-License-Identifier: MIT
//
// Included in front of each kernel file of the fuzz target: its variables go to sections that world_reset() puts back, its memory comes from
// world_malloc(), so that each input finds a kernel that has just started.
#ifndef FUZZ_STATE_H
#define FUZZ_STATE_H

#include <stdlib.h>

void *world_malloc(size_t size);
void *world_calloc(size_t count, size_t size);
void world_free(void *pointer);

#define malloc world_malloc
#define calloc world_calloc
#define free world_free
#pragma clang section bss = "kernel_bss" data = "kernel_data"

#endif
