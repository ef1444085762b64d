// SPDX-License-Identifier: MIT
//
// Leaving several frames of a domain at once: the kernel's half of longjmp.
#ifndef BH_FRAMES_H
#define BH_FRAMES_H

#include <stdint.h>

// The way into a marked frame: its call would have left the return address `resume` at `place`. Whoever takes the way writes it there, when
// nothing below the gate is needed any more: a deep frame reaches further down than a shallow call out of it.
struct frames_way {
    uint64_t place; // 0: there is none, and the domain is dead
    uint64_t resume;
};

// For arch/x86_64/calls.S: find the frame that the mark at `address` of the calling domain names.
struct frames_way frames_resume(uint64_t address);

#endif
