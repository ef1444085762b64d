// SPDX-License-Identifier: MIT
//
// The boot archive's check against hostile bytes. The archive stands right in front of an unmapped page, so that reading past its end is seen.
#include "kernel/domain/archive.c"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kernel/platform/hosted/hosted.h"

#define SIZE 8192u

static uint8_t *edge; // first byte that is not there
static uint8_t good[SIZE];

static void set_table(struct bh_archive_table *where, uint32_t *position, uint32_t count, size_t entry) {
    *where = (struct bh_archive_table){*position, count};
    *position = (uint32_t)round_up(*position + count * entry, 16);
}

static void set_up(void) {
    hosted_options.log_fd = -1;
    uint8_t *pages = mmap(NULL, 3 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(pages, MAP_FAILED);
    edge = pages + 2 * SIZE;
    cr_assert_eq(munmap(edge, SIZE), 0);
    struct bh_archive *head = (struct bh_archive *)good;
    uint32_t at = sizeof(*head);
    at = (uint32_t)round_up(at, 16);
    head->magic = BH_ARCHIVE_MAGIC;
    head->size = SIZE;
    set_table(&head->files, &at, 1, sizeof(struct bh_archive_file));
    set_table(&head->domains, &at, 2, sizeof(struct bh_archive_domain));
    set_table(&head->ports, &at, 2, sizeof(struct bh_archive_port));
    set_table(&head->rings, &at, 1, sizeof(struct bh_archive_ring));
    set_table(&head->buffers, &at, 1, sizeof(struct bh_archive_buffer));
    set_table(&head->grants, &at, 3, sizeof(struct bh_archive_grant));
    set_table(&head->options, &at, 1, sizeof(struct bh_archive_option));
    cr_assert_leq(at, 4096);
    ((struct bh_archive_file *)(good + head->files.offset))[0] = (struct bh_archive_file){"image", 4096, 4096};
    struct bh_archive_domain *domains = (struct bh_archive_domain *)(good + head->domains.offset);
    domains[0] = (struct bh_archive_domain){.name = "one"};
    domains[1] = (struct bh_archive_domain){.name = "two"};
    struct bh_archive_port *archive_ports = (struct bh_archive_port *)(good + head->ports.offset);
    archive_ports[0] = (struct bh_archive_port){.name = "system", .server = BH_ARCHIVE_KERNEL, .interface = 40};
    archive_ports[1] = (struct bh_archive_port){.name = "block", .server = 1, .interface = 1};
    ((struct bh_archive_ring *)(good + head->rings.offset))[0] = (struct bh_archive_ring){.name = "ring", .server = 1, .entry_count = 16};
    ((struct bh_archive_buffer *)(good + head->buffers.offset))[0] = (struct bh_archive_buffer){"memory", 4096, BH_ARCHIVE_KERNEL, 0};
    struct bh_archive_grant *archive_grants = (struct bh_archive_grant *)(good + head->grants.offset);
    for (uint32_t i = 0; i < 3; i++)
        archive_grants[i] = (struct bh_archive_grant){"grant", i % 2, i, 0, 1, 0};
}

static enum bh_error check(size_t size) {
    return archive_check(edge - size, size);
}

Test(archive, a_good_one_is_accepted, .init = set_up) {
    memcpy(edge - SIZE, good, SIZE);
    cr_assert_eq(check(SIZE), BH_OK);
}

Test(archive, one_cut_anywhere_is_refused, .init = set_up) {
    for (size_t size = 0; size < SIZE; size += size < 200 ? 1 : 97) {
        if (size % 8 && size > 200)
            size -= size % 8;
        memcpy(edge - size, good, size);
        cr_assert_neq(check(size), BH_OK, "%zu bytes", size);
    }
}

Test(archive, tables_whose_end_wraps_around_are_refused, .init = set_up) {
    for (size_t which = 0; which < 7; which++) {
        struct bh_archive head;
        memcpy(edge - SIZE, good, SIZE);
        memcpy(&head, good, sizeof(head));
        struct bh_archive_table *table_entry = &head.files + which;
        table_entry->offset = 0xfffffff0;
        memcpy(edge - SIZE, &head, sizeof(head));
        cr_assert_neq(check(SIZE), BH_OK);
        table_entry->offset = 0;
        table_entry->count = 0xffffffff;
        memcpy(edge - SIZE, &head, sizeof(head));
        cr_assert_neq(check(SIZE), BH_OK);
    }
}

// What passes the check may be used: every index is in its table, every name ends.
static void use_everything(void) {
    const struct bh_archive *head = archive.head;
    volatile uint8_t sink = 0;
    for (uint32_t i = 0; i < head->files.count; i++)
        if (archive.files[i].size)
            sink ^= archive.bytes[archive.files[i].offset + archive.files[i].size - 1];
    for (uint32_t i = 0; i < head->domains.count; i++)
        sink ^= archive.files[archive.domains[i].image].name[strlen(archive.domains[i].name) % 48];
    for (uint32_t i = 0; i < head->ports.count; i++)
        cr_assert(archive.ports[i].server == BH_ARCHIVE_KERNEL || archive.ports[i].server < head->domains.count);
    for (uint32_t i = 0; i < head->rings.count; i++)
        cr_assert(archive.rings[i].client < head->domains.count && archive.rings[i].client != archive.rings[i].server);
    for (uint32_t i = 0; i < head->grants.count; i++)
        cr_assert(archive.grants[i].domain < head->domains.count && archive.grants[i].kind <= BH_GRANT_BUFFER &&
                  strlen(archive.grants[i].name) < 32);
}

Test(archive, changed_bytes_are_refused_or_harmless, .init = set_up) {
    static const uint64_t values[] = {0, 1, 2, 0x7f, 0xff, 0x1000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff, UINT64_MAX};
    int accepted = 0;
    srandom(21);
    for (int round = 0; round < 100000; round++) {
        memcpy(edge - SIZE, good, 4096);
        for (long i = 1 + random() % 3; i > 0; i--) {
            uint64_t value = random() % 2 ? values[random() % 11] : (uint64_t)random() << 16 ^ (uint64_t)random();
            size_t width = (size_t)1 << random() % 4;
            size_t where = random() % 2 ? (size_t)random() % 104 : (size_t)random() % 4088;
            memcpy(edge - SIZE + where / width * width, &value, width);
        }
        if (check(SIZE) != BH_OK)
            continue;
        accepted++;
        use_everything();
    }
    cr_assert(accepted > 100 && accepted < 99000, "%d accepted", accepted);
}
