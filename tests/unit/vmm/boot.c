// SPDX-License-Identifier: MIT
//
// Kernels good and bad: bzImage, PVH ELF, and files that are neither; the ACPI tables.
#include "fixture.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

#include "acpi_tables.h"
#include "boot.h"

static uint8_t image[1 << 20];
static struct boot boot;

static void create(void) {
    fixture_create();
    boot = (struct boot){.memory = machine->memory, .kernel = {image, sizeof(image)}, .command_line = "quiet", .rsdp = 0xe0000};
}

static void put(uint32_t offset, uint64_t value, uint32_t size) {
    memcpy(image + offset, &value, size);
}

static void make_bzimage(void) {
    put(0x1f1, 1, 1);
    put(0x1f4, (sizeof(image) - 1024) / 16, 4);
    put(0x1fe, 0xaa55, 2);
    put(0x200, 0x6aeb, 2);
    memcpy(image + 0x202, "HdrS", 4);
    put(0x206, 0x020f, 2);
    put(0x211, 1, 1);
    put(0x22c, 0x7fffffff, 4);
    put(0x236, 1, 2);
    put(0x238, 2047, 4);
    put(0x258, 0x1000000, 8);
    put(0x260, 0x1000000, 4);
    memcpy(image + 1024, "payload", 7);
}

static void make_pvh(uint64_t address) {
    Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1}, .e_phoff = 64, .e_phnum = 2};
    Elf64_Phdr load = {.p_type = PT_LOAD, .p_offset = 0x1000, .p_paddr = address, .p_filesz = 16, .p_memsz = 64};
    Elf64_Phdr note = {.p_type = PT_NOTE, .p_offset = 0x800, .p_filesz = 20};
    const uint32_t words[5] = {4, 4, 18, 0x006e6558, 0x100040};
    memcpy(image, &header, sizeof(header));
    memcpy(image + 64, &load, sizeof(load));
    memcpy(image + 64 + sizeof(load), &note, sizeof(note));
    memcpy(image + 0x800, words, sizeof(words));
    memcpy(image + 0x1000, "pvh code here...", 16);
}

static void refused(enum bh_error error, const char *part) {
    cr_assert_eq(boot_load(&boot, &state), error);
    cr_assert(strstr(fake_log, part), "logged: %s", fake_log);
}

Test(bzimage, a_bzimage_is_entered_in_long_mode, .init = create) {
    make_bzimage();
    boot.initrd = (struct boot_file){(const uint8_t *)"initramfs", 9};
    cr_assert_eq(boot_load(&boot, &state), BH_OK);
    cr_assert_eq(state.rip, 0x1000200);
    cr_assert_eq(state.rsi, BOOT_PARAMS);
    cr_assert_eq(state.efer, 0x500);
    cr_assert_eq(state.cs.attributes, 0xa9b);
    cr_assert_eq(state.set_special, 1);
    cr_assert_eq(memcmp(memory_at(&machine->memory, 0x1000000, 7), "payload", 7), 0);
    const uint8_t *params = memory_at(&machine->memory, BOOT_PARAMS, 4096);
    cr_assert_eq(params[0x1e8], BOOT_RANGES);
    cr_assert_eq(params[0x210], 0xff);
    uint32_t initrd, command_line;
    memcpy(&initrd, params + 0x218, 4);
    memcpy(&command_line, params + 0x228, 4);
    cr_assert_eq(memcmp(memory_at(&machine->memory, initrd, 9), "initramfs", 9), 0);
    cr_assert_str_eq((char *)memory_at(&machine->memory, command_line, 6), "quiet");
}

Test(bzimage, without_a_64_bit_entry_the_32_bit_one_is_used, .init = create) {
    make_bzimage();
    put(0x236, 0, 2);
    cr_assert_eq(boot_load(&boot, &state), BH_OK);
    cr_assert_eq(state.rip, 0x1000000);
    cr_assert_eq(state.cr0 & 0x80000001u, 1);
}

Test(bzimage, an_old_protocol_is_refused, .init = create) {
    make_bzimage();
    put(0x206, 0x0204, 2);
    refused(BH_EIMAGE, "boot protocol 2.4");
}

Test(bzimage, a_truncated_image_is_refused, .init = create) {
    make_bzimage();
    boot.kernel.size = 100000;
    refused(BH_EIMAGE, "cut short");
}

Test(bzimage, a_kernel_larger_than_memory_is_refused, .init = create) {
    make_bzimage();
    put(0x260, 0x7f000000, 4);
    refused(BH_ENOMEM, "give it more");
}

Test(bzimage, an_initramfs_that_does_not_fit_is_refused, .init = create) {
    make_bzimage();
    boot.initrd = (struct boot_file){image, 60u << 20};
    refused(BH_ENOSPC, "initramfs");
}

Test(bzimage, a_command_line_that_is_too_long_is_refused, .init = create) {
    static char line[3000];
    memset(line, 'x', sizeof(line) - 1);
    make_bzimage();
    boot.command_line = line;
    refused(BH_ERANGE, "command line");
}

