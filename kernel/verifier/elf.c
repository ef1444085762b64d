// SPDX-License-Identifier: MIT
//
// The image as an ELF file. Every offset, size and count comes from the enemy: sums are checked before use, tables are bounded,
// and nothing is followed that does not lie whole inside the file.
#include <elf.h>
#include <stdckdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/verifier/internal.h"

#ifndef DT_RELR // young, and not yet in every C library's <elf.h>
#define DT_RELR 36
#endif

enum { PROGRAM_HEADERS_MAX = 32, SYMBOLS_MAX = 1 << 20, RELOCATIONS_MAX = 1 << 20, SECTIONS_MAX = 256 };

static bool inside(uint64_t start, uint64_t size, uint64_t limit) {
    return start <= limit && size <= limit - start;
}

const uint8_t *verified_bytes(const struct verified_image *image, uint64_t start, uint64_t size) {
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct verified_segment *segment = &image->segments[i];
        if (start >= segment->start && inside(start - segment->start, size, segment->file_size))
            return image->bytes + segment->file_offset + (start - segment->start);
    }
    return NULL;
}

uint8_t elf_byte(const struct verification *v, uint64_t address) {
    const uint8_t *byte = verified_bytes(v->image, address, 1);
    return byte ? *byte : 0;
}

static enum bh_error header_check(struct verification *v, const Elf64_Ehdr **out) {
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)v->bytes;
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
    if (v->size < sizeof(*head) || v->size > BH_SLOT_IMAGE_END || memcmp(head->e_ident, ident, sizeof(ident)) ||
        head->e_type != ET_DYN || head->e_machine != EM_X86_64)
        return refuse_code(v, RULE_IMAGE_HEADER, 0, "%zu bytes", v->size);
    if (head->e_phentsize != sizeof(Elf64_Phdr) || head->e_phnum > PROGRAM_HEADERS_MAX || head->e_phoff % 8 ||
        !inside(head->e_phoff, head->e_phnum * sizeof(Elf64_Phdr), v->size))
        return refuse_code(v, RULE_IMAGE_HEADER, 0, "%u program headers at 0x%llx", head->e_phnum,
                           (unsigned long long)head->e_phoff);
    *out = head;
    return BH_OK;
}

static enum bh_error add_segment(struct verification *v, const Elf64_Phdr *p) {
    struct verified_image *image = v->image;
    uint64_t end;
    if (!p->p_memsz)
        return BH_OK;
    if (image->segment_count == VERIFY_SEGMENTS_MAX || p->p_filesz > p->p_memsz ||
        !inside(p->p_offset, p->p_filesz, v->size) || ckd_add(&end, p->p_vaddr, p->p_memsz) || p->p_vaddr < BH_SLOT_IMAGE ||
        end > BH_SLOT_IMAGE_END)
        return refuse_code(v, RULE_IMAGE_SEGMENTS, (uint32_t)p->p_vaddr, "segment at 0x%llx, 0x%llx bytes in memory, 0x%llx in the file",
                           (unsigned long long)p->p_vaddr, (unsigned long long)p->p_memsz, (unsigned long long)p->p_filesz);
    if ((p->p_offset ^ p->p_vaddr) % BH_PAGE_SIZE)
        return refuse_code(v, RULE_IMAGE_SEGMENTS, (uint32_t)p->p_vaddr, "segment at 0x%llx, but at 0x%llx of its page in the file",
                           (unsigned long long)p->p_vaddr, (unsigned long long)(p->p_offset % BH_PAGE_SIZE));
    // Whole pages belong to one segment, since protection is by page.
    uint64_t page = p->p_vaddr & ~(BH_PAGE_SIZE - 1);
    if (image->segment_count && page < ((image->end + BH_PAGE_SIZE - 1) & ~(BH_PAGE_SIZE - 1)))
        return refuse_code(v, RULE_IMAGE_SEGMENTS, (uint32_t)p->p_vaddr, "segment at 0x%llx shares a page with the one before",
                           (unsigned long long)p->p_vaddr);
    if ((p->p_flags & PF_W) && (p->p_flags & PF_X))
        return refuse_code(v, RULE_IMAGE_WX, (uint32_t)p->p_vaddr, "segment at 0x%llx", (unsigned long long)p->p_vaddr);
    enum verify_protection protection = VERIFY_READ | (p->p_flags & PF_W ? VERIFY_WRITE : 0) |
                                        (p->p_flags & PF_X ? VERIFY_EXECUTE : 0);
    image->segments[image->segment_count++] =
        (struct verified_segment){p->p_offset, p->p_filesz, (uint32_t)p->p_vaddr, (uint32_t)p->p_memsz, protection};
    image->end = (uint32_t)end;
    if (!(p->p_flags & PF_X))
        return BH_OK;
    if (image->text_end || p->p_filesz != p->p_memsz)
        return refuse_code(v, RULE_IMAGE_WX, (uint32_t)p->p_vaddr, "a second executable segment, or one that is not all in the file");
    image->text_start = v->text_start = (uint32_t)p->p_vaddr;
    image->text_end = v->text_end = (uint32_t)end;
    v->text = v->bytes + p->p_offset;
    return BH_OK;
}

