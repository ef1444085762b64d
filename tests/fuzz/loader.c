// SPDX-License-Identifier: MIT
//
// Fuzz target: a boot archive with hostile images, from the first byte to the started domains, through the very files that do it in the
// kernel (kernel/domain/archive.c, kernel/domain/loader.c, kernel/verifier, tables of capabilities, ports, rings and buffers). Whatever is
// refused must be refused cleanly; whatever is started must be mapped as its image says and nowhere else, never writable and executable,
// and go without a trace when it is unmapped. Archives are right in form but for one or two lies (tests/fuzz/loader/images.c).
//
//   make fuzz TARGET=loader
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/asan_interface.h>

#include "interfaces.h"
#include "kernel/domain/archive.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/loader.h"
#include "kernel/mm/frames.h"
#include "tests/fuzz/loader/world.h"

#define PAGE_MASK (BH_PAGE_SIZE - 1)

// ---- what is mapped ----------------------------------------------------------------------------------------------------------

static enum map_flags flags_of(const struct verified_image *image, uint64_t offset) {
    if (offset - BH_SLOT_TABLE < BH_SLOT_TABLE_SIZE)
        return MAP_READ;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct verified_segment *s = &image->segments[i];
        if (offset >= (s->start & ~PAGE_MASK) && offset < (uint64_t)s->start + s->memory_size)
            return MAP_READ | (s->protection & VERIFY_WRITE ? MAP_WRITE : 0) | (s->protection & VERIFY_EXECUTE ? MAP_EXECUTE : 0);
    }
    return 0;
}

// Every page belongs to a domain that runs, and is protected as the image says.
static void check_page(const struct mapped_page *page, void *context) {
    uint64_t slot = (page->va - BH_SLOT_AREA) / BH_SLOT_SIZE;
    (void)context;
    require(page->va >= BH_SLOT_AREA && slot > 0 && slot < BH_SLOT_COUNT);
    const struct domain *domain = domain_get((uint32_t)slot);
    require(domain && domain->state == DOMAIN_RUNNING);
    require((page->flags & (MAP_WRITE | MAP_EXECUTE)) != (MAP_WRITE | MAP_EXECUTE));
    require(page->flags == flags_of(&domain->image->verified, page->va - domain->base));
}

// ---- what stands there ---------------------------------------------------------------------------------------------------------

static bool is_entry(const struct verified_image *image, uint64_t word, uint32_t index) {
    if (word == (uint64_t)bad_call)
        return true;
    if (index < BH_CALLS_FIXED)
        return word == (uint64_t)fixed_calls[index];
    uint32_t id = (index - BH_CALLS_FIXED) / BH_INTERFACE_METHODS, method = (index - BH_CALLS_FIXED) % BH_INTERFACE_METHODS;
    for (size_t i = 0; i < interface_count; i++)
        for (uint32_t n = 0; interfaces[i].id == id && n < image->import_count; n++)
            if (image->imports[n]->id == id && method < interfaces[i].method_count && word == (uint64_t)interfaces[i].proxies[method])
                return true;
    return false;
}

static void check_table(const struct domain *domain) {
    const uint64_t *words = (const uint64_t *)(domain->base + BH_SLOT_TABLE);
    const uint64_t *calls = (const uint64_t *)(domain->base + BH_TABLE_CALLS);
    require(words[0] == domain->base && words[1] == domain->id);
    for (uint32_t i = 0; i < (BH_TABLE_END - BH_TABLE_CALLS) / 8; i++)
        require(is_entry(&domain->image->verified, calls[i], i));
}

static bool is_zero(const uint8_t *bytes, uint64_t size) {
    for (uint64_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

// The segment as in the file, but for relocated words, which point into the slot; zeros behind it, to the end of its page.
static void check_segment(const struct domain *domain, const struct verified_segment *segment) {
    const struct verified_image *image = &domain->image->verified;
    const uint8_t *there = (const uint8_t *)(domain->base + segment->start);
    uint8_t *expected = malloc(segment->file_size + 1);
    require(expected != NULL);
    memcpy(expected, image->bytes + segment->file_offset, segment->file_size);
    for (uint32_t i = 0; i < image->relocation_count; i++) {
        uint64_t word, at = image->relocations[i] - (uint64_t)segment->start;
        if (at >= segment->file_size || segment->file_size - at < 8)
            continue;
        require(segment->protection & VERIFY_WRITE);
        memcpy(&word, expected + at, 8);
        word += domain->base;
        memcpy(expected + at, &word, 8);
    }
    require(memcmp(there, expected, segment->file_size) == 0);
    uint64_t end = (segment->start + (uint64_t)segment->memory_size + PAGE_MASK) & ~PAGE_MASK;
    require(is_zero(there + segment->file_size, end - segment->start - segment->file_size));
    free(expected);
}

static void check_domain(struct domain *domain) {
    const struct verified_image *image = &domain->image->verified;
    check_table(domain);
    for (uint32_t i = 0; i < image->segment_count; i++)
        check_segment(domain, &image->segments[i]);
    require(domain->memory_used <= domain->memory_quota && domain->threads_used <= 1 && domain->caps_used <= domain->cap_count);
    size_t before = world_page_count(), free_before = frames_free_count();
    uint64_t used = domain->memory_used;
    loader_unmap(domain);
    domain->state = DOMAIN_DEAD;
    require(domain->memory_used == 0 && (before - world_page_count()) * BH_PAGE_SIZE == used);
    require(frames_free_count() - free_before == before - world_page_count());
}

static void check_system(enum bh_error error) {
    uint32_t running = 0;
    world_each_page(check_page, NULL);
    for (uint32_t id = 1; id < BH_SLOT_COUNT; id++) {
        struct domain *domain = domain_get(id);
        if (!domain || domain->state != DOMAIN_RUNNING)
            continue;
        running++;
        (void)archive_option(domain, "key");
        check_domain(domain);
    }
    require(running == world_threads && (error || running > 0 || !domain_get(1)) && world_page_count() == 0);
}

// Before all lies: archives without one start, so that there is something to break.
static void check_truth(uint8_t *archive) {
    for (unsigned seed = 0; seed < 16; seed++) {
        srand(seed);
        world_reset();
        require(archive_start_system(archive, make_archive(archive, ARCHIVE_MAX)) == BH_OK);
        check_system(BH_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static alignas(BH_PAGE_SIZE) uint8_t archive[ARCHIVE_MAX];
    static bool checked;
    if (!checked)
        check_truth(archive);
    checked = true;
    if (!size || size > ARCHIVE_MAX)
        return 0;
    world_reset();
    memcpy(archive, data, size);
    ASAN_POISON_MEMORY_REGION(archive + size, ARCHIVE_MAX - size);
    check_system(archive_start_system(archive, size));
    ASAN_UNPOISON_MEMORY_REGION(archive, ARCHIVE_MAX);
    require(memcmp(archive, data, size) == 0); // it is only read
    return 0;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    srand(seed);
    if (rand() % 16 == 0)
        return LLVMFuzzerMutate(data, size, max);
    if (size < 0x2000 || rand() % 4 == 0) {
        size_t made = make_archive(data, max);
        size = made ? made : size;
    }
    for (int lies = rand() % 4; lies; lies--)
        tell_a_lie(data, size);
    return size;
}
