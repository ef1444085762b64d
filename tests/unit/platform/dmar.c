// SPDX-License-Identifier: MIT
//
// DMAR tables, good and hostile. Bridges are an array of bus numbers.
#include "kernel/platform/pc/dmar.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/platform/pc/pci.h"

#define ADDRESS(bus, device, function) ((bus) << 8 | (device) << 3 | (function))

static uint8_t behind[65536][2]; // by bridge: first and last bus
static uint8_t table[512];
static uint32_t size;
static struct dmar dmar;

uint32_t pci_config_read(uint32_t address, uint32_t offset, uint32_t bytes) {
    cr_assert(address < 65536 && bytes == 1 && (offset == PCI_SECONDARY_BUS || offset == PCI_LAST_BUS), "only bus numbers are read");
    return behind[address][offset - PCI_SECONDARY_BUS];
}

static void begin(void) {
    memset(table, 0, sizeof(table));
    memcpy(table, "DMAR", 4);
    size = 48;
}

static void add(const void *bytes, uint32_t count) {
    memcpy(table + size, bytes, count);
    size += count;
}

// A unit, and behind it `scopes_size` bytes of scopes, to be added by the caller.
static void add_unit(uint32_t registers, uint8_t flags, uint8_t segment, uint8_t scopes_size) {
    uint8_t unit[16] = {0, 0, (uint8_t)(16 + scopes_size), 0, flags, 0, segment};
    memcpy(unit + 8, &registers, 4);
    add(unit, 16);
}

static const char *read_all(void) {
    // A copy of exactly that size: the sanitizer sees every byte read behind it.
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, table, size);
    const char *wrong = dmar_read(copy, size, &dmar);
    free(copy);
    return wrong;
}

Test(dmar, one_unit_for_all) {
    begin();
    add_unit(0xfed90000, 1, 0, 0);
    cr_assert_null(read_all(), "right");
    cr_assert(dmar.unit_count == 1 && dmar.units[0].registers == 0xfed90000 && dmar.units[0].all, "the unit");
    cr_assert_eq(dmar_unit_of(&dmar, ADDRESS(3, 2, 1)), 0, "every function is behind it");
}

Test(dmar, functions_that_are_named_belong_to_who_names_them) {
    begin();
    add_unit(0xfed90000, 0, 0, 8);
    add("\x01\x08\0\0\0\0\x02\x00", 8); // endpoint 00:02.0
    add_unit(0xfed91000, 0, 0, 8);
    add("\x02\x08\0\0\0\0\x1c\x01", 8); // bridge 00:1c.1
    add_unit(0xfed92000, 1, 0, 0);
    behind[ADDRESS(0, 0x1c, 1)][0] = 4;
    behind[ADDRESS(0, 0x1c, 1)][1] = 6;
    cr_assert_null(read_all(), "right");
    cr_assert_eq(dmar_unit_of(&dmar, ADDRESS(0, 2, 0)), 0, "the endpoint");
    cr_assert_eq(dmar_unit_of(&dmar, ADDRESS(0, 2, 1)), 2, "not its neighbour");
    cr_assert_eq(dmar_unit_of(&dmar, ADDRESS(0, 0x1c, 1)), 1, "the bridge itself");
    cr_assert(dmar_unit_of(&dmar, ADDRESS(4, 0, 0)) == 1 && dmar_unit_of(&dmar, ADDRESS(6, 31, 7)) == 1, "all behind the bridge");
    cr_assert(dmar_unit_of(&dmar, ADDRESS(3, 31, 7)) == 2 && dmar_unit_of(&dmar, ADDRESS(7, 0, 0)) == 2, "and nothing else");
}

Test(dmar, paths_lead_through_bridges) {
    begin();
    add_unit(0xfed90000, 0, 0, 10);
    add("\x01\x0a\0\0\0\0\x1c\x00\x05\x02", 10); // 00:1c.0, and behind it device 5, function 2
    behind[ADDRESS(0, 0x1c, 0)][0] = 9;
    cr_assert_null(read_all(), "right");
    cr_assert_eq(dmar_unit_of(&dmar, ADDRESS(9, 5, 2)), 0, "found");
    cr_assert_eq(dmar_unit_of(&dmar, ADDRESS(9, 5, 3)), DMAR_NO_UNIT, "another one stands behind no unit");
}

