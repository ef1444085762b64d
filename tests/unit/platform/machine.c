// SPDX-License-Identifier: MIT
//
// The rest of the platform as the tests need it: an array for memory, a counter for the log.
#include "machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/platform/pc/pc.h"

alignas(4096) uint8_t machine_memory[MACHINE_SIZE];
unsigned machine_warnings;
const char *machine_refusal;

void *platform_direct(hpa address) {
    return machine_memory + address;
}

enum bh_error paging_map_device(hpa address, uint64_t size) {
    return range_inside(address, size, MACHINE_SIZE) ? BH_OK : BH_ERANGE;
}

void log_write(enum bh_log_level level, const char *source, const char *format, ...) {
    (void)source, (void)format;
    machine_warnings += level <= BH_LOG_WARNING;
}

enum bh_error refuse(enum bh_error error, const char *format, ...) {
    (void)format;
    return error;
}

void panic(const char *format, ...) {
    (void)format;
    abort();
}

void boot_refuse(const char *sentence) {
    machine_refusal = sentence;
    exit(7);
}

uint64_t clock_now_ns(void) {
    static uint64_t now;
    return now += 1000000;
}

void irq_message(uint32_t vector, uint64_t *address, uint32_t *data) {
    *address = 0xfee00000;
    *data = vector;
}

struct platform_range machine_range; // all the memory that the machine says it has
size_t platform_memory(struct platform_range *ranges, size_t max) {
    if (!max || !machine_range.size)
        return 0;
    *ranges = machine_range;
    return 1;
}
