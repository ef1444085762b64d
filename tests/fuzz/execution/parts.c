// SPDX-License-Identifier: MIT
//
// Finds the parts of an image, as far as they can be found: inputs may be broken in any way.
#include <elf.h>
#include <string.h>

#include "kernel/abi/image.h"
#include "tests/fuzz/execution/mutate.h"

static bool inside(uint64_t start, uint64_t size, uint64_t limit) {
    return start <= limit && size <= limit - start;
}

static Elf64_Phdr header(const uint8_t *data, const struct parts *p, size_t i) {
    Elf64_Phdr h;
    memcpy(&h, data + p->headers + i * sizeof(h), sizeof(h));
    return h;
}

size_t parts_offset(const uint8_t *data, size_t size, const struct parts *p, uint64_t address, size_t wanted) {
    for (size_t i = 0; i < p->header_count; i++) {
        Elf64_Phdr h = header(data, p, i);
        uint64_t distance = address - h.p_vaddr;
        if (h.p_type == PT_LOAD && address >= h.p_vaddr && inside(distance, wanted, h.p_filesz) && inside(h.p_offset, h.p_filesz, size))
            return h.p_offset + distance;
    }
    return SIZE_MAX;
}

static void find_table(const uint8_t *data, size_t size, struct parts *p, const Elf64_Phdr *note) {
    uint32_t words[8];
    for (size_t at = p->notes; at + sizeof(words) <= p->notes + p->notes_size; at += 4) {
        memcpy(words, data + at, sizeof(words));
        if (words[0] != sizeof(BH_NOTE_NAME) || words[1] != 8 || words[2] != BH_NOTE_FUNCTIONS)
            continue;
        uint64_t start = note->p_vaddr + (at - p->notes) + 24 + (uint64_t)(int32_t)words[6];
        uint64_t end = note->p_vaddr + (at - p->notes) + 28 + (uint64_t)(int32_t)words[7];
        size_t found = end > start && end - start < INPUT_MAX ? parts_offset(data, size, p, start, end - start) : SIZE_MAX;
        if (found == SIZE_MAX)
            continue;
        p->table = found;
        p->table_count = (end - start) / 4;
    }
}

static void find_relocations(const uint8_t *data, size_t size, struct parts *p) {
    uint64_t address = 0, length = 0;
    for (size_t i = 0; i < p->dynamic_count; i++) {
        Elf64_Dyn entry;
        memcpy(&entry, data + p->dynamic + i * sizeof(entry), sizeof(entry));
        if (entry.d_tag == DT_RELA)
            address = entry.d_un.d_ptr;
        if (entry.d_tag == DT_RELASZ)
            length = entry.d_un.d_val;
    }
    size_t found = length && length < INPUT_MAX ? parts_offset(data, size, p, address, length) : SIZE_MAX;
    if (found == SIZE_MAX)
        return;
    p->relocations = found;
    p->relocation_count = length / sizeof(Elf64_Rela);
}

bool parts_of(const uint8_t *data, size_t size, struct parts *p) {
    Elf64_Ehdr head;
    *p = (struct parts){0};
    if (size < sizeof(head) || memcmp(data, ELFMAG, SELFMAG))
        return false;
    memcpy(&head, data, sizeof(head));
    if (!inside(head.e_phoff, (uint64_t)head.e_phnum * sizeof(Elf64_Phdr), size))
        return false;
    p->headers = head.e_phoff;
    p->header_count = head.e_phnum;
    for (size_t i = 0; i < p->header_count; i++) {
        Elf64_Phdr h = header(data, p, i);
        if (!inside(h.p_offset, h.p_filesz, size))
            continue;
        if (h.p_type == PT_LOAD && (h.p_flags & PF_X))
            p->text = h.p_offset, p->text_size = h.p_filesz, p->text_address = h.p_vaddr;
        if (h.p_type == PT_DYNAMIC)
            p->dynamic = h.p_offset, p->dynamic_count = h.p_filesz / sizeof(Elf64_Dyn);
        if (h.p_type == PT_NOTE) {
            p->notes = h.p_offset, p->notes_size = h.p_filesz;
            find_table(data, size, p, &h);
        }
    }
    find_relocations(data, size, p);
    return p->text_size != 0;
}
