// SPDX-License-Identifier: MIT
//
// The loader: a verified image becomes a running slot. Text is never writable, data never executable; the table page is written
// here and read-only for the domain. Nothing is read from the slot afterwards.
#include "kernel/domain/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/manifest.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/mechanism.h"
#include "kernel/mm/space.h"
#include "kernel/mm/stacks.h"
#include "interfaces.h"
#include "labels.h"

#define HEADER_SIZE 64 // of an ELF file
#define BASE_IN_FILE BH_COLOUR_GS // the toolchain's colour

static struct loaded_image *images;

static enum bh_error report_refusal(const char *name, enum bh_error error, const struct verify_report *report) {
    char text[480];
    return refuse(error, "%s", verify_report_format(report, name, text, sizeof(text)));
}

// Text in another colour needs a copy of the image.
static enum bh_error recolour(const char *name, const void *bytes, size_t size, enum bh_colour colour, uint8_t **out) {
    struct verify_report report;
    uint8_t *copy = malloc(size);
    if (!copy)
        return refuse(BH_ENOMEM, "%s: no memory for a recoloured copy (%zu bytes)", name, size);
    memcpy(copy, bytes, size);
    enum bh_error error = verify_recolour(copy, size, BASE_IN_FILE, colour, &report);
    if (error) {
        free(copy);
        return report_refusal(name, error, &report);
    }
    *out = copy;
    return BH_OK;
}

static enum bh_error verify(const char *name, const void *bytes, size_t size, enum bh_colour colour, bool plain, struct verified_image *image,
                            struct verify_report *report) {
    enum bh_error error = plain ? verify_plain(bytes, size, image, report) : verify_image(bytes, size, colour, image, report);
    if (!error)
        return BH_OK;
    if (plain && !image->plain && !report->rule)
        return refuse(error, "%s: its manifest asks for a mechanism other than sfi, and the image is none of the plain flavour; compile and link it "
                             "with bhcc --isolation=plain", name);
    if (!plain && image->plain)
        return refuse(error, "%s: an image of the plain flavour, which sfi does not confine; give the domain another `isolation', or compile and link "
                             "it without --isolation=plain", name);
    return report_refusal(name, error, report);
}

// What is loaded of an image, as a number: FNV-1a by words over its segments as they stand in the file, but for the file's own header, which says where its
// symbols are. tools/bhctl/upgrade.py computes the same.
static uint64_t build_of(const uint8_t *bytes, const struct verified_image *image) {
    uint64_t hash = 0xcbf29ce484222325ull, word;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        uint64_t at = image->segments[i].file_offset, end = at + image->segments[i].file_size;
        for (at = at < HEADER_SIZE ? HEADER_SIZE : at; at < end; at += sizeof(word)) {
            word = 0;
            memcpy(&word, bytes + at, end - at < sizeof(word) ? end - at : sizeof(word));
            hash = (hash ^ word) * 0x100000001b3ull;
        }
    }
    return hash;
}

static enum bh_error make(const char *name, const void *bytes, size_t size, enum bh_colour colour, bool plain, struct loaded_image **out) {
    struct verify_report report;
    struct loaded_image *image = calloc(1, sizeof(*image));
    if (!image)
        return refuse(BH_ENOMEM, "%s: no memory to verify it", name);
    enum bh_error error = colour == BASE_IN_FILE ? BH_OK : recolour(name, bytes, size, colour, &image->owned);
    if (!error)
        error = verify(name, image->owned ? image->owned : bytes, size, colour, plain, &image->verified, &report);
    if (error) {
        free(image->owned);
        free(image);
        return error;
    }
    copy_name(image->name, sizeof(image->name), name);
    image->colour = colour;
    image->build = build_of(bytes, &image->verified);
    if (!plain)
        log_write(BH_LOG_DEBUG, "kernel", "%s: verified, %u instructions in %u functions", name,
                  image->verified.instruction_count, image->verified.function_count);
    *out = image;
    return BH_OK;
}

