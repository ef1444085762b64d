// SPDX-License-Identifier: MIT
//
// ACPI tables: what a guest cannot find by probing. One processor, one I/O APIC, the PM timer, a PCI root without firmware
// methods, and the legacy devices that Linux looks for by name. The PCI window and INTx follow pci.h.
#include "acpi_tables.h"

#include "acpi_pm.h"
#include "aml.h"
#include "boot.h"
#include "ioapic.h"
#include "lapic.h"
#include "pci.h"

#define HEADER_SIZE 36u
#define FADT_SIZE 276u
#define FACS_SIZE 64u
#define TABLES_MAX 4

// Tables are made one behind the other, each 64-byte aligned.
struct writer {
    const struct guest_memory *memory;
    gpa at;
    gpa listed[TABLES_MAX]; // for the XSDT
    uint32_t listed_count;
    bool full;
};

static void put(uint8_t *table, uint32_t offset, uint64_t value, uint32_t size) {
    memcpy(table + offset, &value, size);
}

static void set_checksum(uint8_t *table, uint32_t size, uint32_t offset) {
    uint8_t sum = 0;
    table[offset] = 0;
    for (uint32_t i = 0; i < size; i++)
        sum += table[i];
    table[offset] = (uint8_t)(0 - sum);
}

static gpa place(struct writer *writer, const void *data, uint32_t size) {
    gpa at = (writer->at + 63) & ~63ull;
    if (at + size > BOOT_ACPI_END || !memory_write(writer->memory, at, data, size)) {
        writer->full = true;
        return 0;
    }
    writer->at = at + size;
    return at;
}

static void put_header(uint8_t *table, const char *signature, uint8_t revision) {
    memcpy(table, signature, 4);
    table[8] = revision;
    memcpy(table + 10, "BULKHDBULKHEAD ", 14);
    put(table, 24, 1, 4);
    memcpy(table + 28, "BHVM", 4);
    put(table, 32, 1, 4);
}

static gpa finish(struct writer *writer, uint8_t *table, uint32_t size) {
    put(table, 4, size, 4);
    set_checksum(table, size, 9);
    return place(writer, table, size);
}

// Resource descriptors, ACPI 6.4, 6.4.2 and 6.4.3.
static void resource_io(struct aml *aml, uint16_t port, uint8_t count) {
    const uint8_t descriptor[] = {0x47, 1, (uint8_t)port, (uint8_t)(port >> 8), (uint8_t)port, (uint8_t)(port >> 8), 1, count};
    aml_bytes(aml, descriptor, sizeof(descriptor));
}

static void resource_irq(struct aml *aml, uint32_t irq) {
    const uint8_t descriptor[] = {0x22, (uint8_t)(1u << irq), (uint8_t)(1u << irq >> 8)};
    aml_bytes(aml, descriptor, sizeof(descriptor));
}

// A window that the root bridge passes on: type 1 ports, 2 bus numbers.
static void resource_word(struct aml *aml, uint8_t type, uint16_t first, uint16_t last) {
    const uint16_t words[] = {0, first, last, 0, (uint16_t)(last - first + 1)};
    const uint8_t head[] = {0x88, 13, 0, type, 0x0c, type == 1 ? 3 : 0};
    aml_bytes(aml, head, sizeof(head));
    aml_bytes(aml, words, sizeof(words));
}

static void resource_memory(struct aml *aml, uint32_t first, uint32_t last) {
    const uint32_t words[] = {0, first, last, 0, last - first + 1};
    const uint8_t head[] = {0x87, 23, 0, 0, 0x0c, 1};
    aml_bytes(aml, head, sizeof(head));
    aml_bytes(aml, words, sizeof(words));
}

static void put_hid(struct aml *aml, uint32_t eisa_id) {
    aml_name(aml, "_HID");
    aml_integer(aml, eisa_id);
}

static void put_pci(struct aml *aml) {
    aml_device(aml, "PCI0");
    put_hid(aml, 0x030ad041); // PNP0A03
    aml_name(aml, "_UID");
    aml_integer(aml, 0);
    aml_name(aml, "_CRS");
    aml_resources(aml);
    resource_word(aml, 2, 0, 0);
    resource_io(aml, PCI_ADDRESS_PORT, 8);
    resource_word(aml, 1, 0x0d00, 0xffff);
    resource_memory(aml, PCI_WINDOW, PCI_WINDOW_END - 1);
    aml_close_resources(aml);
    aml_name(aml, "_PRT");
    aml_package(aml, PCI_FUNCTIONS);
    for (uint32_t i = 0; i < PCI_FUNCTIONS; i++) {
        aml_package(aml, 4);
        aml_integer(aml, i << 16 | 0xffff);
        aml_integer(aml, 0); // INTA
        aml_integer(aml, 0); // wired to a global interrupt, no link device
        aml_integer(aml, PCI_IRQ);
        aml_close(aml);
    }
    aml_close(aml);
    aml_close(aml);
}

static void put_legacy(struct aml *aml, const char name[4], uint32_t eisa_id, uint16_t port, uint8_t count, uint32_t irq) {
    aml_device(aml, name);
    put_hid(aml, eisa_id);
    aml_name(aml, "_CRS");
    aml_resources(aml);
    resource_io(aml, port, count);
    resource_irq(aml, irq);
    aml_close_resources(aml);
    aml_close(aml);
}

