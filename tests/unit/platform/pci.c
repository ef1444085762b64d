// SPDX-License-Identifier: MIT
//
// PCI enumeration against hostile configuration spaces. Configuration space is plain memory here, so every bit of a BAR sticks.
#include "kernel/platform/pc/pci.h"

#include <criterion/criterion.h>
#include <string.h>

#include "kernel/platform/pc/acpi.h"
#include "kernel/platform/pc/pc.h"
#include "machine.h"

struct acpi_machine acpi_machine;

#define BUS_BYTES (1u << 20)

static uint8_t *config(uint32_t bus, uint32_t device) {
    return machine_memory + bus * BUS_BYTES + device * 8 * 4096;
}

static void empty_machine(void) {
    memset(machine_memory, 0xff, sizeof(machine_memory));
    acpi_machine = (struct acpi_machine){.last_bus = 5};
}

static uint8_t *add(uint32_t bus, uint32_t device, uint16_t vendor, uint16_t identity) {
    uint8_t *space = config(bus, device);
    memset(space, 0, 4096);
    memcpy(space, &vendor, 2);
    memcpy(space + 2, &identity, 2);
    return space;
}

// Configuration space begins one page into memory, so that its address is not 0.
static void start(void) {
    memmove(machine_memory + 4096, machine_memory, sizeof(machine_memory) - 4096);
    acpi_machine.config_space = 4096;
    pci_start();
}

Test(pci, finds_functions_in_order_by_identity) {
    uint32_t first, second, none;
    empty_machine();
    add(0, 3, 0x1af4, 0x1042);
    add(0, 5, 0x1af4, 0x1042);
    start();
    cr_assert_eq(platform_pci_find(0x1af4, 0x1042, 0, &first), BH_OK, "the first");
    cr_assert_eq(platform_pci_find(0x1af4, 0x1042, 1, &second), BH_OK, "the second");
    cr_assert_eq(platform_pci_info(first)->address, 3 << 3, "address of the first");
    cr_assert_eq(platform_pci_info(second)->address, 5 << 3, "address of the second");
    cr_assert_eq(platform_pci_find(0x1af4, 0x1042, 2, &none), BH_ENOENT, "there is no third");
}

Test(pci, a_ring_of_capabilities_ends) {
    uint32_t index;
    empty_machine();
    uint8_t *space = add(0, 1, 0x1234, 1);
    space[6] = 0x10;
    space[0x34] = 0x40;
    space[0x40] = 0x05;
    space[0x41] = 0x40;
    start();
    cr_assert_eq(platform_pci_find(0x1234, 1, 0, &index), BH_OK, "found in spite of it");
}

Test(pci, an_msix_table_outside_its_window_is_not_used) {
    uint32_t index;
    empty_machine();
    uint8_t *space = add(0, 1, 0x1234, 1);
    space[6] = 0x10;
    space[0x34] = 0x40;
    memcpy(space + 0x40, "\x11\x00\xff\x07\x00\xf0\xff\xff\x00\x00\x00\x00", 12);
    space[0x12] = 0x10;
    start();
    cr_assert_eq(platform_pci_find(0x1234, 1, 0, &index), BH_OK, "found");
    cr_assert_eq(platform_pci_info(index)->vectors, 0, "without vectors");
    cr_assert_eq(platform_pci_bind(index, 0, 50), BH_ENOTSUP, "and none can be bound");
}

Test(pci, bridges_lead_on_and_a_bridge_to_its_own_bus_does_not) {
    uint32_t index;
    empty_machine();
    uint8_t *bridge = add(0, 1, 0x1b36, 0x000c);
    bridge[0x0e] = 1;
    bridge[0x19] = 2;
    uint8_t *mirror = add(2, 0, 0x1b36, 0x000c);
    mirror[0x0e] = 1;
    mirror[0x19] = 2;
    add(2, 4, 0x4321, 7);
    start();
    cr_assert_eq(platform_pci_find(0x4321, 7, 0, &index), BH_OK, "found behind the bridge");
    cr_assert_eq(platform_pci_info(index)->address, 2 << 8 | 4 << 3, "its address");
    cr_assert_eq(platform_pci_find(0x4321, 7, 1, &index), BH_ENOENT, "only once");
}

