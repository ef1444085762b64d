// SPDX-License-Identifier: MIT
//
// The other processors, if the machine has any: they start, come in when told to, and lose a mapping when it goes. They read one
// page without end, each read guarded, and say when.
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/slot.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/space.h"
#include "kernel/platform/platform.h"
#include "kernel/sched/cpu.h"
#include "tests/system/platform/checks.h"

#define PAGE (BH_SLOT_AREA + 0x40000000)
#define ROUNDS 50
#define PATIENCE 20000000000ull // ns: what comes at all comes sooner, on however busy a host
#define MILLISECOND 1000000ull

static struct thread outsiders[CPU_COUNT_MAX]; // what they would run: they are not idle
static uint32_t moment;                        // 0: nothing to read yet
static uint32_t touched[CPU_COUNT_MAX];        // the moment before their last read that succeeded
static uint64_t turns[CPU_COUNT_MAX];

[[noreturn]] void sched_join(void) {
    struct cpu *self = cpu_self();
    __atomic_store_n(&self->current, &outsiders[self->id], __ATOMIC_SEQ_CST);
    kernel_unlock();
    irq_restore(true);
    for (;;) {
        uint8_t byte;
        uint32_t before = __atomic_load_n(&moment, __ATOMIC_SEQ_CST);
        if (before && platform_copy_guarded(&byte, (void *)PAGE, 1) == BH_OK)
            __atomic_store_n(&touched[self->id], before, __ATOMIC_SEQ_CST);
        __atomic_add_fetch(&turns[self->id], 1, __ATOMIC_SEQ_CST);
    }
}

static bool all_touch(uint32_t what) {
    for (uint32_t i = 1; i < cpu_count(); i++)
        for (uint64_t until = clock_now_ns() + PATIENCE; __atomic_load_n(&touched[i], __ATOMIC_SEQ_CST) != what;)
            if (clock_now_ns() > until)
                return false;
    return true;
}

static void pass(uint64_t ns) {
    for (uint64_t until = clock_now_ns() + ns; clock_now_ns() < until;) {
    }
}

static bool none_touches(uint32_t what) {
    for (uint32_t i = 1; i < cpu_count(); i++)
        if (__atomic_load_n(&touched[i], __ATOMIC_SEQ_CST) == what)
            return false;
    return true;
}

static void check_flush(void) {
    bool seen = true, gone = true;
    for (uint32_t round = 0; round < ROUNDS && seen && gone; round++) {
        kernel_lock();
        seen = space_map_fresh(PAGE, BH_PAGE_SIZE, MAP_READ) == BH_OK;
        kernel_unlock();
        __atomic_store_n(&moment, 2 * round + 1, __ATOMIC_SEQ_CST);
        seen = seen && all_touch(2 * round + 1);
        kernel_lock();
        space_unmap_fresh(PAGE, BH_PAGE_SIZE);
        platform_drop_table(PAGE); // and made anew in the next round
        __atomic_store_n(&moment, 2 * round + 2, __ATOMIC_SEQ_CST);
        kernel_unlock();
        pass(MILLISECOND);
        gone = none_touches(2 * round + 2);
    }
    check(seen, "other processors see what is mapped");
    check(gone, "what is unmapped is gone on all processors");
}

static void check_stop(void) {
    uint64_t before[CPU_COUNT_MAX];
    bool still = true, on = true;
    kernel_lock();
    cpus_stop();
    memcpy(before, turns, sizeof(before));
    pass(5 * MILLISECOND);
    for (uint32_t i = 1; i < cpu_count(); i++)
        still = still && __atomic_load_n(&turns[i], __ATOMIC_SEQ_CST) == before[i];
    kernel_unlock();
    for (uint32_t i = 1; i < cpu_count(); i++)
        for (uint64_t until = clock_now_ns() + PATIENCE; on && __atomic_load_n(&turns[i], __ATOMIC_SEQ_CST) == before[i];)
            on = clock_now_ns() < until;
    check(still, "stopped processors stand still");
    check(on, "they go on when the lock is released");
}

void check_processors(void) {
    const char *wanted = strstr(platform_command_line(), "processors=");
    kernel_lock();
    cpus_start();
    kernel_unlock();
    check(!wanted || strtoul(wanted + strlen("processors="), NULL, 10) == cpu_count(), "as many processors run as are expected");
    if (cpu_count() == 1)
        return;
    check_flush();
    check_stop();
}
