// SPDX-License-Identifier: MIT
//
// One processor: the process's one thread that runs the kernel. Interrupts off is all the lock it needs.
#include "kernel/base.h"
#include "kernel/platform/platform.h"
#include "kernel/sched/cpu.h"

struct cpu cpus[CPU_COUNT_MAX];

struct cpu *cpu_self(void) {
    return &cpus[0];
}

uint32_t cpu_count(void) {
    return 1;
}

uint32_t cpu_hardware_id(uint32_t index) {
    return index;
}

void cpus_start(void) {
}

void kernel_lock(void) {
}

void kernel_unlock(void) {
}

void cpus_stop(void) {
}

void cpu_poke(uint32_t index) {
    panic("there is no processor %u to tell anything", index);
}
