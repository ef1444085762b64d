// SPDX-License-Identifier: MIT
//
// Builds domain images in memory: a page of headers, note and function table, text, zeroed data.
#include "tests/verifier/containment/containment.h"

#include <elf.h>
#include <string.h>

#define TABLE_OFFSET 0x800u
#define NOTE_OFFSET 0x200u

void builder_reset(struct builder *b) {
    b->text_size = b->function_count = 0;
}

void builder_bytes(struct builder *b, const void *bytes, size_t size) {
    if (b->text_size + size > TEXT_MAX)
        return;
    memcpy(b->text + b->text_size, bytes, size);
    b->text_size += (uint32_t)size;
}

void builder_function(struct builder *b, uint32_t label) {
    uint32_t start = (b->text_size + (label ? 5 : 0) + 15) & ~15u;
    while (b->text_size + (label ? 5 : 0) < start)
        builder_bytes(b, "\x90", 1);
    if (label) {
        builder_bytes(b, "\xb8", 1);
        builder_bytes(b, &label, 4);
    }
    if (b->function_count < FUNCTIONS_MAX)
        b->functions[b->function_count++] = start;
}

static Elf64_Phdr segment(uint32_t type, uint32_t flags, uint64_t offset, uint64_t address, uint64_t size, uint64_t memory) {
    return (Elf64_Phdr){.p_type = type, .p_flags = flags, .p_offset = offset, .p_vaddr = address, .p_paddr = address,
                        .p_filesz = size, .p_memsz = memory, .p_align = 4096};
}

static void put_note(uint8_t *file, const struct builder *b) {
    uint32_t note[] = {9, 8, BH_NOTE_FUNCTIONS, 0, 0, 0, TABLE_OFFSET - (NOTE_OFFSET + 24),
                       TABLE_OFFSET + 4 * b->function_count - (NOTE_OFFSET + 28)};
    memcpy(&note[3], BH_NOTE_NAME, 9);
    memcpy(file + NOTE_OFFSET, note, sizeof(note));
    for (uint32_t i = 0; i < b->function_count; i++) {
        uint32_t distance = TEXT_START + b->functions[i] - (BH_SLOT_IMAGE + TABLE_OFFSET + 4 * i);
        memcpy(file + TABLE_OFFSET + 4 * i, &distance, 4);
    }
}

const uint8_t *builder_image(const struct builder *b, size_t *size) {
    static _Alignas(16) uint8_t file[0x1000 + TEXT_MAX];
    Elf64_Ehdr head = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT}, .e_type = ET_DYN,
                       .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_entry = TEXT_START + b->functions[0],
                       .e_phoff = sizeof(head), .e_ehsize = sizeof(head), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 4};
    Elf64_Phdr segments[] = {segment(PT_LOAD, PF_R, 0, BH_SLOT_IMAGE, 0x1000, 0x1000),
                             segment(PT_LOAD, PF_R | PF_X, 0x1000, TEXT_START, b->text_size, b->text_size),
                             segment(PT_LOAD, PF_R | PF_W, 0, DATA_START, 0, DATA_SIZE),
                             segment(PT_NOTE, PF_R, NOTE_OFFSET, BH_SLOT_IMAGE + NOTE_OFFSET, 32, 32)};
    memset(file, 0, 0x1000);
    memcpy(file, &head, sizeof(head));
    memcpy(file + sizeof(head), segments, sizeof(segments));
    put_note(file, b);
    memcpy(file + 0x1000, b->text, b->text_size);
    *size = 0x1000 + b->text_size;
    return file;
}