enum bh_error loader_verify(const char *name, const void *bytes, size_t size, enum bh_colour colour, bool plain, struct loaded_image **out) {
    if (plain)
        colour = BASE_IN_FILE; // it has none
    for (struct loaded_image *image = images; image; image = image->next)
        if (image->colour == colour && image->verified.plain == plain && strcmp(image->name, name) == 0) {
            *out = image;
            return BH_OK;
        }
    enum bh_error error = make(name, bytes, size, colour, plain, out);
    if (error)
        return error;
    (*out)->next = images;
    images = *out;
    return BH_OK;
}

enum bh_error loader_verify_sent(const char *name, uint8_t *bytes, size_t size, const struct domain *domain, struct loaded_image **out) {
    bool plain = domain->isolation != BH_ISOLATION_SFI;
    enum bh_error error = make(name, bytes, size, plain ? BASE_IN_FILE : domain->colour, plain, out);
    if (error)
        return error;
    if ((*out)->owned)
        free(bytes); // it was recoloured
    else
        (*out)->owned = bytes;
    return BH_OK;
}

void loader_hold(struct loaded_image *image) {
    image->users++;
}

void loader_release(struct loaded_image *image) {
    if (image->users && --image->users)
        return;
    for (struct loaded_image **place = &images; *place; place = &(*place)->next)
        if (*place == image) {
            *place = image->next;
            break;
        }
    verified_image_free(&image->verified);
    free(image->owned);
    free(image);
}

static const struct interface *find_interface(uint32_t id) {
    for (size_t n = 0; n < interface_count; n++)
        if (interfaces[n].id == id)
            return &interfaces[n];
    return NULL;
}

uint32_t loader_interface_methods(uint32_t interface) {
    const struct interface *found = find_interface(interface);
    return found ? found->method_count : 0;
}

bool loader_interface_is_kernel(uint32_t interface) {
    const struct interface *found = find_interface(interface);
    return found && found->kernel;
}

static enum bh_error entry_check(const struct domain *domain, const struct verified_image *image, const char *what, uint64_t offset, uint32_t label) {
    uint64_t within = 0;
    if (image->plain && offset >= image->text_start && offset < image->text_end)
        return BH_OK; // what runs in its slot, and in what order, is its own affair
    if (!verified_is_function(image, offset))
        return refuse(BH_EINVAL, "%s: 0x%llx is not a function of %s", what, (unsigned long long)offset, domain->name);
    if (verified_label(image, offset) == label)
        return BH_OK;
    const char *name = verified_symbol(image, offset, &within);
    return refuse(BH_EINVAL, "%s: %s (0x%llx) of %s has type label 0x%08x, not 0x%08x", what, name && !within ? name : "the function",
                  (unsigned long long)offset, domain->name, verified_label(image, offset), label);
}

enum bh_error loader_entry_check(const struct domain *domain, const char *what, uint64_t offset, uint32_t label) {
    return entry_check(domain, &domain->image->verified, what, offset, label);
}

enum bh_error loader_method_check(const struct domain *domain, uint32_t interface, uint32_t index, uint64_t offset) {
    const struct interface *found = find_interface(interface);
    char what[80];
    if (verified_label(&domain->image->verified, offset) == LABEL_left_out)
        return BH_OK;
    snprintf(what, sizeof(what), "port_serve: method %u of %s", index, found->name);
    return loader_entry_check(domain, what, offset, found->labels[index]);
}

static bool calls_traced, gates_traced;

// Entries of a running domain are replaced one by one, each whole.
static void set_entry(uint64_t *entry, void *target) {
    if (target && *entry != (uint64_t)target)
        __atomic_store_n(entry, (uint64_t)target, __ATOMIC_RELAXED);
}

static void fill_fixed_call(uint64_t *table, uint32_t index) {
    set_entry(&table[index], gates_traced ? fixed_calls_traced[index] : fixed_calls[index]);
}

