// SPDX-License-Identifier: MIT
//
// A kernel that tests the bare-metal platform alone: it stands in for the kernel core, exercises every section of platform.h,
// prints "ok NAME" or "FAILED NAME" for each check and leaves with status 0 or 1. Run by tests/system/boot.py.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/slot.h"
#include "kernel/arch/x86_64/regs.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/debug/trace.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/space.h"
#include "kernel/platform/device.h"
#include "kernel/platform/platform.h"
#include "kernel/sched/thread.h"
#include "tests/system/platform/checks.h"

#define MILLISECOND 1000000ull
#define AREA BH_SLOT_AREA
#define COM1 0x3f8
#define STRIDE (2ull << 20) // of page tables

static int passed, failed;
static struct trap_frame seen; // of the last fault
static unsigned faults, timer_traps, device_traps, device_calls;
static uint64_t fault_continue; // where the next fault goes on

void check(bool good, const char *name) {
    if (good)
        passed++;
    else
        failed++;
    log_write(BH_LOG_INFO, "test", "%s %s", good ? "ok" : "FAILED", name);
}

struct thread *sched_current(void) {
    return NULL;
}

uint32_t trace_classes; // nothing is recorded here

void trace_record(enum bh_trace_event event, uint32_t domain, uint32_t a, uint64_t b) {
    (void)event, (void)domain, (void)a, (void)b;
}

[[noreturn]] void panic(const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    log_write(BH_LOG_ERROR, "test", "PANIC: %s", text);
    power_off(101);
}

void trap_fault(struct trap_frame *frame) {
    char byte;
    seen = *frame;
    faults++;
    // A fault inside a fault handler, survived.
    if (platform_copy_guarded(&byte, (void *)(AREA + 0x123000), 1) != BH_EFAULT)
        panic("a guarded copy from nowhere succeeded inside a handler");
    if (!fault_continue)
        panic("vector %llu at 0x%llx, address 0x%llx", (unsigned long long)frame->vector, (unsigned long long)frame->rip,
              (unsigned long long)frame->fault_address);
    frame->rip = fault_continue;
    fault_continue = 0;
}

// Where the ways into domains of other mechanisms go wrong: there are none here.
void proxy_stack_astray(void);
void bad_call(void);

void proxy_stack_astray(void) {
    panic("a proxy was called");
}

void bad_call(void) {
    panic("a door was called");
}

bool trap_in_proxy(const struct trap_frame *frame) {
    (void)frame;
    return false;
}

bool trap_settle(struct trap_frame *frame) {
    (void)frame;
    return false;
}

bool trap_keeps_lock(const struct trap_frame *frame) {
    (void)frame;
    return false;
}

void trap_timer(struct trap_frame *frame) {
    (void)frame;
    timer_traps++;
}

void trap_device(struct trap_frame *frame) {
    (void)frame;
    device_traps++;
}

