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