Test(dmar, units_of_other_segments_and_unknown_structures_are_passed_over) {
    begin();
    add_unit(0xfed90000, 1, 7, 0);
    add("\x77\x00\x06\x00\xff\xff", 6);
    cr_assert_not_null(read_all(), "no unit is left");
    add_unit(0xfed91000, 1, 0, 0);
    cr_assert_null(read_all(), "one is");
    cr_assert(dmar.unit_count == 1 && dmar.units[0].registers == 0xfed91000, "the other one");
}

Test(dmar, regions_of_the_firmware_are_told) {
    uint8_t region[24] = {1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0xff, 0xff, 0x1f};
    begin();
    add_unit(0xfed90000, 1, 0, 0);
    add(region, 24);
    cr_assert_null(read_all(), "right");
    cr_assert(dmar.region_count == 1 && dmar.regions[0].first == 0x100000 && dmar.regions[0].last == 0x1fffff, "the region");
    table[size - 24 + 10] = 0x30;
    cr_assert_not_null(read_all(), "one that ends before it begins makes the table useless");
}

Test(dmar, whatever_is_cut_off_is_refused) {
    begin();
    add_unit(0xfed90000, 0, 0, 10);
    add("\x01\x0a\0\0\0\0\x1c\x00\x05\x02", 10);
    uint32_t whole = size;
    for (size = 0; size < whole; size++)
        cr_assert_not_null(read_all(), "cut to %u bytes", size);
    cr_assert_null(read_all(), "the whole is right");
}

Test(dmar, wrong_lengths_and_places_are_refused) {
    static const struct {
        uint32_t at;
        uint8_t value;
        const char *what;
    } wrong[] = {
        {50, 0, "a structure of no length"}, {50, 3, "a structure shorter than its header"}, {50, 15, "a unit shorter than itself"},
        {51, 1, "a structure longer than the table"}, {57, 1, "registers at no page"}, {65, 0, "a scope of no length"}, {65, 5, "a scope shorter than its header"},
        {65, 6, "a path of no steps"}, {65, 7, "half a step"}, {65, 200, "a scope longer than its unit"}, {70, 32, "device 32"}, {71, 8, "function 8"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        begin();
        add_unit(0xfed90000, 0, 0, 8);
        add("\x01\x08\0\0\0\0\x02\x00", 8);
        cr_assert_null(read_all(), "right at first");
        table[wrong[i].at] = wrong[i].value;
        cr_assert_not_null(read_all(), "%s", wrong[i].what);
    }
}

Test(dmar, more_than_there_is_room_for_is_refused) {
    begin();
    for (int i = 0; i < DMAR_UNITS_MAX; i++)
        add_unit(0xfed90000, 1, 0, 0);
    cr_assert_null(read_all(), "as many as fit");
    add_unit(0xfed90000, 1, 0, 0);
    cr_assert_not_null(read_all(), "one more");
    begin();
    add_unit(0xfed90000, 0, 0, 8 * 25);
    for (int i = 0; i < 25; i++)
        add("\x01\x08\0\0\0\0\x02\x00", 8);
    cr_assert_null(read_all(), "25 scopes");
    uint8_t bytes[400];
    memcpy(bytes, table + 48, 216);
    begin();
    add(bytes, 216);
    add(bytes, 216);
    cr_assert_null(read_all(), "50 scopes");
}

Test(dmar, random_tables_are_read_within_their_bounds) {
    uint64_t random = 7;
    for (int round = 0; round < 20000; round++) {
        begin();
        add_unit(0xfed90000, 0, 0, 10);
        add("\x02\x0a\0\0\0\0\x1c\x00\x05\x02", 10);
        add_unit(0xfed91000, 1, 0, 8);
        add("\x01\x08\0\0\0\0\x02\x00", 8);
        for (int i = 0; i < 3; i++) {
            random = random * 6364136223846793005ull + 1442695040888963407ull;
            table[48 + (random >> 40) % (size - 48)] = (uint8_t)(random >> 32);
        }
        size -= (random >> 20) % 8;
        (void)read_all();
        cr_assert(dmar.unit_count <= DMAR_UNITS_MAX && dmar.scope_count <= DMAR_SCOPES_MAX && dmar.region_count <= DMAR_REGIONS_MAX, "counts");
    }
}