static void fill_interface(uint64_t *table, const struct interface *interface) {
    void *const *targets = (interface->kernel ? gates_traced : calls_traced) ? interface->traced : interface->proxies;
    for (uint32_t m = 0; m < interface->method_count; m++)
        set_entry(&table[BH_CALLS_FIXED + BH_INTERFACE_METHODS * interface->id + m], targets[m]);
}

static void fill_targets(uint64_t *table, const struct verified_image *image) {
    for (uint32_t i = 0; i < BH_CALLS_FIXED; i++)
        fill_fixed_call(table, i);
    for (uint32_t i = 0; i < image->import_count; i++)
        fill_interface(table, find_interface(image->imports[i]->id));
}

static void fill_calls(uint64_t *table, const struct verified_image *image) {
    for (uint32_t i = 0; i < (BH_TABLE_END - BH_TABLE_CALLS) / 8; i++)
        table[i] = (uint64_t)bad_call;
    fill_targets(table, image);
}

// The table is read-only where the domain sees it: written page by page in the kernel's view of memory.
static void refill(const struct domain *domain) {
    static uint64_t table[BH_SLOT_TABLE_SIZE / 8]; // large, and the lock is held
    memcpy(table, (const void *)(domain->base + BH_SLOT_TABLE), sizeof(table));
    fill_targets(table + (BH_TABLE_CALLS - BH_SLOT_TABLE) / 8, &domain->image->verified);
    for (uint64_t at = 0; at < BH_SLOT_TABLE_SIZE; at += BH_PAGE_SIZE) {
        hpa frame;
        if (space_lookup(domain->base + BH_SLOT_TABLE + at, &frame) != BH_OK)
            continue;
        uint64_t *page = platform_direct(frame);
        for (uint32_t i = 0; i < BH_PAGE_SIZE / 8; i++)
            set_entry(&page[i], (void *)table[at / 8 + i]);
    }
}

void loader_trace(bool calls, bool gates) {
    calls_traced = calls;
    gates_traced = gates;
    for (uint32_t id = 1; id < BH_SLOT_COUNT; id++)
        if (domain_get(id) && domain_get(id)->state == DOMAIN_RUNNING)
            refill(domain_get(id));
}

uint32_t loader_interface_version(uint32_t interface, uint64_t fingerprint) {
    const struct interface *found = find_interface(interface);
    for (uint32_t i = 0; found && i < found->older_count; i++)
        if (found->older[i].fingerprint == fingerprint)
            return found->older[i].method_count;
    return found && found->fingerprint == fingerprint ? found->method_count : 0;
}

static enum bh_error rings_check(const struct domain *domain, const struct verified_image *image) {
    for (uint32_t i = 0; i < image->ring_count; i++)
        for (size_t n = 0; n < ring_type_count; n++)
            if (strcmp(image->rings[i]->name, ring_types[n].name) == 0 && image->rings[i]->type != ring_types[n].type)
                return refuse(BH_EFINGERPRINT, "%s: rings of type %s have fingerprint %016llx in its image and %016llx in the kernel; rebuild both from the same idl/",
                              domain->name, ring_types[n].name, (unsigned long long)image->rings[i]->type, (unsigned long long)ring_types[n].type);
    return BH_OK;
}

// Every interface and type of rings that the image was built with is one that the proxies were built with, or an older version of it.
static enum bh_error fingerprints_check(const struct domain *domain, const struct verified_image *image) {
    for (uint32_t i = 0; i < image->import_count + image->export_count; i++) {
        const struct bh_note_interface *note =
            i < image->import_count ? image->imports[i] : image->exports[i - image->import_count];
        const struct interface *found = find_interface(note->id);
        if (!found)
            return refuse(BH_ENOENT, "%s: its image uses interface %s (%u), which this kernel does not know",
                          domain->name, note->name, note->id);
        uint32_t methods = loader_interface_version(note->id, note->fingerprint);
        if (!methods || methods != note->method_count)
            return refuse(BH_EFINGERPRINT,
                          "%s: interface %s has fingerprint %016llx in its image and %016llx in the kernel; rebuild "
                          "both from the same idl/",
                          domain->name, note->name, (unsigned long long)note->fingerprint,
                          (unsigned long long)found->fingerprint);
    }
    return rings_check(domain, image);
}

