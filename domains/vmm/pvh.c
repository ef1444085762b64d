// SPDX-License-Identifier: MIT
//
// An ELF kernel with a PVH note (XEN_ELFNOTE_PHYS32_ENTRY): segments go where their physical addresses say, the entry is
// taken in flat protected mode with ebx pointing to hvm_start_info. Source: Xen, docs/misc/pvh.pandoc. The file is
// checked in full before anything is copied.
#include <elf.h>
#include <stddef.h>

#include "boot.h"
#include "bulkhead/log.h"

#define NOTE_PHYS32_ENTRY 18
#define START_MAGIC 0x336ec578u
#define SEGMENTS_MAX 64

struct hvm_start_info {
    uint32_t magic, version, flags, nr_modules;
    uint64_t modlist, cmdline, rsdp, memmap;
    uint32_t memmap_entries, reserved;
};

struct hvm_module {
    uint64_t address, size, cmdline, reserved;
};

struct hvm_memmap_entry {
    uint64_t address, size;
    uint32_t type, reserved;
};

struct start_page {
    struct hvm_start_info info;
    struct hvm_module module;
    struct hvm_memmap_entry map[BOOT_RANGES];
};

// Program header, of either class.
struct segment {
    uint32_t type;
    uint64_t offset, address, file_size, memory_size;
};

static enum bh_error refuse_image(const char *what) {
    bh_error_log("the guest kernel's ELF file is not usable: %s", what);
    return BH_EIMAGE;
}

static bool inside(uint64_t offset, uint64_t size, uint64_t limit) {
    return offset <= limit && size <= limit - offset;
}

// Program header `index`. False when it is past the end of the file.
static bool get_segment(const struct boot_file *file, uint32_t index, struct segment *out) {
    if (file->data[EI_CLASS] == ELFCLASS64) {
        Elf64_Ehdr header;
        Elf64_Phdr program;
        memcpy(&header, file->data, sizeof(header));
        uint64_t at = header.e_phoff + (uint64_t)index * sizeof(program);
        if (header.e_phoff > file->size || !inside(at, sizeof(program), file->size))
            return false;
        memcpy(&program, file->data + at, sizeof(program));
        *out = (struct segment){program.p_type, program.p_offset, program.p_paddr, program.p_filesz, program.p_memsz};
        return true;
    }
    Elf32_Ehdr header;
    Elf32_Phdr program;
    memcpy(&header, file->data, sizeof(header));
    uint64_t at = header.e_phoff + (uint64_t)index * sizeof(program);
    if (!inside(at, sizeof(program), file->size))
        return false;
    memcpy(&program, file->data + at, sizeof(program));
    *out = (struct segment){program.p_type, program.p_offset, program.p_paddr, program.p_filesz, program.p_memsz};
    return true;
}

static uint32_t segment_count(const struct boot_file *file) {
    uint16_t count;
    bool wide = file->data[EI_CLASS] == ELFCLASS64;
    memcpy(&count, file->data + (wide ? offsetof(Elf64_Ehdr, e_phnum) : offsetof(Elf32_Ehdr, e_phnum)), sizeof(count));
    return count;
}

// Look for the entry in a note segment.
static bool find_entry(const struct boot_file *file, const struct segment *segment, uint32_t *entry) {
    uint64_t at = segment->offset, end = segment->offset + segment->file_size;
    while (inside(at, sizeof(Elf32_Nhdr), end)) {
        Elf32_Nhdr note;
        memcpy(&note, file->data + at, sizeof(note));
        uint64_t name = at + sizeof(note), value = name + ((note.n_namesz + 3ull) & ~3ull);
        if (!inside(name, note.n_namesz, end) || !inside(value, note.n_descsz, end))
            return false;
        if (note.n_type == NOTE_PHYS32_ENTRY && note.n_namesz == 4 && !memcmp(file->data + name, "Xen", 4) && note.n_descsz >= 4) {
            memcpy(entry, file->data + value, 4);
            return true;
        }
        at = value + ((note.n_descsz + 3ull) & ~3ull);
    }
    return false;
}

static enum bh_error check(const struct boot *boot, uint32_t *entry, uint64_t *end) {
    const struct boot_file *file = &boot->kernel;
    bool found = false;
    if (file->size < sizeof(Elf64_Ehdr) || (file->data[EI_CLASS] != ELFCLASS64 && file->data[EI_CLASS] != ELFCLASS32))
        return refuse_image("it is neither of class 32 nor 64, or cut short");
    uint32_t count = segment_count(file);
    if (!count || count > SEGMENTS_MAX)
        return refuse_image("it has no program headers, or more than 64");
    for (uint32_t i = 0; i < count; i++) {
        struct segment segment;
        if (!get_segment(file, i, &segment) || !inside(segment.offset, segment.file_size, file->size))
            return refuse_image("a segment lies past the end of the file");
        if (segment.type == PT_NOTE)
            found = found || find_entry(file, &segment, entry);
        if (segment.type != PT_LOAD || !segment.memory_size)
            continue;
        if (segment.file_size > segment.memory_size || segment.address < BOOT_HIGH ||
            !inside(segment.address, segment.memory_size, boot->memory.size))
            return refuse_image("a segment's physical address is below 1 MiB or past the guest's memory");
        if (segment.address + segment.memory_size > *end)
            *end = segment.address + segment.memory_size;
    }
    return found ? BH_OK : refuse_image("it has no PVH note (XEN_ELFNOTE_PHYS32_ENTRY)");
}

static void copy_segments(const struct boot *boot) {
    uint32_t count = segment_count(&boot->kernel);
    for (uint32_t i = 0; i < count; i++) {
        struct segment segment;
        if (!get_segment(&boot->kernel, i, &segment) || segment.type != PT_LOAD)
            continue;
        uint8_t *to = memory_at(&boot->memory, segment.address, segment.memory_size);
        memcpy(to, boot->kernel.data + segment.offset, segment.file_size);
        memset(to + segment.file_size, 0, segment.memory_size - segment.file_size);
    }
}

enum bh_error pvh_load(const struct boot *boot, struct bh_vcpu_state *state) {
    uint32_t entry = 0;
    uint64_t end = BOOT_HIGH;
    struct boot_range ranges[BOOT_RANGES];
    struct start_page page = {
        .info = {.magic = START_MAGIC, .version = 1, .cmdline = BOOT_COMMAND_LINE, .rsdp = boot->rsdp}};
    enum bh_error error = check(boot, &entry, &end);
    if (!error)
        error = boot_place_command_line(boot, BOOT_COMMAND_LINE_MAX);
    if (!error && boot->initrd.size)
        error = boot_place_initrd(boot, end, 1ull << 32, &page.module.address);
    if (error)
        return error;
    copy_segments(boot);
    page.module.size = boot->initrd.size;
    page.info.nr_modules = boot->initrd.size ? 1 : 0;
    page.info.modlist = BOOT_START_INFO + offsetof(struct start_page, module);
    page.info.memmap = BOOT_START_INFO + offsetof(struct start_page, map);
    page.info.memmap_entries = boot_memory_map(&boot->memory, ranges);
    for (uint32_t i = 0; i < page.info.memmap_entries; i++)
        page.map[i] = (struct hvm_memmap_entry){.address = ranges[i].start, .size = ranges[i].size, .type = ranges[i].type};
    memory_write(&boot->memory, BOOT_START_INFO, &page, sizeof(page));
    bh_info("PVH guest: entry 0x%x, memory %llu MiB", entry, (unsigned long long)boot->memory.size >> 20);
    boot_enter_32(boot, state, entry, BOOT_START_INFO);
    return BH_OK;
}