static enum bh_error interface_note(struct verification *v, const uint8_t *text, uint32_t size, bool import) {
    struct verified_image *image = v->image;
    const struct bh_note_interface *note = (const struct bh_note_interface *)text;
    uint32_t *count = import ? &image->import_count : &image->export_count;
    if (size != sizeof(*note) || note->id >= BH_INTERFACE_COUNT || note->method_count > BH_INTERFACE_METHODS ||
        !memchr(note->name, 0, sizeof(note->name)))
        return refuse_code(v, RULE_IMAGE_NOTES, 0, "an interface note of %u bytes", size);
    // The same interface may be named by several objects of the image.
    const struct bh_note_interface **list = import ? image->imports : image->exports;
    for (uint32_t i = 0; i < *count; i++)
        if (memcmp(list[i], note, sizeof(*note)) == 0)
            return BH_OK;
    if (*count == VERIFY_INTERFACES_MAX)
        return refuse_code(v, RULE_IMAGE_NOTES, 0, "more than %d interfaces", VERIFY_INTERFACES_MAX);
    list[(*count)++] = note;
    return BH_OK;
}

static enum bh_error ring_note(struct verification *v, const uint8_t *text, uint32_t size) {
    struct verified_image *image = v->image;
    const struct bh_note_ring *note = (const struct bh_note_ring *)text;
    if (size != sizeof(*note) || !memchr(note->name, 0, sizeof(note->name)))
        return refuse_code(v, RULE_IMAGE_NOTES, 0, "a note of a ring type of %u bytes", size);
    for (uint32_t i = 0; i < image->ring_count; i++)
        if (memcmp(image->rings[i], note, sizeof(*note)) == 0)
            return BH_OK;
    if (image->ring_count == VERIFY_INTERFACES_MAX)
        return refuse_code(v, RULE_IMAGE_NOTES, 0, "more than %d types of rings", VERIFY_INTERFACES_MAX);
    image->rings[image->ring_count++] = note;
    return BH_OK;
}