static enum bh_error map_table(struct domain *domain, const struct verified_image *image) {
    uint64_t va = domain->base + BH_SLOT_TABLE;
    enum bh_error error = space_map_fresh(va, BH_SLOT_TABLE_SIZE, MAP_READ | MAP_WRITE);
    if (error)
        return error;
    *(uint64_t *)(domain->base + BH_TABLE_BASE) = domain->base;
    *(uint64_t *)(domain->base + BH_TABLE_DOMAIN) = domain->id;
    fill_calls((uint64_t *)(domain->base + BH_TABLE_CALLS), image);
    error = mechanism_map_door(domain);
    if (error)
        return error;
    return space_protect(va, BH_SLOT_TABLE_SIZE, MAP_READ);
}

static uint64_t page_down(uint64_t value) {
    return value & ~(BH_PAGE_SIZE - 1);
}

static uint64_t image_memory(const struct verified_image *image) {
    uint64_t size = BH_SLOT_TABLE_SIZE;
    for (uint32_t i = 0; i < image->segment_count; i++)
        size += round_up(image->segments[i].start + image->segments[i].memory_size, BH_PAGE_SIZE) -
                page_down(image->segments[i].start);
    return size;
}

static enum bh_error quota_check(const struct domain *domain, uint64_t size, uint64_t room) {
    if (size <= room)
        return BH_OK;
    return refuse(BH_EQUOTA, "%s: its image needs %llu bytes, its memory quota is %llu", domain->name, (unsigned long long)size,
                  (unsigned long long)domain->memory_quota);
}

enum bh_error loader_serves(const struct domain *domain, const struct loaded_image *image, const struct port *port) {
    const struct verified_image *verified = &image->verified;
    const struct interface *interface = find_interface(port->interface);
    for (uint32_t i = 0; i < verified->export_count; i++) {
        const struct bh_note_interface *note = verified->exports[i];
        if (note->id != port->interface)
            continue;
        if (loader_interface_version(note->id, note->fingerprint))
            return BH_OK;
        return refuse(BH_EFINGERPRINT, "%s: port %s: interface %s has fingerprint %016llx in the image and %016llx in the manifest; rebuild both from "
                      "the same idl/", domain->name, port->name, note->name, (unsigned long long)note->fingerprint, (unsigned long long)port->fingerprint);
    }
    return refuse(BH_ENOENT, "%s: the image serves no interface %s, which port %s has", domain->name, interface ? interface->name : "?", port->name);
}

enum bh_error loader_hardened_check(const struct bh_archive_domain *manifest, const struct loaded_image *image) {
    if (!manifest->hardened || image->verified.hardened)
        return BH_OK;
    return refuse(BH_EVERIFY, "domain %s: the manifest wants a hardened image, %s is none; compile and link it with bhcc --hardened", manifest->name,
                  image->name);
}

enum bh_error loader_fits(const struct domain *domain, const struct loaded_image *image) {
    const struct verified_image *verified = &image->verified;
    enum bh_error error = loader_hardened_check(domain->manifest, image);
    if (!error)
        error = entry_check(domain, verified, "the image's entry", verified->entry, LABEL_thread);
    if (!error)
        error = fingerprints_check(domain, verified);
    return error ? error : quota_check(domain, image_memory(verified), domain->memory_quota);
}

