// SPDX-License-Identifier: MIT
//
// Getting a guest kernel into memory and the vCPU to its entry. What both boot protocols share.
//
//   0x01000  PVH: hvm_start_info, module list, memory map     0x0e0000  ACPI tables
//   0x07000  Linux: boot_params                               0x100000  PVH kernels, as their ELF headers say
//   0x08000  GDT                                              0x1000000 Linux (its preferred address)
//   0x09000  page tables for the 64-bit entry, 6 pages        top       initramfs
//   0x20000  command line
#ifndef VMM_BOOT_H
#define VMM_BOOT_H

#include <stdbool.h>
#include <stdint.h>
#include "bulkhead/cap.h"
#include "memory.h"

struct bh_vcpu_state;

#define BOOT_START_INFO 0x1000u
#define BOOT_PARAMS 0x7000u
#define BOOT_GDT 0x8000u
#define BOOT_PAGE_TABLES 0x9000u
#define BOOT_COMMAND_LINE 0x20000u
#define BOOT_COMMAND_LINE_MAX 2048u
#define BOOT_ACPI 0xe0000u
#define BOOT_ACPI_END 0x100000u
#define BOOT_HIGH 0x100000u
#define BOOT_MEMORY_MIN (64u << 20)

// A blob given by the manifest: a read-only file buffer. The buffer is page-granular; trailing zeros may follow the file.
struct boot_file {
    const uint8_t *data; // NULL: not given
    uint64_t size;
};

struct boot {
    struct guest_memory memory;
    struct boot_file kernel, initrd;
    const char *command_line;
    gpa rsdp;
};

struct boot_range {
    gpa start;
    uint64_t size;
    uint32_t type; // as in E820: 1 memory, 2 reserved, 3 ACPI
};
#define BOOT_RANGES 4

// The guest's memory map.
uint32_t boot_memory_map(const struct guest_memory *memory, struct boot_range ranges[BOOT_RANGES]);
// Flat segments, in long mode or in protected mode without paging. `entry` is rip, `argument` goes to rsi and rbx.
void boot_enter_64(const struct boot *boot, struct bh_vcpu_state *state, uint64_t entry, uint64_t argument);
void boot_enter_32(const struct boot *boot, struct bh_vcpu_state *state, uint64_t entry, uint64_t argument);
// Put the initramfs as high as `limit` allows, above `floor`. BH_ENOSPC with a message.
enum bh_error boot_place_initrd(const struct boot *boot, uint64_t floor, uint64_t limit, gpa *address);
// Copy the command line in. BH_ERANGE with a message when it is longer than `max`.
enum bh_error boot_place_command_line(const struct boot *boot, uint64_t max);

// Look at the kernel's format, load it and set the vCPU's first state. All refusals are in the log.
enum bh_error boot_load(const struct boot *boot, struct bh_vcpu_state *state);
// linux.c and pvh.c
enum bh_error linux_load(const struct boot *boot, struct bh_vcpu_state *state);
enum bh_error pvh_load(const struct boot *boot, struct bh_vcpu_state *state);

#endif