// Where the function table is: two distances from the fields' own addresses.
static enum bh_error functions_note(struct verification *v, const uint8_t *text, uint32_t size, uint64_t address) {
    int32_t distance[2];
    if (size != sizeof(distance) || v->image->functions)
        return refuse_code(v, RULE_IMAGE_NOTES, 0, "a function note of %u bytes, or a second one", size);
    memcpy(distance, text, sizeof(distance));
    int64_t start = (int64_t)address + distance[0], end = (int64_t)address + 4 + distance[1];
    if (start < 0 || end < start || (end - start) % 4 || start % 4 || !verified_bytes(v->image, (uint64_t)start, (uint64_t)(end - start)))
        return refuse_code(v, RULE_IMAGE_FUNCTIONS, 0, "the table from 0x%llx to 0x%llx is not in the image",
                           (unsigned long long)start, (unsigned long long)end);
    uint32_t count = (uint32_t)((end - start) / 4);
    if (count > (v->text_end - v->text_start + 15) / 16)
        return refuse_code(v, RULE_IMAGE_FUNCTIONS, 0, "%u functions do not fit the text", count);
    v->image->functions = calloc(count + 1u, sizeof(uint32_t));
    if (!v->image->functions)
        return BH_ENOMEM;
    const uint8_t *table = verified_bytes(v->image, (uint64_t)start, (uint64_t)(end - start));
    for (uint32_t i = 0; i < count; i++) {
        int32_t one;
        memcpy(&one, table + 4 * i, sizeof(one));
        v->image->functions[i] = (uint32_t)(start + 4 * i + one);
    }
    v->image->function_count = count;
    return BH_OK;
}

static enum bh_error one_note(struct verification *v, uint32_t type, const uint8_t *text, uint32_t size, uint64_t address) {
    switch (type) {
    case BH_NOTE_IMPORT:
    case BH_NOTE_EXPORT:
        return interface_note(v, text, size, type == BH_NOTE_IMPORT);
    case BH_NOTE_FUNCTIONS:
        return functions_note(v, text, size, address);
    case BH_NOTE_RING:
        return ring_note(v, text, size);
    case BH_NOTE_HARDENED:
    case BH_NOTE_PLAIN:
        v->image->hardened |= type == BH_NOTE_HARDENED;
        v->image->plain |= type == BH_NOTE_PLAIN;
        return size ? refuse_code(v, RULE_IMAGE_NOTES, 0, "a note of %u bytes that has none", size) : BH_OK;
    default:
        return refuse_code(v, RULE_IMAGE_NOTES, 0, "a note of unknown type %u", type);
    }
}

static enum bh_error notes_read(struct verification *v, const Elf64_Phdr *p) {
    const uint8_t *text = verified_bytes(v->image, p->p_vaddr, p->p_filesz);
    if (!text || p->p_vaddr % 4)
        return refuse_code(v, RULE_IMAGE_NOTES, 0, "the notes are not in the image");
    uint64_t at = 0;
    while (at + 12 <= p->p_filesz) {
        uint32_t head[3];
        memcpy(head, text + at, sizeof(head));
        uint64_t name = at + 12, body = name + (((uint64_t)head[0] + 3) & ~3ull);
        uint64_t next = body + (((uint64_t)head[1] + 3) & ~3ull);
        if (next > p->p_filesz)
            return refuse_code(v, RULE_IMAGE_NOTES, 0, "a note runs past the end");
        if (head[0] == sizeof(BH_NOTE_NAME) && memcmp(text + name, BH_NOTE_NAME, head[0]) == 0) {
            enum bh_error error = one_note(v, head[2], text + body, head[1], p->p_vaddr + body);
            if (error)
                return error;
        }
        at = next;
    }
    return BH_OK;
}