static uint8_t *add_bridge(uint32_t device, uint8_t behind, int kind) {
    uint8_t *bridge = add(0, device, 0x1b36, 0x000c);
    bridge[0x0e] = 1;
    bridge[0x19] = behind;
    if (kind < 0)
        return bridge;
    bridge[6] = 0x10;
    bridge[0x34] = 0x40;
    memcpy(bridge + 0x40, "\x10\x00", 2);
    bridge[0x42] = (uint8_t)(kind << 4);
    return bridge;
}

Test(pci, an_iommu_sees_functions_behind_plain_bridges_as_one) {
    static const struct {
        int kind; // of the bridge before bus 2, -1: no PCI Express
        uint32_t source;
    } cases[] = {{4, 2 << 8 | 4 << 3}, {7, 2 << 8}, {8, 1 << 3}, {-1, 1 << 3}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint32_t index, first = pci_function_count();
        empty_machine();
        add_bridge(1, 2, cases[i].kind);
        add(2, 4, 0x4321, 7);
        start();
        cr_assert_eq(platform_pci_find(0x4321, 7, (uint32_t)i, &index), BH_OK, "found behind a bridge of kind %d", cases[i].kind);
        cr_assert(index == first && pci_function_get(index)->source == cases[i].source, "its transfers bear %x", pci_function_get(index)->source);
    }
}

Test(pci, more_functions_than_fit_are_left_out) {
    empty_machine();
    for (uint32_t bus = 0; bus < 4; bus++)
        for (uint32_t device = 0; device < 32; device++)
            add(bus, device, 0x1234, 1);
    for (uint32_t bus = 0; bus < 3; bus++) {
        uint8_t *bridge = config(bus, 0);
        bridge[0x0e] = 1;
        bridge[0x19] = (uint8_t)(bus + 1);
    }
    start();
    uint32_t index;
    cr_assert_eq(platform_pci_find(0x1234, 1, 63, &index), BH_OK, "the 64th is there");
    cr_assert_eq(platform_pci_find(0x1234, 1, 64, &index), BH_ENOENT, "the 65th is not");
}

Test(pci, a_device_without_any_way_to_reset_says_so) {
    uint32_t index;
    empty_machine();
    add(0, 1, 0x1234, 1);
    start();
    cr_assert_eq(platform_pci_find(0x1234, 1, 0, &index), BH_OK, "found");
    platform_pci_enable(index, true, true);
    cr_assert_eq(platform_pci_reset(index), BH_ENOTSUP, "no way to reset it");
    uint32_t command;
    cr_assert_eq(platform_pci_config_read(index, 4, 2, &command), BH_OK, "its command register");
    cr_assert_eq(command & 6, 0, "it is cut off all the same");
}

Test(pci, a_silenced_device_has_its_vectors_masked_and_may_not_send_any) {
    uint32_t index, control;
    empty_machine();
    uint8_t *space = add(0, 1, 0x1234, 1);
    space[6] = 0x10;
    space[0x34] = 0x40;
    space[0x40] = 0x11; // MSI-X
    space[0x42] = 2;    // three vectors
    start();
    cr_assert_eq(platform_pci_find(0x1234, 1, 0, &index), BH_OK, "found");
    struct pci_function *function = pci_function_get(index);
    uint32_t *table = (uint32_t *)(machine_memory + 0x600000);
    function->msix = 0x40;
    function->info.vectors = 3;
    function->info.msix_table = (struct platform_pci_part){.bar = 0, .offset = 0, .size = 48};
    function->info.bars[0] = (struct platform_pci_bar){0x600000, 4096};
    platform_pci_enable(index, true, true);
    for (uint32_t entry = 0; entry < 3; entry++)
        cr_assert_eq(platform_pci_bind(index, entry, 0x40 + entry), BH_OK, "bound");
    cr_assert_eq(table[7], 0, "it may interrupt");
    platform_pci_silence(index);
    cr_assert(table[3] == 1 && table[7] == 1 && table[11] == 1, "each vector is masked");
    cr_assert_eq(platform_pci_config_read(index, 4, 2, &control), BH_OK, "its command register");
    cr_assert_eq(control & 6, 2, "no bus master, but its registers can be read");
    cr_assert_eq(platform_pci_config_read(index, 0x42, 2, &control), BH_OK, "MSI-X control");
    cr_assert_eq(control & 0x8000, 0, "no message at all");
}

