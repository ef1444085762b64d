// SPDX-License-Identifier: MIT
//
// A make-believe machine for testing the bare-metal platform's readers of foreign tables on the host: physical memory is an array.
#ifndef BH_TEST_MACHINE_H
#define BH_TEST_MACHINE_H

#include <stdint.h>
#include "kernel/platform/platform.h"

#define MACHINE_SIZE (8u << 20)
extern uint8_t machine_memory[MACHINE_SIZE];
extern unsigned machine_warnings; // lines at warning level or worse
extern const char *machine_refusal; // what boot_refuse() said; it then leaves the test's process with status 7
extern struct platform_range machine_range; // its memory as the platform tells it

#endif