static int compare_words(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static bool in_writable(const struct verification *v, uint64_t address) {
    for (uint32_t i = 0; i < v->image->segment_count; i++) {
        const struct verified_segment *segment = &v->image->segments[i];
        if ((segment->protection & VERIFY_WRITE) && address >= segment->start &&
            inside(address - segment->start, 8, segment->file_size))
            return true;
    }
    return false;
}

static enum bh_error relocations_read(struct verification *v, uint64_t address, uint64_t size) {
    const uint8_t *table = verified_bytes(v->image, address, size);
    uint64_t count = size / sizeof(Elf64_Rela);
    if (!table || size % sizeof(Elf64_Rela) || count > RELOCATIONS_MAX || v->image->relocations)
        return refuse_code(v, RULE_IMAGE_RELOCATIONS, 0, "a table of %llu bytes at 0x%llx, or a second one", (unsigned long long)size,
                           (unsigned long long)address);
    v->image->relocations = calloc(count + 1, sizeof(uint32_t));
    if (!v->image->relocations)
        return BH_ENOMEM;
    for (uint64_t i = 0; i < count; i++) {
        Elf64_Rela rela;
        uint64_t stored;
        memcpy(&rela, table + i * sizeof(rela), sizeof(rela));
        if (rela.r_info != R_X86_64_RELATIVE || rela.r_offset % 8 || !in_writable(v, rela.r_offset))
            return refuse_code(v, RULE_IMAGE_RELOCATIONS, (uint32_t)rela.r_offset, "type %llu at 0x%llx",
                               (unsigned long long)rela.r_info, (unsigned long long)rela.r_offset);
        memcpy(&stored, verified_bytes(v->image, rela.r_offset, 8), 8);
        if (stored != (uint64_t)rela.r_addend)
            return refuse_code(v, RULE_IMAGE_RELOCATIONS, (uint32_t)rela.r_offset, "the word there is not the addend");
        v->image->relocations[i] = (uint32_t)rela.r_offset;
    }
    qsort(v->image->relocations, count, sizeof(uint32_t), compare_words);
    for (uint64_t i = 1; i < count; i++)
        if (v->image->relocations[i] == v->image->relocations[i - 1])
            return refuse_code(v, RULE_IMAGE_RELOCATIONS, v->image->relocations[i], "the same word twice");
    v->image->relocation_count = (uint32_t)count;
    return BH_OK;
}

static enum bh_error dynamic_read(struct verification *v, const Elf64_Phdr *p) {
    const uint8_t *table = verified_bytes(v->image, p->p_vaddr, p->p_filesz);
    uint64_t rela = 0, rela_size = 0;
    if (!table)
        return refuse_code(v, RULE_IMAGE_RELOCATIONS, 0, "the dynamic section is not in the image");
    for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= p->p_filesz; at += sizeof(Elf64_Dyn)) {
        Elf64_Dyn entry;
        memcpy(&entry, table + at, sizeof(entry));
        if (entry.d_tag == DT_NULL)
            break;
        if (entry.d_tag == DT_RELA)
            rela = entry.d_un.d_ptr;
        if (entry.d_tag == DT_RELASZ)
            rela_size = entry.d_un.d_val;
        if (entry.d_tag == DT_NEEDED || entry.d_tag == DT_TEXTREL || entry.d_tag == DT_REL || entry.d_tag == DT_JMPREL ||
            entry.d_tag == DT_RELR)
            return refuse_code(v, RULE_IMAGE_RELOCATIONS, 0, "dynamic entry %lld", (long long)entry.d_tag);
    }
    return rela_size ? relocations_read(v, rela, rela_size) : BH_OK;
}