static enum bh_error map_segments(struct domain *domain, const struct verified_image *image) {
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct verified_segment *segment = &image->segments[i];
        uint64_t start = page_down(segment->start);
        uint64_t end = round_up(segment->start + segment->memory_size, BH_PAGE_SIZE);
        enum bh_error error = space_map_fresh(domain->base + start, end - start, MAP_READ | MAP_WRITE);
        if (error)
            return error;
        memcpy((void *)(domain->base + segment->start), image->bytes + segment->file_offset, segment->file_size);
    }
    return BH_OK;
}

static enum bh_error protect_segments(struct domain *domain, const struct verified_image *image) {
    enum bh_error error = BH_OK;
    for (uint32_t i = 0; i < image->segment_count && !error; i++) {
        const struct verified_segment *segment = &image->segments[i];
        uint64_t start = page_down(segment->start);
        uint64_t end = round_up(segment->start + segment->memory_size, BH_PAGE_SIZE);
        enum map_flags flags = MAP_READ | (segment->protection & VERIFY_WRITE ? MAP_WRITE : 0) |
                               (segment->protection & VERIFY_EXECUTE ? MAP_EXECUTE : 0);
        error = space_protect(domain->base + start, end - start, flags);
    }
    return error;
}

enum bh_error loader_map(struct domain *domain) {
    const struct verified_image *image = &domain->image->verified;
    enum bh_error error = fingerprints_check(domain, image);
    if (error)
        return error;
    uint64_t size = image_memory(image);
    error = quota_check(domain, size, domain_room(domain));
    if (error)
        return error;
    domain->memory_used += size;
    domain->heap_end = BH_SLOT_HEAP;
    error = map_table(domain, image);
    if (!error)
        error = map_segments(domain, image);
    for (uint32_t i = 0; i < image->relocation_count && !error; i++)
        *(uint64_t *)(domain->base + image->relocations[i]) += domain->base;
    if (!error)
        error = protect_segments(domain, image);
    if (error) {
        loader_unmap(domain);
        return refuse(error, "%s: no memory to load its image (%llu bytes)", domain->name, (unsigned long long)size);
    }
    return BH_OK;
}

void loader_unmap(struct domain *domain) {
    const struct verified_image *image = &domain->image->verified;
    space_unmap_fresh(domain->base + BH_SLOT_TABLE, BH_SLOT_TABLE_SIZE);
    mechanism_unmap_door(domain);
    for (uint32_t i = 0; i < image->segment_count; i++) {
        uint64_t start = page_down(image->segments[i].start);
        uint64_t end = round_up(image->segments[i].start + image->segments[i].memory_size, BH_PAGE_SIZE);
        space_unmap_fresh(domain->base + start, end - start);
    }
    uint64_t heap = domain->heap_end - BH_SLOT_HEAP;
    space_unmap_fresh(domain->base + BH_SLOT_HEAP, heap);
    domain->memory_used -= image_memory(image) + heap;
    domain->heap_end = BH_SLOT_HEAP;
}

enum bh_error loader_grow_heap(struct domain *domain, uint64_t size, uint64_t *address) {
    if (!size || size > BH_SLOT_HEAP_END - domain->heap_end)
        return refuse(BH_ERANGE, "heap_grow: %llu bytes do not fit the heap window (%llu left)", (unsigned long long)size,
                      (unsigned long long)(BH_SLOT_HEAP_END - domain->heap_end));
    size = round_up(size, BH_PAGE_SIZE);
    if (!stacks_make_room(domain, size))
        return refuse(BH_EQUOTA, "heap_grow: %llu more bytes are past the memory quota of %s (%llu of %llu used)",
                      (unsigned long long)size, domain->name, (unsigned long long)domain->memory_used,
                      (unsigned long long)domain->memory_quota);
    enum bh_error error = space_map_fresh(domain->base + domain->heap_end, size, MAP_READ | MAP_WRITE);
    if (error)
        return refuse(error, "heap_grow: no memory for %llu bytes", (unsigned long long)size);
    *address = domain->base + domain->heap_end;
    domain->heap_end += size;
    domain->memory_used += size;
    return BH_OK;
}