Test(pci, a_function_that_never_comes_back_from_its_reset_times_out) {
    uint32_t index;
    empty_machine();
    uint8_t *space = add(0, 1, 0x1234, 1);
    space[6] = 0x10;
    space[0x34] = 0x40;
    space[0x40] = 0x10;
    space[0x47] = 0x10; // function level reset
    start();
    cr_assert_eq(platform_pci_find(0x1234, 1, 0, &index), BH_OK, "found");
    machine_memory[4096 + 8 * 4096]++; // its vendor reads differently from now on
    cr_assert_eq(platform_pci_reset(index), BH_ETIMEDOUT, "given up");
}

// A function with one window of 4 KiB there. Every bit of a BAR sticks here, so what was read is put in place.
static uint32_t with_window(uint32_t device, uint64_t address, uint64_t size) {
    uint32_t index;
    cr_assert_eq(platform_pci_find_address(device << 3, &index), BH_OK, "device %u", device);
    pci_function_get(index)->info.bars[0] = (struct platform_pci_bar){address, size};
    return index;
}

Test(pci, windows_lie_where_drivers_may_have_them) {
    empty_machine();
    for (uint32_t device = 1; device < 4; device++)
        add(0, device, 0x1234, (uint16_t)device);
    start();
    machine_range = (struct platform_range){1 << 20, 255 << 20};
    uint32_t one = with_window(1, 0xe0000000, 8192), two = with_window(2, 0xe0002000, 4096), three = with_window(3, 0, 0);
    cr_assert_eq(platform_pci_check(one), BH_OK, "beside each other");
    cr_assert_eq(platform_pci_check(three), BH_OK, "no window at all");
    with_window(2, 0xe0001000, 4096);
    cr_assert_eq(platform_pci_check(one), BH_EINVAL, "over another function's");
    cr_assert_eq(platform_pci_check(two), BH_EINVAL, "and the other way round");
    static const struct platform_pci_bar wrong[] = {{0x100000, 4096}, {0x8000000, 4096}, {0x1000, 4096}, {0xfffffff, 4096}, {0xfee00000, 4096},
                                                    {0xf0000000, 0x10000000}, {0xfffffffffffff000, 8192}, {4096, 4096}};
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_assert_eq(platform_pci_check(with_window(1, wrong[i].address, wrong[i].size)), BH_EINVAL, "window %u, at 0x%llx", i,
                     (unsigned long long)wrong[i].address);
}

Test(pci, functions_are_found_by_address_and_any_address_can_be_looked_at) {
    uint32_t index, value;
    empty_machine();
    add(0, 9, 0x1234, 5);
    start();
    cr_assert_eq(platform_pci_find_address(9 << 3, &index), BH_OK, "there");
    cr_assert_eq(platform_pci_find_address(10 << 3, &index), BH_ENOENT, "nobody there");
    cr_assert_eq(platform_pci_config_look(9 << 3, 0, 4, &value), BH_OK, "a look");
    cr_assert_eq(value, 0x51234, "at its identity");
    cr_assert_eq(platform_pci_config_look(10 << 3, 0, 4, &value), BH_OK, "a look at nobody");
    cr_assert_eq(value, UINT32_MAX, "all ones");
    cr_assert_eq(platform_pci_config_look(0x10000, 0, 4, &value), BH_ERANGE, "past the last bus");
    cr_assert_eq(platform_pci_config_look(0, 4096, 4, &value), BH_ERANGE, "past the space");
    cr_assert_eq(platform_pci_config_look(0, 2, 4, &value), BH_ERANGE, "not aligned");
}
