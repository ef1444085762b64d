// SPDX-License-Identifier: MIT
//
// Registers that C cannot name: segment bases, model-specific registers, time stamp.
#ifndef BH_REGS_H
#define BH_REGS_H

#include <stdint.h>

#define RFLAGS_FIXED 0x2ull
#define RFLAGS_IF 0x200ull

#define MSR_EFER 0xc0000080u
#define EFER_SCE 1ull
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_FMASK 0xc0000084u

static inline uint64_t rdgsbase(void) {
    uint64_t value;
    __asm__ volatile("rdgsbase %0" : "=r"(value));
    return value;
}

static inline uint64_t rdfsbase(void) {
    uint64_t value;
    __asm__ volatile("rdfsbase %0" : "=r"(value));
    return value;
}

static inline void wrgsbase(uint64_t value) {
    __asm__ volatile("wrgsbase %0" : : "r"(value) : "memory");
}

static inline void wrfsbase(uint64_t value) {
    __asm__ volatile("wrfsbase %0" : : "r"(value) : "memory");
}

static inline uint64_t rdtsc(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline uint64_t rdmsr(uint32_t msr) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value) {
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

#endif
