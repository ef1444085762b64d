// SPDX-License-Identifier: MIT
//
// From the root pointer through RSDT or XSDT to the tables that we read: MADT, MCFG, HPET, FADT, DMAR. Source: ACPI 6.4, 5.2.
// A table with a wrong length or checksum is skipped with a warning.
#include "kernel/platform/pc/acpi.h"

#include <string.h>

#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/platform/pc/pc.h"
#include "kernel/platform/pc/ports.h"

#define TABLE_SIZE_MAX (4u << 20)
#define TABLES_MAX 128
#define LAPIC_DEFAULT 0xfee00000u
#define SLEEP_ENABLE (1u << 13)
#define SCI_ENABLE 1u

struct [[gnu::packed]] rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t checksum_all, reserved[3];
};
static_assert(sizeof(struct rsdp) == 36);

struct [[gnu::packed]] table {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision, creator, creator_revision;
};
static_assert(sizeof(struct table) == 36);

struct acpi_machine acpi_machine;

static uint8_t sum(const void *bytes, size_t size) {
    uint8_t total = 0;
    for (size_t i = 0; i < size; i++)
        total += ((const uint8_t *)bytes)[i];
    return total;
}

static uint16_t u16(const void *table, uint32_t offset) {
    uint16_t value;
    memcpy(&value, (const uint8_t *)table + offset, sizeof(value));
    return value;
}

static uint32_t u32(const void *table, uint32_t offset) {
    uint32_t value;
    memcpy(&value, (const uint8_t *)table + offset, sizeof(value));
    return value;
}

static uint64_t u64(const void *table, uint32_t offset) {
    uint64_t value;
    memcpy(&value, (const uint8_t *)table + offset, sizeof(value));
    return value;
}

// A table whose header, length and checksum are right, or NULL.
static const struct table *table_at(hpa address) {
    if (!address || paging_map_device(address, sizeof(struct table)) != BH_OK)
        return NULL;
    const struct table *table = platform_direct(address);
    uint32_t length = table->length;
    if (length < sizeof(struct table) || length > TABLE_SIZE_MAX || paging_map_device(address, length) != BH_OK) {
        log_write(BH_LOG_WARNING, "kernel", "acpi: table %.4s at 0x%llx has a length of %u; ignored", table->signature,
                  (unsigned long long)address, length);
        return NULL;
    }
    if (sum(table, length) != 0) {
        log_write(BH_LOG_WARNING, "kernel", "acpi: table %.4s at 0x%llx has a wrong checksum; ignored", table->signature,
                  (unsigned long long)address);
        return NULL;
    }
    return table;
}

static void read_ioapic(const uint8_t *entry) {
    if (acpi_machine.ioapic_count == ACPI_IOAPICS_MAX)
        return;
    acpi_machine.ioapics[acpi_machine.ioapic_count++] =
        (struct acpi_ioapic){.address = u32(entry, 4), .first_line = u32(entry, 8)};
}

static void read_override(const uint8_t *entry) {
    uint8_t source = entry[3];
    uint16_t flags = u16(entry, 8);
    if (entry[2] != 0 || source >= ACPI_ISA_IRQS)
        return;
    acpi_machine.overrides[source] = (struct acpi_override){
        .line = u32(entry, 4),
        .active_low = (flags & 3) == 3,
        .level = (flags >> 2 & 3) == 3,
    };
}

static void read_processor(uint32_t apic_id, uint32_t flags) {
    if (!(flags & 1)) // not there, or not to be used
        return;
    if (acpi_machine.processor_count < ACPI_PROCESSORS_MAX)
        acpi_machine.processors[acpi_machine.processor_count] = apic_id;
    acpi_machine.processor_count++;
}

// MADT, 5.2.12: entries of type, length, body.
static void read_madt(const struct table *table) {
    enum { LOCAL_APIC = 0, IO_APIC = 1, OVERRIDE = 2, LOCAL_ADDRESS = 5, LOCAL_X2APIC = 9 };
    static const uint8_t least[] = {[LOCAL_APIC] = 8, [IO_APIC] = 12, [OVERRIDE] = 10, [LOCAL_ADDRESS] = 12, [LOCAL_X2APIC] = 16};
    if (table->length < 44)
        return;
    acpi_machine.lapic = u32(table, 36);
    const uint8_t *at = (const uint8_t *)table + 44, *end = (const uint8_t *)table + table->length;
    while (end - at >= 2 && at[1] >= 2 && at[1] <= end - at) {
        uint8_t type = at[0], length = at[1];
        if (type < sizeof(least) && length >= least[type]) {
            if (type == LOCAL_APIC)
                read_processor(at[3], u32(at, 4));
            else if (type == LOCAL_X2APIC)
                read_processor(u32(at, 4), u32(at, 8));
            else if (type == IO_APIC)
                read_ioapic(at);
            else if (type == OVERRIDE)
                read_override(at);
            else if (type == LOCAL_ADDRESS)
                acpi_machine.lapic = u64(at, 4);
        }
        at += length;
    }
}

// MCFG, PCI firmware specification 3.3, 4.1.2: only segment 0.
static void read_mcfg(const struct table *table) {
    for (uint32_t at = 44; at + 16 <= table->length; at += 16)
        if (u16(table, at + 8) == 0) {
            const uint8_t *entry = (const uint8_t *)table + at;
            acpi_machine.config_space = u64(table, at);
            acpi_machine.first_bus = entry[10];
            acpi_machine.last_bus = entry[11];
            return;
        }
}

