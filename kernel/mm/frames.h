// SPDX-License-Identifier: MIT
//
// Physical frames. Any run of contiguous frames can be had, so that guest memory and queues are contiguous for devices.
#ifndef BH_FRAMES_H
#define BH_FRAMES_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/platform/platform.h"

// Take over the platform's memory ranges. Once, at boot.
void frames_init(void);

// `count` contiguous frames, the first aligned to `align` frames (a power of two). Contents undefined. BH_ENOMEM (not logged).
enum bh_error frames_alloc(size_t count, size_t align, hpa *out);
void frames_free(hpa start, size_t count);

size_t frames_free_count(void);
size_t frames_total_count(void);

#endif
