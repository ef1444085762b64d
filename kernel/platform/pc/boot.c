// SPDX-License-Identifier: MIT
//
// The order of start-up on bare metal, from boot.S to kernel_main(): what the loader tells, what the processor can, final page
// tables, C library, traps, ACPI and its chips, clock, PCI, IOMMU. Memory is handed out here until frames.c takes it over.
#include <stdio.h>
#include <string.h>

#include "kernel/abi/slot.h"
#include "kernel/debug/log.h"
#include "kernel/platform/pc/acpi.h"
#include "kernel/platform/pc/iommu.h"
#include "kernel/platform/pc/pc.h"
#include "kernel/platform/pc/pci.h"
#include "kernel/platform/pc/ports.h"

#define MEMORY_NEEDED (24ull << 20) // below that not even the kernel's own tables and one small domain fit
#define IDENTITY_END 0x100000000ull

#define CR4_OSFXSR (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_FSGSBASE (1ull << 16)
#define CR4_SMEP (1ull << 20)
#define CR4_PKS (1ull << 24)

void boot_main(uint32_t magic, uint64_t info);

struct boot_info boot_info;
uint64_t platform_host_fs_base;
static bool frames_given;

[[noreturn]] void boot_refuse(const char *sentence) {
    console_text("bulkhead: ");
    console_text(sentence);
    console_text("\n");
    power_off(1);
}

bool boot_frames_given(void) {
    return frames_given;
}

hpa boot_take_frame(void) {
    for (size_t i = 0; i < boot_info.free_count; i++) {
        struct platform_range *range = &boot_info.free[i];
        if (range->size < BH_PAGE_SIZE || range->start >= IDENTITY_END)
            continue;
        hpa frame = range->start;
        range->start += BH_PAGE_SIZE;
        range->size -= BH_PAGE_SIZE;
        return frame;
    }
    return 0;
}

size_t platform_memory(struct platform_range *ranges, size_t max) {
    size_t count = 0;
    frames_given = true;
    for (size_t i = 0; i < boot_info.free_count && count < max; i++)
        if (boot_info.free[i].size)
            ranges[count++] = boot_info.free[i];
    return count;
}

bool platform_archive(const void **bytes, size_t *size) {
    if (!boot_info.archive_size)
        return false;
    *bytes = platform_direct(boot_info.archive);
    *size = boot_info.archive_size;
    return true;
}

const char *platform_command_line(void) {
    return boot_info.command_line;
}

const char *boot_option(const char *key, size_t *size) {
    size_t key_size = strlen(key);
    const char *at = boot_info.command_line;
    while (*at) {
        size_t word = strcspn(at, " ");
        if (word > key_size && memcmp(at, key, key_size) == 0 && at[key_size] == '=') {
            *size = word - key_size - 1;
            return at + key_size + 1;
        }
        at += word;
        at += strspn(at, " ");
    }
    return NULL;
}

static void check_memory(void) {
    static char sentence[200];
    uint64_t free = 0;
    for (size_t i = 0; i < boot_info.free_count; i++)
        free += boot_info.free[i].size;
    if (free >= MEMORY_NEEDED)
        return;
    snprintf(sentence, sizeof(sentence),
             "too little memory: %llu KiB are left beside kernel and boot archive (%llu KiB), at least %llu KiB are needed; "
             "give the machine more (QEMU: -m 1G)",
             (unsigned long long)free >> 10, (unsigned long long)boot_info.archive_size >> 10, MEMORY_NEEDED >> 10);
    boot_refuse(sentence);
}

bool boot_has_keys(void) {
    return cpuid(7, 0).ecx & 1u << 31;
}

void boot_start_processor(void) {
    if (cpuid(0, 0).eax < 7 || !(cpuid(7, 0).ebx & 1))
        boot_refuse("this processor cannot write segment bases (FSGSBASE, CPUID 7:EBX[0]), which domains need; in QEMU: -cpu max");
    if (!(cpuid(1, 0).edx & 1u << 9))
        boot_refuse("this processor has no local APIC (CPUID 1:EDX[9])");
    uint64_t cr4;
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_FSGSBASE;
    if (cpuid(7, 0).ebx & 1u << 7)
        cr4 |= CR4_SMEP;
    if (boot_has_keys())
        cr4 |= CR4_PKS; // PKRS is 0 from the start: everything is allowed
    __asm__ volatile("mov %0, %%cr4" : : "r"(cr4));
    static const uint32_t mxcsr = 0x1f80;
    __asm__ volatile("fninit; ldmxcsr %0; xor %%eax, %%eax; wrgsbase %%rax; wrfsbase %%rax" : : "m"(mxcsr) : "rax");
}

static void log_machine(void) {
    uint64_t memory = 0;
    for (size_t i = 0; i < boot_info.ram_count; i++)
        memory += boot_info.ram[i].size;
    log_write(BH_LOG_INFO, "kernel", "booted by %s: %llu MiB of memory, archive of %llu KiB", boot_info.loader,
              (unsigned long long)memory >> 20, (unsigned long long)boot_info.archive_size >> 10);
}

void boot_main(uint32_t magic, uint64_t info) {
    const char *wrong = bootinfo_read(magic, info);
    console_start();
    if (wrong)
        boot_refuse(wrong);
    boot_start_processor();
    libc_start();
    check_memory();
    paging_start();
    trap_start(0, (uint64_t)trap_boot_stacks);
    acpi_start();
    lapic_start(acpi_machine.lapic);
    irq_start();
    ioapic_start();
    clock_start();
    irq_measure();
    log_machine();
    pci_start();
    iommu_start();
    kernel_main();
    power_off(0);
}