// Do one access that should fault; the handler goes on behind it.
#define FAULTS(code, ...)                                                                                                     \
    ({                                                                                                                         \
        unsigned before = faults;                                                                                              \
        __asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0\n" code "\n1:" : "=m"(fault_continue) : __VA_ARGS__ : "rax", "rcx", "memory"); \
        fault_continue = 0;                                                                                                    \
        faults == before + 1;                                                                                                  \
    })

static void check_faults(void) {
    check(FAULTS("mov 8, %%rcx", ) && seen.vector == 14 && seen.fault_address == 8, "a read of a null pointer faults");
    check(FAULTS("ud2", ) && seen.vector == 6, "an undefined instruction faults");
    check(FAULTS("xor %%ecx, %%ecx; div %%ecx", ) && seen.vector == 0, "a division by zero faults");
    check(FAULTS("mov %%rcx, (%1)", "r"(0x1122334455667788ull)) && seen.vector == 13, "a non-canonical address faults");
    check(FAULTS("movb $0, (%1)", "r"(&check)) && seen.vector == 14 && (seen.error & 3) == 3,
          "the kernel's text is not writable");
    static uint8_t data[16];
    check(FAULTS("jmp *%1", "r"(data)) && seen.vector == 14 && (seen.error & 16) && seen.rip == (uint64_t)data,
          "the kernel's data is not executable");
    check(FAULTS("jmp *%1", "r"(platform_direct((hpa)&check))) && (seen.error & 16), "the direct map is not executable");
}

static void check_paging(void) {
    hpa frame, got = 0;
    uint64_t va = AREA + BH_SLOT_SIZE;
    check(space_map_fresh(va, 3 * BH_PAGE_SIZE, MAP_READ | MAP_WRITE) == BH_OK, "fresh pages can be mapped");
    memset((void *)va, 0x5a, 3 * BH_PAGE_SIZE);
    check(platform_lookup(va + BH_PAGE_SIZE, &got) == BH_OK && *(uint8_t *)platform_direct(got) == 0x5a,
          "the direct map shows what was written through a mapping");
    check(space_protect(va, BH_PAGE_SIZE, MAP_READ) == BH_OK && FAULTS("movb $1, (%1)", "r"(va)) && (seen.error & 2),
          "a page made read-only refuses writes");
    char byte = 1;
    check(platform_copy_guarded((void *)va, &byte, 1) == BH_EFAULT &&
              platform_copy_guarded((void *)(va + BH_PAGE_SIZE), &byte, 1) == BH_OK,
          "a guarded copy says which pages it may write");
    check(platform_copy_guarded(&byte, (void *)0x8000000000000000ull, 1) == BH_EFAULT,
          "a guarded copy survives a non-canonical address");
    space_unmap_fresh(va, 3 * BH_PAGE_SIZE);
    check(platform_lookup(va, &got) == BH_EFAULT && FAULTS("mov (%1), %%cl", "r"(va)), "unmapped pages are gone");

    platform_drop_table(va);
    size_t before = frames_free_count();
    check(space_map_fresh(va + 2 * STRIDE, BH_PAGE_SIZE, MAP_READ | MAP_WRITE) == BH_OK && frames_free_count() == before - 1 &&
              *(uint64_t *)(va + 2 * STRIDE) == 0 && FAULTS("mov (%1), %%cl", "r"(va + 2 * STRIDE + BH_PAGE_SIZE)) && FAULTS("mov (%1), %%cl", "r"(va)),
          "a page table that maps nothing is used in another place");
    platform_drop_table(va + 2 * STRIDE + BH_PAGE_SIZE);
    check(platform_lookup(va + 2 * STRIDE, &got) == BH_OK && *(uint64_t *)(va + 2 * STRIDE) == 0, "one that maps something stays");
    space_unmap_fresh(va + 2 * STRIDE, BH_PAGE_SIZE);

    before = frames_free_count();
    check(frames_alloc(1024, 512, &frame) == BH_OK && frame % (2u << 20) == 0, "frames come aligned");
    va = AREA + 2 * BH_SLOT_SIZE + (2u << 20);
    check(platform_map(va, frame, 4u << 20, MAP_READ | MAP_WRITE) == BH_OK, "a large range can be mapped");
    *(uint32_t *)(va + (3u << 20)) = 77;
    check(platform_protect(va + BH_PAGE_SIZE, BH_PAGE_SIZE, MAP_READ) == BH_OK && FAULTS("movb $1, (%1)", "r"(va + BH_PAGE_SIZE)) &&
              platform_lookup(va + 5 * BH_PAGE_SIZE, &got) == BH_OK && got == frame + 5 * BH_PAGE_SIZE,
          "a large page is split when a part of it changes");
    *(uint8_t *)va = 1;
    platform_unmap(va + BH_PAGE_SIZE, (4u << 20) - BH_PAGE_SIZE);
    check(platform_lookup(va, &got) == BH_OK && platform_lookup(va + (3u << 20), &got) == BH_EFAULT,
          "a part of a large range can be unmapped");
    platform_unmap(va, 4u << 20);
    frames_free(frame, 1024);
    check(before - frames_free_count() < 8, "frames come back, but for page tables");
}

static void check_clock(void) {
    uint64_t start = clock_now_ns();
    clock_arm(start + 9000 * MILLISECOND); // far apart: a busy emulator is late by tens of milliseconds
    clock_arm(start + 2 * MILLISECOND);
    clock_arm(start + 8000 * MILLISECOND);
    unsigned before = timer_traps;
    while (timer_traps == before && clock_now_ns() < start + 10000 * MILLISECOND)
        power_idle();
    uint64_t took = clock_now_ns() - start;
    check(timer_traps == before + 1 && took >= 2 * MILLISECOND && took < 7000 * MILLISECOND, "the earliest deadline wakes an idle processor");
    clock_arm(clock_now_ns() + MILLISECOND);
    clock_arm(0);
    before = timer_traps;
    start = clock_now_ns();
    while (clock_now_ns() < start + 5 * MILLISECOND)
        irq_window();
    check(timer_traps == before, "a cancelled deadline does not fire");
}

static void check_registers(void) {
    uint64_t sse[2] = {0x1234567890abcdefull, 42}, out[2];
    wrgsbase(AREA);
    wrfsbase(AREA + BH_SLOT_SIZE);
    clock_arm(clock_now_ns() + 3 * MILLISECOND);
    unsigned before = timer_traps;
    uint64_t sum;
    __asm__ volatile("movups %2, %%xmm7; mov $77, %%r12; sti\n"
                     "1: pause; cmp %3, %4; je 1b\n"
                     "cli; movups %%xmm7, %0; mov %%r12, %1"
                     : "=m"(out), "=r"(sum)
                     : "m"(sse), "r"(before), "m"(timer_traps)
                     : "r12", "memory");
    check(memcmp(out, sse, sizeof(out)) == 0 && sum == 77 && rdgsbase() == AREA && rdfsbase() == AREA + BH_SLOT_SIZE,
          "an interrupt leaves all registers as they were");
    wrgsbase(0);
    wrfsbase(0);
}

static void device_handler(void *context) {
    ++*(unsigned *)context;
}

static void check_interrupts(void) {
    uint32_t vector;
    check(irq_allocate(device_handler, &device_calls, &vector) == BH_OK && irq_legacy(4, vector) == BH_OK,
          "an ISA interrupt can be routed");
    platform_port_write(COM1 + 4, 1, 0x0b);
    platform_port_write(COM1 + 1, 1, 2); // transmitter empty: at once
    uint64_t until = clock_now_ns() + 200 * MILLISECOND;
    while (!device_calls && clock_now_ns() < until)
        irq_window();
    check(device_calls && device_traps, "the serial port's interrupt arrives");
    platform_port_write(COM1 + 1, 1, 0);
    irq_release(vector);
    check(irq_legacy(99, vector) == BH_ERANGE, "an ISA interrupt that cannot exist is refused");
}

void kernel_main(void) {
    const void *archive;
    size_t archive_size;
    log_write(BH_LOG_INFO, "test", "command line \"%s\"", platform_command_line());
    if (strstr(platform_command_line(), "hang"))
        for (;;)
            power_idle();
    frames_init();
    kernel_unlock(); // what follows is interrupted as domains are
    check(frames_total_count() > 1000, "there is memory");
    if (platform_archive(&archive, &archive_size))
        check(archive_size >= 10 && memcmp(archive, "an archive", 10) == 0, "the boot archive is what was given");
    check_faults();
    check_paging();
    check_clock();
    check_registers();
    check_interrupts();
    check_libraries();
    check_pci();
    check_processors();
    log_write(BH_LOG_INFO, "test", "platform: %d passed, %d failed", passed, failed);
    power_off(failed ? 1 : 0);
}
