// SPDX-License-Identifier: MIT
//
// What the boot loader tells, from either protocol, brought into struct boot_info: memory, the archive, the command line, where
// ACPI begins. Runs once, early, on the boot page tables; nothing of the loader's own structures is needed afterwards.
#include <string.h>

#include "kernel/abi/slot.h"
#include "kernel/platform/pc/pc.h"

#define PVH_BOOT_MAGIC 0x50564821u
#define PVH_INFO_MAGIC 0x336ec578u
#define MB2_BOOT_MAGIC 0x36d76289u
#define IDENTITY_END 0x100000000ull
#define LOW_MEMORY 0x100000ull

// Xen: xen/include/public/arch-x86/hvm/start_info.h
struct pvh_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, memory_map;
    uint32_t memory_map_count, reserved;
};
struct pvh_module {
    uint64_t address, size, command_line, reserved;
};
struct pvh_memory {
    uint64_t start, size;
    uint32_t type, reserved;
};

// Multiboot2 specification 2.0, section 3.6
struct mb2_info {
    uint32_t size, reserved;
};
struct mb2_tag {
    uint32_t type, size;
};
struct mb2_memory_map {
    struct mb2_tag tag;
    uint32_t entry_size, entry_version;
};
struct mb2_memory {
    uint64_t start, size;
    uint32_t type, reserved;
};
struct mb2_module {
    struct mb2_tag tag;
    uint32_t start, end;
};
enum mb2_tag_type : uint32_t {
    MB2_END = 0,
    MB2_COMMAND_LINE = 1,
    MB2_MODULE = 3,
    MB2_MEMORY_MAP = 6,
    MB2_RSDP_OLD = 14,
    MB2_RSDP_NEW = 15,
};

enum memory_type : uint32_t { MEMORY_USABLE = 1, MEMORY_RESERVED = 2, MEMORY_ACPI = 3, MEMORY_ACPI_NVS = 4 };

static void add_range(struct platform_range *ranges, size_t *count, hpa start, uint64_t size) {
    if (*count < BOOT_RANGES_MAX && size)
        ranges[(*count)++] = (struct platform_range){start, size};
}

static void add_memory(uint64_t start, uint64_t size, uint32_t type) {
    if (start + size < start)
        return;
    if (type == MEMORY_USABLE || type == MEMORY_ACPI || type == MEMORY_ACPI_NVS)
        add_range(boot_info.ram, &boot_info.ram_count, start, size);
    if (type != MEMORY_USABLE)
        return;
    uint64_t first = (start + BH_PAGE_SIZE - 1) & ~(BH_PAGE_SIZE - 1);
    uint64_t end = (start + size) & ~(BH_PAGE_SIZE - 1);
    if (end > first)
        add_range(boot_info.free, &boot_info.free_count, first, end - first);
}

void boot_occupy(struct boot_info *boot, hpa start, uint64_t size) {
    hpa end = (start + size + BH_PAGE_SIZE - 1) & ~(BH_PAGE_SIZE - 1);
    start &= ~(BH_PAGE_SIZE - 1);
    for (size_t i = boot->free_count; i-- > 0;) {
        struct platform_range *range = &boot->free[i];
        hpa range_end = range->start + range->size;
        if (end <= range->start || start >= range_end)
            continue;
        hpa tail = end < range_end ? end : range_end;
        range->size = start > range->start ? start - range->start : 0;
        add_range(boot->free, &boot->free_count, tail, range_end - tail);
    }
}

static void copy_command_line(const char *text, size_t limit) {
    size_t size = strnlen(text, limit);
    if (size >= sizeof(boot_info.command_line))
        size = sizeof(boot_info.command_line) - 1;
    memcpy(boot_info.command_line, text, size);
    boot_info.command_line[size] = 0;
}

static void copy_rsdp(const void *from, size_t size) {
    memcpy(boot_info.rsdp, from, size < sizeof(boot_info.rsdp) ? size : sizeof(boot_info.rsdp));
    boot_info.has_rsdp = true;
}

