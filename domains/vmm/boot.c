// SPDX-License-Identifier: MIT
//
// Shared parts of booting: memory map, first processor state, initramfs, command line; and telling the kernel's format.
#include "boot.h"

#include "bulkhead/log.h"
#include "guest.h"

#define CR0_PE 1u
#define CR0_ET 0x10u
#define CR0_NE 0x20u
#define CR0_PG 0x80000000u
#define CR4_PAE 0x20u
#define EFER_LME 0x100u
#define EFER_LMA 0x400u
#define SPECIAL_ALL 1

// Segment attributes as in the VMCB: descriptor bits 40 to 47, then 52 to 55.
#define CODE_64 0xa9b
#define CODE_32 0xc9b
#define DATA_FLAT 0xc93
#define TSS_BUSY 0x08b
#define LDT_EMPTY 0x082
#define SELECTOR_CODE 0x10 // __BOOT_CS and __BOOT_DS of the Linux boot protocol
#define SELECTOR_DATA 0x18

#define PTE_PRESENT_WRITE 3u
#define PTE_LARGE 0x80u
#define DIRECTORY_COUNT 4 // 4 GiB are mapped one to one

uint32_t boot_memory_map(const struct guest_memory *memory, struct boot_range ranges[BOOT_RANGES]) {
    ranges[0] = (struct boot_range){0, 0x9fc00, 1};
    ranges[1] = (struct boot_range){0x9fc00, BOOT_ACPI - 0x9fc00, 2};
    ranges[2] = (struct boot_range){BOOT_ACPI, BOOT_ACPI_END - BOOT_ACPI, 3};
    ranges[3] = (struct boot_range){BOOT_HIGH, memory->size - BOOT_HIGH, 1};
    return BOOT_RANGES;
}

static void set_segments(struct bh_vcpu_state *state, uint16_t code) {
    const struct bh_guest_segment data = {.selector = SELECTOR_DATA, .attributes = DATA_FLAT, .limit = 0xffffffffu};
    state->cs = (struct bh_guest_segment){.selector = SELECTOR_CODE, .attributes = code, .limit = 0xffffffffu};
    state->ds = state->es = state->fs = state->gs = state->ss = data;
    state->tr = (struct bh_guest_segment){.selector = 0, .attributes = TSS_BUSY, .limit = 0xffff};
    state->ldtr = (struct bh_guest_segment){.attributes = LDT_EMPTY, .limit = 0xffff};
    state->gdtr_base = BOOT_GDT;
    state->gdtr_limit = 31;
    state->idtr_base = 0;
    state->idtr_limit = 0;
    state->set_special = SPECIAL_ALL;
}

static void put_gdt(const struct boot *boot, bool long_mode) {
    const uint64_t gdt[4] = {0, 0, long_mode ? 0x00af9b000000ffffull : 0x00cf9b000000ffffull, 0x00cf93000000ffffull};
    memory_write(&boot->memory, BOOT_GDT, gdt, sizeof(gdt));
}

void boot_enter_64(const struct boot *boot, struct bh_vcpu_state *state, uint64_t entry, uint64_t argument) {
    uint64_t *tables = memory_at(&boot->memory, BOOT_PAGE_TABLES, (2 + DIRECTORY_COUNT) * 4096);
    put_gdt(boot, true);
    tables[0] = (BOOT_PAGE_TABLES + 0x1000) | PTE_PRESENT_WRITE;
    for (uint64_t i = 0; i < DIRECTORY_COUNT; i++)
        tables[512 + i] = (BOOT_PAGE_TABLES + 0x2000 + i * 0x1000) | PTE_PRESENT_WRITE;
    for (uint64_t i = 0; i < DIRECTORY_COUNT * 512; i++)
        tables[1024 + i] = i << 21 | PTE_PRESENT_WRITE | PTE_LARGE;
    set_segments(state, CODE_64);
    state->cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_PG;
    state->cr3 = BOOT_PAGE_TABLES;
    state->cr4 = CR4_PAE;
    state->efer = EFER_LME | EFER_LMA;
    state->rip = entry;
    state->rsi = argument;
    state->rflags = 2;
}