// HPET specification 1.0a, 3.2.4; the address space must be memory.
static void read_hpet(const struct table *table) {
    if (table->length >= 52 && ((const uint8_t *)table)[40] == 0)
        acpi_machine.hpet = u64(table, 44);
}

static void read_dmar(const struct table *table) {
    acpi_machine.dmar = table;
    acpi_machine.dmar_size = table->length;
}

// \_S5's package of two sleep types, looked for as bytes: name, package operator, length, count, then byte constants (20.2.5.4).
static void find_soft_off(const struct table *dsdt) {
    const uint8_t *code = (const uint8_t *)dsdt + sizeof(*dsdt);
    size_t size = dsdt->length - sizeof(*dsdt);
    for (size_t i = 0; i + 12 < size; i++) {
        if (memcmp(code + i, "_S5_\x12", 5) != 0)
            continue;
        size_t at = i + 5 + 1 + (code[i + 5] >> 6) + 1; // package length bytes, element count
        for (int n = 0; n < 2 && at + 1 < size; n++) {
            if (code[at] == 0x0a)
                at++;
            acpi_machine.sleep_type[n] = code[at++] & 7;
        }
        acpi_machine.can_power_off = acpi_machine.pm1_control[0] != 0;
        return;
    }
}

// FADT, 5.2.9
static void read_fadt(const struct table *table) {
    if (table->length < 116)
        return;
    acpi_machine.smi_command = (uint16_t)u32(table, 48);
    acpi_machine.acpi_enable = ((const uint8_t *)table)[52];
    acpi_machine.pm1_control[0] = (uint16_t)u32(table, 64);
    acpi_machine.pm1_control[1] = (uint16_t)u32(table, 68);
    acpi_machine.pm_timer = (uint16_t)u32(table, 76);
    hpa dsdt = u32(table, 40);
    if (table->length >= 148 && u64(table, 140))
        dsdt = u64(table, 140);
    const struct table *code = table_at(dsdt);
    if (code && memcmp(code->signature, "DSDT", 4) == 0)
        find_soft_off(code);
}

static void read_table(hpa address) {
    static const struct {
        char signature[5];
        void (*read)(const struct table *table);
    } readers[] = {{"APIC", read_madt}, {"MCFG", read_mcfg}, {"HPET", read_hpet}, {"FACP", read_fadt}, {"DMAR", read_dmar}};
    const struct table *table = table_at(address);
    for (size_t i = 0; table && i < sizeof(readers) / sizeof(readers[0]); i++)
        if (memcmp(table->signature, readers[i].signature, 4) == 0)
            readers[i].read(table);
}

void acpi_start(void) {
    struct rsdp rsdp;
    memcpy(&rsdp, boot_info.rsdp, sizeof(rsdp));
    for (uint32_t irq = 0; irq < ACPI_ISA_IRQS; irq++)
        acpi_machine.overrides[irq] = (struct acpi_override){.line = irq};
    if (!boot_info.has_rsdp || memcmp(rsdp.signature, "RSD PTR ", 8) != 0 || sum(&rsdp, 20) != 0)
        boot_refuse("the firmware offers no ACPI tables (no valid root pointer); they are needed to find the interrupt controllers");
    bool extended = rsdp.revision >= 2 && rsdp.xsdt && sum(&rsdp, sizeof(rsdp)) == 0;
    const struct table *roots = table_at(extended ? rsdp.xsdt : rsdp.rsdt);
    if (!roots)
        boot_refuse("ACPI's root table is damaged (length or checksum)");
    uint32_t entry_size = extended ? 8 : 4;
    uint32_t count = (roots->length - (uint32_t)sizeof(*roots)) / entry_size;
    for (uint32_t i = 0; i < count && i < TABLES_MAX; i++) {
        uint32_t offset = (uint32_t)sizeof(*roots) + i * entry_size;
        read_table(extended ? u64(roots, offset) : u32(roots, offset));
    }
    if (!acpi_machine.lapic)
        acpi_machine.lapic = LAPIC_DEFAULT;
    if (!acpi_machine.ioapic_count)
        boot_refuse("ACPI names no I/O APIC (table APIC); Bulkhead does not run on the old interrupt controllers");
    log_write(BH_LOG_DEBUG, "kernel", "acpi: %u processors, %u I/O APICs, PCI configuration at 0x%llx, HPET at 0x%llx",
              acpi_machine.processor_count, acpi_machine.ioapic_count, (unsigned long long)acpi_machine.config_space,
              (unsigned long long)acpi_machine.hpet);
}

void acpi_power_off(void) {
    if (!acpi_machine.can_power_off)
        return;
    if (acpi_machine.smi_command && !(in16(acpi_machine.pm1_control[0]) & SCI_ENABLE))
        out8(acpi_machine.smi_command, acpi_machine.acpi_enable);
    for (int i = 0; i < 2; i++)
        if (acpi_machine.pm1_control[i])
            out16(acpi_machine.pm1_control[i], (uint16_t)(acpi_machine.sleep_type[i] << 10 | SLEEP_ENABLE));
    for (int i = 0; i < 1000000; i++)
        (void)in8(0x80);
}