static gpa write_dsdt(struct writer *writer) {
    uint8_t table[1024] = {0};
    struct aml aml = {.data = table, .size = HEADER_SIZE, .limit = sizeof(table)};
    put_header(table, "DSDT", 2);
    aml_name(&aml, "_S5_");
    aml_package(&aml, 4);
    aml_integer(&aml, ACPI_SLEEP_OFF);
    for (int i = 0; i < 3; i++)
        aml_integer(&aml, 0);
    aml_close(&aml);
    aml_scope(&aml, "\\_SB_");
    put_pci(&aml);
    put_legacy(&aml, "COM1", 0x0105d041, 0x3f8, 8, 4); // PNP0501
    put_legacy(&aml, "RTC_", 0x000bd041, 0x70, 2, 8);  // PNP0B00
    aml_close(&aml);
    if (aml.overflow) {
        writer->full = true;
        return 0;
    }
    return finish(writer, table, aml.size);
}

static void put_address(uint8_t *table, uint32_t offset, uint8_t bits, uint8_t access, uint64_t port) {
    table[offset] = 1; // system I/O
    table[offset + 1] = bits;
    table[offset + 3] = access;
    put(table, offset + 4, port, 8);
}

static void write_fadt(struct writer *writer, gpa facs, gpa dsdt) {
    uint8_t table[FADT_SIZE] = {0};
    put_header(table, "FACP", 6);
    put(table, 36, facs, 4);
    put(table, 40, dsdt, 4);
    put(table, 46, ACPI_SCI, 2);
    put(table, 56, ACPI_PM_PORT, 4);
    put(table, 64, ACPI_PM_PORT + 4, 4);
    put(table, 76, ACPI_PM_PORT + 8, 4);
    table[88] = 4; // lengths: event, control, timer
    table[89] = 2;
    table[91] = 4;
    put(table, 96, 0xfff, 2); // no C2, no C3
    put(table, 98, 0xfff, 2);
    table[108] = 0x32;        // RTC register of the century
    put(table, 109, 1 | 4, 2); // legacy devices, no VGA; no 8042
    put(table, 112, 1u << 0 | 1u << 2 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 8 | 1u << 10, 4);
    put_address(table, 116, 8, 1, RESET_PORT);
    table[128] = 6;
    put(table, 140, dsdt, 8);
    put_address(table, 148, 32, 2, ACPI_PM_PORT);
    put_address(table, 172, 16, 2, ACPI_PM_PORT + 4);
    put_address(table, 208, 32, 3, ACPI_PM_PORT + 8);
    memcpy(table + 268, "BULKHEAD", 8);
    writer->listed[writer->listed_count++] = finish(writer, table, sizeof(table));
}

static void write_madt(struct writer *writer) {
    uint8_t table[HEADER_SIZE + 8 + 8 + 12 + 10 + 10 + 6] = {0};
    uint8_t *at = table + HEADER_SIZE;
    const uint8_t processor[] = {0, 8, 0, 0, 1, 0, 0, 0};
    const uint8_t timer[] = {2, 10, 0, 0, 2, 0, 0, 0, 0, 0};                  // IRQ 0 on pin 2
    const uint8_t sci[] = {2, 10, 0, ACPI_SCI, ACPI_SCI, 0, 0, 0, 0x0d, 0};   // active high, level
    const uint8_t nmi[] = {4, 6, 0xff, 0, 0, 1};
    uint8_t ioapic[12] = {1, 12, IOAPIC_ID};
    put_header(table, "APIC", 4);
    put(at, 0, LAPIC_ADDRESS, 4);
    put(at, 4, 1, 4); // 8259 pair present
    put(ioapic, 4, IOAPIC_ADDRESS, 4);
    at += 8;
    memcpy(at, processor, sizeof(processor));
    memcpy(at += sizeof(processor), ioapic, sizeof(ioapic));
    memcpy(at += sizeof(ioapic), timer, sizeof(timer));
    memcpy(at += sizeof(timer), sci, sizeof(sci));
    memcpy(at += sizeof(sci), nmi, sizeof(nmi));
    writer->listed[writer->listed_count++] = finish(writer, table, sizeof(table));
}

static gpa write_facs(struct writer *writer) {
    uint8_t table[FACS_SIZE] = {0};
    memcpy(table, "FACS", 4);
    put(table, 4, FACS_SIZE, 4);
    table[32] = 2;
    return place(writer, table, sizeof(table));
}

static gpa write_xsdt(struct writer *writer) {
    uint8_t table[HEADER_SIZE + 8 * TABLES_MAX] = {0};
    put_header(table, "XSDT", 1);
    for (uint32_t i = 0; i < writer->listed_count; i++)
        put(table, HEADER_SIZE + 8 * i, writer->listed[i], 8);
    return finish(writer, table, HEADER_SIZE + 8 * writer->listed_count);
}

bool acpi_tables_write(const struct guest_memory *memory, gpa *rsdp) {
    uint8_t pointer[36] = {0};
    struct writer writer = {.memory = memory, .at = BOOT_ACPI + sizeof(pointer)};
    gpa facs = write_facs(&writer), dsdt = write_dsdt(&writer);
    write_fadt(&writer, facs, dsdt);
    write_madt(&writer);
    memcpy(pointer, "RSD PTR ", 8);
    memcpy(pointer + 9, "BULKHD", 6);
    pointer[15] = 2;
    put(pointer, 20, sizeof(pointer), 4);
    put(pointer, 24, write_xsdt(&writer), 8);
    set_checksum(pointer, 20, 8);
    set_checksum(pointer, sizeof(pointer), 32);
    *rsdp = BOOT_ACPI;
    return !writer.full && memory_write(memory, BOOT_ACPI, pointer, sizeof(pointer));
}