void boot_enter_32(const struct boot *boot, struct bh_vcpu_state *state, uint64_t entry, uint64_t argument) {
    put_gdt(boot, false);
    set_segments(state, CODE_32);
    state->cr0 = CR0_PE | CR0_ET;
    state->cr3 = state->cr4 = state->efer = 0;
    state->rip = entry;
    state->rsi = state->rbx = argument;
    state->rflags = 2;
}

enum bh_error boot_place_initrd(const struct boot *boot, uint64_t floor, uint64_t limit, gpa *address) {
    uint64_t top = boot->memory.size < limit ? boot->memory.size : limit;
    if (boot->initrd.size > top || ((top - boot->initrd.size) & ~4095ull) < floor) {
        bh_error_log("the initramfs (%llu bytes) does not fit into the guest's memory (%llu bytes, kernel up to 0x%llx): "
                     "give the guest more memory",
                     (unsigned long long)boot->initrd.size, (unsigned long long)boot->memory.size, (unsigned long long)floor);
        return BH_ENOSPC;
    }
    *address = (top - boot->initrd.size) & ~4095ull;
    memory_write(&boot->memory, *address, boot->initrd.data, boot->initrd.size);
    return BH_OK;
}

enum bh_error boot_place_command_line(const struct boot *boot, uint64_t max) {
    uint64_t size = strlen(boot->command_line) + 1;
    if (size > max || size > BOOT_COMMAND_LINE_MAX) {
        bh_error_log("the guest's command line has %llu bytes, the limit is %llu", (unsigned long long)size - 1,
                     (unsigned long long)(max < BOOT_COMMAND_LINE_MAX ? max : BOOT_COMMAND_LINE_MAX) - 1);
        return BH_ERANGE;
    }
    memory_write(&boot->memory, BOOT_COMMAND_LINE, boot->command_line, size);
    return BH_OK;
}

static bool starts_with(const struct boot_file *file, const char *magic, uint64_t size) {
    return file->size >= size && !memcmp(file->data, magic, size);
}

// What the file seems to be, for the message.
static const char *describe(const struct boot_file *file) {
    if (starts_with(file, "\x1f\x8b", 2))
        return "a gzip archive";
    if (starts_with(file, "\x28\xb5\x2f\xfd", 4))
        return "a zstd archive";
    if (starts_with(file, "!<arch>", 7))
        return "an ar archive; extract the .deb and give its boot/vmlinuz file";
    if (starts_with(file, "070701", 6))
        return "a cpio archive; it belongs into guest-initrd";
    if (starts_with(file, "MZ", 2))
        return "an EFI or DOS program without a Linux boot header";
    return "of no known format";
}

enum bh_error boot_load(const struct boot *boot, struct bh_vcpu_state *state) {
    const struct boot_file *kernel = &boot->kernel;
    if (!kernel->data || !kernel->size) {
        bh_error_log("there is no guest kernel: grant a file buffer named guest-kernel in the manifest");
        return BH_ENOENT;
    }
    if (boot->memory.size < BOOT_MEMORY_MIN) {
        bh_error_log("the guest's memory has %llu bytes, at least %u are needed: raise the size of guest-memory in the manifest",
                     (unsigned long long)boot->memory.size, BOOT_MEMORY_MIN);
        return BH_ENOMEM;
    }
    if (starts_with(kernel, "\x7f"
                            "ELF",
                    4))
        return pvh_load(boot, state);
    if (kernel->size >= 0x206 && !memcmp(kernel->data + 0x202, "HdrS", 4))
        return linux_load(boot, state);
    bh_error_log("the guest kernel is %s; it must be a Linux bzImage or an ELF file with a PVH note", describe(kernel));
    return BH_EIMAGE;
}
