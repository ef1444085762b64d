// SPDX-License-Identifier: MIT
//
// The world of the fuzz target `loader`: a kernel without threads and interrupts, memory in which every mapping is known, and images and
// archives that are right in form, to be spoiled.
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/platform/platform.h"

// world.c
void world_reset(void); // everything as at boot
void require(bool holds);
struct mapped_page {
    uint64_t va; // 0: free place
    hpa frame;
    enum map_flags flags;
};
void world_each_page(void (*visit)(const struct mapped_page *page, void *context), void *context);
size_t world_page_count(void);
extern uint32_t world_threads; // created

// images.c
#define ARCHIVE_MAX (64u << 10)
size_t make_archive(uint8_t *to, size_t max);       // 0: it does not fit
void tell_a_lie(uint8_t *archive, size_t size); // in one field of the archive or of an image in it

#endif