Test(pvh, an_elf_kernel_gets_its_start_info, .init = create) {
    make_pvh(0x100000);
    cr_assert_eq(boot_load(&boot, &state), BH_OK);
    cr_assert_eq(state.rip, 0x100040);
    cr_assert_eq(state.rbx, BOOT_START_INFO);
    const uint32_t *info = memory_at(&machine->memory, BOOT_START_INFO, 64);
    cr_assert_eq(info[0], 0x336ec578);
    cr_assert_eq(memcmp(memory_at(&machine->memory, 0x100000, 8), "pvh code", 8), 0);
}

Test(pvh, a_segment_outside_memory_is_refused, .init = create) {
    make_pvh(FIXTURE_MEMORY - 32);
    refused(BH_EIMAGE, "past the guest's memory");
}

Test(pvh, a_segment_that_wraps_around_is_refused, .init = create) {
    make_pvh(0xfffffffffffffff0ull);
    refused(BH_EIMAGE, "past the guest's memory");
}

Test(pvh, an_elf_file_without_the_note_is_refused, .init = create) {
    make_pvh(0x100000);
    put(0x808, 17, 4);
    refused(BH_EIMAGE, "no PVH note");
}

Test(pvh, random_headers_never_crash_the_loader, .init = create) {
    uint32_t random = 99;
    for (int round = 0; round < 3000; round++) {
        make_pvh(0x100000);
        for (int i = 0; i < 4; i++) {
            random = random * 1664525u + 1013904223u;
            image[4 + (random >> 8) % 200] = (uint8_t)(random >> 24);
        }
        (void)!boot_load(&boot, &state);
        fake_log[0] = 0;
    }
}

Test(boot, files_of_other_formats_are_named, .init = create) {
    static const struct {
        const char *magic, *message;
        uint32_t size;
    } files[] = {{"\x1f\x8b", "gzip", 2}, {"!<arch>", "ar archive", 7}, {"070701", "cpio", 6}, {"hello", "no known format", 5}};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        memcpy(image, files[i].magic, files[i].size);
        refused(BH_EIMAGE, files[i].message);
    }
}

Test(boot, a_missing_kernel_is_named, .init = create) {
    boot.kernel = (struct boot_file){0};
    refused(BH_ENOENT, "guest-kernel");
}

Test(boot, too_little_memory_is_named, .init = create) {
    make_bzimage();
    boot.memory.size = 16u << 20;
    refused(BH_ENOMEM, "guest-memory");
}

static bool sum_is_zero(gpa address, uint32_t size) {
    const uint8_t *bytes = memory_at(&machine->memory, address, size);
    uint8_t sum = 0;
    for (uint32_t i = 0; i < size; i++)
        sum += bytes[i];
    return sum == 0;
}

Test(acpi, tables_have_right_checksums_and_are_found, .init = create) {
    gpa rsdp;
    uint64_t xsdt;
    uint32_t size;
    cr_assert(acpi_tables_write(&machine->memory, &rsdp));
    cr_assert(sum_is_zero(rsdp, 20) && sum_is_zero(rsdp, 36));
    memory_read(&machine->memory, rsdp + 24, &xsdt, 8);
    memory_read(&machine->memory, xsdt + 4, &size, 4);
    cr_assert(sum_is_zero(xsdt, size));
    cr_assert_eq(size, 36 + 2 * 8);
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t table;
        memory_read(&machine->memory, xsdt + 36 + 8 * i, &table, 8);
        memory_read(&machine->memory, table + 4, &size, 4);
        cr_assert(sum_is_zero(table, size));
    }
}

Test(acpi, the_dsdt_is_what_the_acpi_compiler_reads, .init = create) {
    gpa rsdp;
    uint64_t dsdt = 0;
    uint32_t size = 0;
    char text[65536] = {0};
    cr_assert(acpi_tables_write(&machine->memory, &rsdp));
    for (gpa at = rsdp; at < 0x100000 && !dsdt; at += 4)
        if (!memcmp(memory_at(&machine->memory, at, 4), "DSDT", 4))
            dsdt = at;
    memory_read(&machine->memory, dsdt + 4, &size, 4);
    char folder[] = "/tmp/dsdt-XXXXXX", command[200];
    cr_assert(mkdtemp(folder));
    snprintf(command, sizeof(command), "%s/t.aml", folder);
    FILE *file = fopen(command, "wb");
    fwrite(memory_at(&machine->memory, dsdt, size), 1, size, file);
    fclose(file);
    snprintf(command, sizeof(command), "cd %s && iasl -d t.aml >/dev/null 2>&1; cat t.dsl; rm -rf %s", folder, folder);
    FILE *pipe = popen(command, "r");
    size_t count = fread(text, 1, sizeof(text) - 1, pipe);
    pclose(pipe);
    cr_assert_neq(count, 0, "iasl of acpica-tools is needed");
    cr_assert(strstr(text, "PNP0A03") && strstr(text, "PNP0501") && strstr(text, "PNP0B00"));
    cr_assert(strstr(text, "_S5") && strstr(text, "_PRT"));
    cr_assert(strstr(text, "0xC0000000") && strstr(text, "0xFEBFFFFF"));
}
