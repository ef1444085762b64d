// SPDX-License-Identifier: MIT
//
// Memory left over after kernel and archive, and what the boot loaders say. Structures are placed below 4 GiB, where a
// loader's would be.
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/platform/pc/pc.h"
#include "machine.h"

#define PVH 0x50564821u
#define MB2 0x36d76289u
#define PLACE 0x30000000ull

struct boot_info boot_info;
const uint8_t kernel_start[1], kernel_end[1];

static uint8_t *place(void) {
    uint8_t *memory = mmap((void *)PLACE, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    cr_assert_eq(memory, (void *)PLACE, "memory below 4 GiB");
    memset(&boot_info, 0, sizeof(boot_info));
    boot_info.has_rsdp = true; // nothing to scan for
    return memory;
}

static void tag(uint8_t **at, uint32_t type, const void *body, uint32_t size) {
    uint32_t head[2] = {type, size + 8};
    memcpy(*at, head, 8);
    memcpy(*at + 8, body, size);
    *at += (size + 8 + 7) & ~7u;
}

static const uint64_t one_range[] = {24, 0x200000, 0x1000000, 1}; // entry size and version, then start, size, type

Test(bootinfo, multiboot2_gives_memory_archive_and_command_line) {
    uint8_t *info = place(), *at = info + 8;
    uint32_t module[2] = {0x300000, 0x342000};
    tag(&at, 1, "log=e9", 7);
    tag(&at, 6, one_range, sizeof(one_range));
    tag(&at, 3, module, sizeof(module));
    tag(&at, 0, "", 0);
    uint32_t size = (uint32_t)(at - info);
    memcpy(info, &size, 4);
    cr_assert_null(bootinfo_read(MB2, PLACE), "accepted");
    cr_assert_str_eq(boot_info.command_line, "log=e9", "command line");
    cr_assert_eq(boot_info.archive, 0x300000, "archive");
    cr_assert_eq(boot_info.archive_size, 0x42000, "its size");
    uint64_t free = 0;
    for (size_t i = 0; i < boot_info.free_count; i++) {
        free += boot_info.free[i].size;
        cr_assert(boot_info.free[i].start + boot_info.free[i].size <= 0x300000 || boot_info.free[i].start >= 0x342000 ||
                      !boot_info.free[i].size,
                  "the archive is not free");
    }
    cr_assert_eq(free, 0x1000000 - 0x42000, "the rest is");
}

Test(bootinfo, a_multiboot2_tag_of_size_zero_is_refused) {
    uint8_t *info = place();
    uint32_t words[] = {64, 0, 6, 0};
    memcpy(info, words, sizeof(words));
    cr_assert_not_null(bootinfo_read(MB2, PLACE), "refused");
}

Test(bootinfo, a_multiboot2_tag_past_the_end_is_refused) {
    uint8_t *info = place();
    uint32_t words[] = {64, 0, 6, 0x10000};
    memcpy(info, words, sizeof(words));
    cr_assert_not_null(bootinfo_read(MB2, PLACE), "refused");
}

Test(bootinfo, an_unknown_loader_is_refused) {
    place();
    cr_assert_not_null(bootinfo_read(0x2badb002, PLACE), "refused");
}

Test(bootinfo, a_pvh_start_without_its_magic_is_refused) {
    place();
    cr_assert_not_null(bootinfo_read(PVH, PLACE), "refused");
}

Test(bootinfo, occupied_ranges_are_cut_out_page_by_page) {
    struct boot_info boot = {.free = {{0x100000, 0x100000}}, .free_count = 1};
    boot_occupy(&boot, 0x140010, 0x20);
    boot_occupy(&boot, 0, 0x101000);
    boot_occupy(&boot, 0x1ff000, 0x100000);
    uint64_t free = 0;
    for (size_t i = 0; i < boot.free_count; i++)
        free += boot.free[i].size;
    cr_assert_eq(free, 0x100000 - 3 * 0x1000, "three pages are gone");
}
