// SPDX-License-Identifier: MIT
//
// ACPI tables, good and hostile.
#include "kernel/platform/pc/acpi.h"

#include <criterion/criterion.h>
#include <string.h>

#include "kernel/platform/pc/pc.h"
#include "machine.h"

#define RSDT 0x1000
#define MADT 0x2000
#define MCFG 0x3000
#define FADT 0x4000
#define DSDT 0x5000

struct boot_info boot_info;

static void put32(uint32_t at, uint32_t value) {
    memcpy(machine_memory + at, &value, sizeof(value));
}

static void put64(uint32_t at, uint64_t value) {
    memcpy(machine_memory + at, &value, sizeof(value));
}

static void seal(uint32_t at, uint32_t length) {
    uint8_t sum = 0;
    machine_memory[at + 9] = 0;
    for (uint32_t i = 0; i < length; i++)
        sum += machine_memory[at + i];
    machine_memory[at + 9] = (uint8_t)-sum;
}

static void header(uint32_t at, const char *signature, uint32_t length) {
    memcpy(machine_memory + at, signature, 4);
    put32(at + 4, length);
}

static void root(void) {
    uint8_t sum = 0;
    memset(machine_memory, 0, sizeof(machine_memory));
    memset(&acpi_machine, 0, sizeof(acpi_machine));
    memcpy(boot_info.rsdp, "RSD PTR ", 8);
    memset(boot_info.rsdp + 8, 0, 28);
    uint32_t rsdt = RSDT;
    memcpy(boot_info.rsdp + 16, &rsdt, 4);
    for (int i = 0; i < 20; i++)
        sum += boot_info.rsdp[i];
    boot_info.rsdp[8] = (uint8_t)-sum;
    boot_info.has_rsdp = true;
    header(RSDT, "RSDT", 36 + 12);
    put32(RSDT + 36, MADT);
    put32(RSDT + 40, MCFG);
    put32(RSDT + 44, FADT);
    seal(RSDT, 36 + 12);
}

// One I/O APIC and an override of IRQ 9, then `extra` bytes that the caller fills in.
static uint32_t madt(uint32_t extra) {
    uint32_t length = 44 + 12 + 10 + extra;
    header(MADT, "APIC", length);
    put32(MADT + 36, 0xfee00000);
    memcpy(machine_memory + MADT + 44, "\x01\x0c\x00\x00\x00\x00\xc0\xfe\x00\x00\x00\x00", 12);
    memcpy(machine_memory + MADT + 56, "\x02\x0a\x00\x09\x14\x00\x00\x00\x0f\x00", 10);
    seal(MADT, length);
    return length;
}

Test(acpi, reads_interrupt_controllers_and_overrides) {
    root();
    madt(0);
    acpi_start();
    cr_assert_eq(acpi_machine.ioapic_count, 1, "one I/O APIC");
    cr_assert_eq(acpi_machine.ioapics[0].address, 0xfec00000, "its address");
    cr_assert_eq(acpi_machine.overrides[9].line, 20, "line of IRQ 9");
    cr_assert(acpi_machine.overrides[9].active_low && acpi_machine.overrides[9].level, "polarity and trigger of IRQ 9");
    cr_assert_eq(acpi_machine.overrides[4].line, 4, "IRQ 4 stays");
}

Test(acpi, a_madt_entry_of_length_zero_ends_the_reading) {
    root();
    uint32_t length = madt(20);
    machine_memory[MADT + 66] = 1;
    machine_memory[MADT + 67] = 0;
    seal(MADT, length);
    acpi_start();
    cr_assert_eq(acpi_machine.ioapic_count, 1, "the entry before counts");
}

Test(acpi, a_madt_entry_past_the_end_is_not_read) {
    root();
    uint32_t length = madt(4);
    memcpy(machine_memory + MADT + 66, "\x01\x0c\x00\x00", 4);
    seal(MADT, length);
    acpi_start();
    cr_assert_eq(acpi_machine.ioapic_count, 1, "the truncated entry does not count");
}

Test(acpi, an_entry_shorter_than_its_type_is_skipped) {
    root();
    uint32_t length = madt(4);
    memcpy(machine_memory + MADT + 66, "\x01\x04\xff\xff", 4);
    seal(MADT, length);
    acpi_start();
    cr_assert_eq(acpi_machine.ioapic_count, 1, "a four-byte I/O APIC entry does not count");
}

Test(acpi, a_table_with_a_wrong_checksum_is_ignored) {
    root();
    madt(0);
    header(MCFG, "MCFG", 60);
    put64(MCFG + 44, 0xb0000000);
    seal(MCFG, 60);
    machine_memory[MCFG + 50]++;
    acpi_start();
    cr_assert_eq(acpi_machine.config_space, 0, "the damaged MCFG is not used");
    cr_assert_gt(machine_warnings, 0, "and that is said");
}

Test(acpi, a_table_with_an_absurd_length_is_ignored) {
    root();
    madt(0);
    header(MCFG, "MCFG", 0xfffffff0);
    header(FADT, "FACP", 8);
    acpi_start();
    cr_assert_eq(acpi_machine.config_space, 0, "the oversized MCFG is not used");
    cr_assert_eq(acpi_machine.pm_timer, 0, "the undersized FADT is not used");
}

Test(acpi, finds_configuration_space_and_the_timer_port) {
    root();
    madt(0);
    header(MCFG, "MCFG", 60);
    put64(MCFG + 44, 0xb0000000);
    machine_memory[MCFG + 55] = 0xff;
    seal(MCFG, 60);
    header(FADT, "FACP", 116);
    put32(FADT + 40, DSDT);
    put32(FADT + 64, 0x604);
    put32(FADT + 76, 0x608);
    seal(FADT, 116);
    header(DSDT, "DSDT", 64);
    memcpy(machine_memory + DSDT + 40, "_S5_\x12\x06\x04\x0a\x05\x00\x00\x00", 12);
    seal(DSDT, 64);
    acpi_start();
    cr_assert_eq(acpi_machine.config_space, 0xb0000000, "MCFG");
    cr_assert_eq(acpi_machine.last_bus, 255, "buses");
    cr_assert_eq(acpi_machine.pm_timer, 0x608, "timer port");
    cr_assert(acpi_machine.can_power_off && acpi_machine.sleep_type[0] == 5 && acpi_machine.sleep_type[1] == 0, "soft off");
}

Test(acpi, a_soft_off_package_at_the_very_end_is_not_overrun) {
    root();
    madt(0);
    header(FADT, "FACP", 116);
    put32(FADT + 40, DSDT);
    seal(FADT, 116);
    header(DSDT, "DSDT", 42);
    memcpy(machine_memory + DSDT + 36, "_S5_\x12\xff", 6);
    seal(DSDT, 42);
    acpi_start();
    cr_assert_not(acpi_machine.can_power_off, "nothing found");
}

Test(acpi, refuses_to_go_on_without_an_io_apic, .exit_code = 7) {
    root();
    acpi_start();
}

Test(acpi, refuses_a_root_pointer_with_a_wrong_checksum, .exit_code = 7) {
    root();
    madt(0);
    boot_info.rsdp[8]++;
    acpi_start();
}

Test(acpi, refuses_a_root_table_out_of_memory, .exit_code = 7) {
    root();
    madt(0);
    put32(RSDT + 4, MACHINE_SIZE);
    acpi_start();
}