static const char *read_pvh(uint64_t address) {
    const struct pvh_info *info = (const struct pvh_info *)address;
    if (info->magic != PVH_INFO_MAGIC)
        return "the PVH boot information has a wrong magic number";
    if (info->version < 1)
        return "the PVH boot information has no memory map; a newer QEMU is needed (4.0 or later)";
    if (info->memory_map >= IDENTITY_END || info->modules >= IDENTITY_END || info->command_line >= IDENTITY_END)
        return "the PVH boot information lies above 4 GiB";
    boot_info.loader = "PVH";
    const struct pvh_memory *map = (const struct pvh_memory *)info->memory_map;
    for (uint32_t i = 0; i < info->memory_map_count; i++)
        add_memory(map[i].start, map[i].size, map[i].type);
    const struct pvh_module *module = (const struct pvh_module *)info->modules;
    if (info->module_count && module->size) {
        boot_info.archive = module->address;
        boot_info.archive_size = module->size;
    }
    if (info->command_line)
        copy_command_line((const char *)info->command_line, sizeof(boot_info.command_line));
    if (info->rsdp && info->rsdp < IDENTITY_END)
        copy_rsdp((const void *)info->rsdp, sizeof(boot_info.rsdp));
    return NULL;
}

static void read_mb2_map(const struct mb2_memory_map *map) {
    if (map->entry_size < sizeof(struct mb2_memory))
        return;
    const uint8_t *end = (const uint8_t *)map + map->tag.size;
    for (const uint8_t *at = (const uint8_t *)(map + 1); at + map->entry_size <= end; at += map->entry_size) {
        const struct mb2_memory *memory = (const struct mb2_memory *)at;
        add_memory(memory->start, memory->size, memory->type);
    }
}

static void read_mb2_tag(const struct mb2_tag *tag) {
    const struct mb2_module *module = (const struct mb2_module *)tag;
    size_t payload = tag->size - sizeof(*tag);
    switch (tag->type) {
    case MB2_COMMAND_LINE:
        copy_command_line((const char *)(tag + 1), payload);
        break;
    case MB2_MEMORY_MAP:
        read_mb2_map((const struct mb2_memory_map *)tag);
        break;
    case MB2_MODULE:
        if (!boot_info.archive_size && module->end > module->start) {
            boot_info.archive = module->start;
            boot_info.archive_size = module->end - module->start;
        }
        break;
    case MB2_RSDP_OLD:
    case MB2_RSDP_NEW:
        if (!boot_info.has_rsdp || tag->type == MB2_RSDP_NEW)
            copy_rsdp(tag + 1, payload);
        break;
    default:
        break;
    }
}

static const char *read_mb2(uint64_t address) {
    const struct mb2_info *info = (const struct mb2_info *)address;
    const uint8_t *end = (const uint8_t *)info + info->size;
    const uint8_t *at = (const uint8_t *)(info + 1);
    boot_info.loader = "Multiboot2";
    while (at + sizeof(struct mb2_tag) <= end) {
        const struct mb2_tag *tag = (const struct mb2_tag *)at;
        if (tag->type == MB2_END)
            return NULL;
        if (tag->size < sizeof(*tag) || tag->size > (size_t)(end - at))
            return "a Multiboot2 tag has a wrong size";
        read_mb2_tag(tag);
        at += (tag->size + 7) & ~7u;
    }
    return "the Multiboot2 information has no end tag";
}

// Firmware without either protocol's pointer leaves it in the BIOS area (ACPI 6.4, 5.2.5.1).
static void scan_rsdp(void) {
    for (uint64_t at = 0xe0000; at < LOW_MEMORY && !boot_info.has_rsdp; at += 16)
        if (memcmp((const void *)at, "RSD PTR ", 8) == 0)
            copy_rsdp((const void *)at, sizeof(boot_info.rsdp));
}

const char *bootinfo_read(uint32_t magic, uint64_t info) {
    const char *wrong;
    if (magic == PVH_BOOT_MAGIC)
        wrong = read_pvh(info);
    else if (magic == MB2_BOOT_MAGIC)
        wrong = read_mb2(info);
    else
        return "started by neither PVH nor Multiboot2; use qemu -kernel, or multiboot2 in GRUB";
    if (wrong)
        return wrong;
    if (!boot_info.free_count)
        return "the boot loader gave no memory map";
    if (!boot_info.has_rsdp)
        scan_rsdp();
    boot_occupy(&boot_info, 0, LOW_MEMORY);
    boot_occupy(&boot_info, (hpa)kernel_start, (uint64_t)(kernel_end - kernel_start));
    boot_occupy(&boot_info, boot_info.archive, boot_info.archive_size);
    return NULL;
}