static int compare_symbols(const void *a, const void *b) {
    const struct verified_symbol *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

// Symbols are for people; when they are malformed there are none.
static void symbols_of(struct verification *v, const Elf64_Shdr *table, const Elf64_Shdr *strings) {
    if (!inside(table->sh_offset, table->sh_size, v->size) || !inside(strings->sh_offset, strings->sh_size, v->size) ||
        table->sh_entsize != sizeof(Elf64_Sym) || table->sh_size / sizeof(Elf64_Sym) > SYMBOLS_MAX || !strings->sh_size ||
        v->bytes[strings->sh_offset + strings->sh_size - 1])
        return;
    uint64_t count = table->sh_size / sizeof(Elf64_Sym);
    struct verified_symbol *symbols = calloc(count + 1, sizeof(*symbols));
    uint32_t used = 0;
    for (uint64_t i = 0; symbols && i < count; i++) {
        Elf64_Sym one;
        memcpy(&one, v->bytes + table->sh_offset + i * sizeof(one), sizeof(one));
        if (ELF64_ST_TYPE(one.st_info) != STT_FUNC || one.st_name >= strings->sh_size || one.st_value < v->text_start ||
            one.st_value >= v->text_end)
            continue;
        const char *name = (const char *)v->bytes + strings->sh_offset + one.st_name;
        if (strncmp(name, "__cfi_", 6))
            symbols[used++] = (struct verified_symbol){(uint32_t)one.st_value, (uint32_t)one.st_size, name};
    }
    if (symbols)
        qsort(symbols, used, sizeof(*symbols), compare_symbols);
    v->image->symbols = symbols;
    v->image->symbol_count = used;
}

static void sections_read(struct verification *v, const Elf64_Ehdr *head) {
    if (head->e_shentsize != sizeof(Elf64_Shdr) || head->e_shnum > SECTIONS_MAX || head->e_shoff % 8 ||
        !inside(head->e_shoff, head->e_shnum * sizeof(Elf64_Shdr), v->size))
        return;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(v->bytes + head->e_shoff);
    for (int i = 0; i < head->e_shnum; i++)
        if (sections[i].sh_type == SHT_SYMTAB && sections[i].sh_link < head->e_shnum && !v->image->symbols)
            symbols_of(v, &sections[i], &sections[sections[i].sh_link]);
}

// An indirect call compares the four bytes in front of its target. At the very start of the text these lie in front of it: they must
// not be the domain's to write. In the text's own first page nothing precedes it.
static enum bh_error text_check(struct verification *v) {
    if (!v->text_end)
        return refuse_code(v, RULE_IMAGE_WX, 0, "no executable segment");
    if (v->text_start % BH_PAGE_SIZE)
        return refuse_code(v, RULE_IMAGE_SEGMENTS, v->text_start, "the text at 0x%x does not start a page", v->text_start);
    for (uint32_t i = 0; i < v->image->segment_count; i++) {
        const struct verified_segment *segment = &v->image->segments[i];
        uint64_t end = ((uint64_t)segment->start + segment->memory_size + BH_PAGE_SIZE - 1) & ~(BH_PAGE_SIZE - 1);
        if ((segment->protection & VERIFY_WRITE) && end == v->text_start)
            return refuse_code(v, RULE_IMAGE_SEGMENTS, segment->start, "a writable segment ends where the text starts, at 0x%x",
                               v->text_start);
    }
    return BH_OK;
}

enum bh_error elf_parse(struct verification *v) {
    const Elf64_Ehdr *head;
    enum bh_error error = header_check(v, &head);
    if (error)
        return error;
    const Elf64_Phdr *headers = (const Elf64_Phdr *)(v->bytes + head->e_phoff);
    for (int i = 0; i < head->e_phnum && !error; i++)
        if (headers[i].p_type == PT_LOAD)
            error = add_segment(v, &headers[i]);
    if (!error)
        error = text_check(v);
    for (int i = 0; i < head->e_phnum && !error; i++) {
        if (headers[i].p_type == PT_NOTE)
            error = notes_read(v, &headers[i]);
        else if (headers[i].p_type == PT_DYNAMIC)
            error = dynamic_read(v, &headers[i]);
        else if (headers[i].p_type == PT_INTERP || headers[i].p_type == PT_TLS)
            error = refuse_code(v, RULE_IMAGE_HEADER, 0, "a dynamic loader or thread-local storage is asked for");
        else if (headers[i].p_type == PT_GNU_EH_FRAME && headers[i].p_filesz >= 12 &&
                 verified_bytes(v->image, headers[i].p_vaddr, headers[i].p_filesz)) {
            v->image->eh_frame_header = (uint32_t)headers[i].p_vaddr;
            v->image->eh_frame_header_size = (uint32_t)headers[i].p_filesz;
        }
    }
    if (!error)
        sections_read(v, head);
    v->image->entry = (uint32_t)(head->e_entry > BH_SLOT_IMAGE_END ? 0 : head->e_entry);
    return error;
}
