// SPDX-License-Identifier: MIT
//
// The list of chips, access dispatch, interrupt routing and time. To add a chip: its struct in machine.h and a line in
// the tables here.
#include "machine.h"

#include <stddef.h>

#include "bulkhead/log.h"
#include "bulkhead/thread.h"
#include "guest.h"
#include "msr.h"

#define ALL_ONES 0xffffffffu
#define COM1_PORT 0x3f8
#define COM1_IRQ 4
#define GSI_TIMER 2 // IRQ 0 comes in on pin 2, as the MADT tells

#define CHIP(field) offsetof(struct machine, field)

static const struct {
    const struct device_model *model;
    size_t device;
    uint32_t first, count;
} port_chips[] = {
    {&i8259_master_model, CHIP(pic), 0x20, 2},
    {&i8254_model, CHIP(pit), 0x40, 4},
    {&i8254_gate_model, CHIP(pit), 0x61, 1},
    {&keyboard_port_model, CHIP(pm), 0x64, 1},
    {&mc146818_model, CHIP(rtc), 0x70, 2},
    {&i8259_slave_model, CHIP(pic), 0xa0, 2},
    {&exit_port_model, CHIP(pm), EXIT_PORT, 1},
    {&ns16550_model, CHIP(uart), COM1_PORT, 8},
    {&i8259_elcr_model, CHIP(pic), 0x4d0, 2},
    {&acpi_pm_model, CHIP(pm), ACPI_PM_PORT, ACPI_PM_PORTS},
    {&pci_address_model, CHIP(pci), PCI_ADDRESS_PORT, 1},
    {&reset_port_model, CHIP(pm), RESET_PORT, 1},
    {&pci_data_model, CHIP(pci), PCI_DATA_PORT, 4},
};
#define PORT_CHIP_COUNT (sizeof(port_chips) / sizeof(port_chips[0]))
static_assert(PORT_CHIP_COUNT < MACHINE_RANGES);

static const struct {
    const struct device_model *model;
    size_t device;
    gpa first;
    uint32_t size;
} memory_chips[] = {
    {&lapic_model, CHIP(lapic), LAPIC_ADDRESS, LAPIC_SIZE},
    {&ioapic_model, CHIP(ioapic), IOAPIC_ADDRESS, IOAPIC_SIZE},
    {&exit_port_model, CHIP(pm), EXIT_ADDRESS, 4096},
};
#define MEMORY_CHIP_COUNT (sizeof(memory_chips) / sizeof(memory_chips[0]))

static void *chip_at(struct machine *machine, size_t offset) {
    return (uint8_t *)machine + offset;
}

void machine_create(struct machine *machine) {
    machine->lapic.machine = machine->ioapic.machine = machine->pic.machine = machine;
    machine->pit.machine = machine->rtc.machine = machine->uart.machine = machine->pm.machine = machine;
    machine->uart.irq = COM1_IRQ;
    machine->range_count = 1;
    for (size_t i = 0; i < PORT_CHIP_COUNT; i++) {
        uint32_t index = machine->range_count++;
        machine->ranges[index] = (struct port_range){port_chips[i].model, chip_at(machine, port_chips[i].device), port_chips[i].first};
        for (uint32_t port = 0; port < port_chips[i].count; port++)
            machine->ports[port_chips[i].first + port] = (uint8_t)index;
    }
    machine->pat = MSR_PAT_RESET;
    pci_create(&machine->pci, machine);
    machine_reset(machine);
}

void machine_reset(struct machine *machine) {
    for (size_t i = 0; i < PORT_CHIP_COUNT; i++)
        if (port_chips[i].model->reset)
            port_chips[i].model->reset(chip_at(machine, port_chips[i].device));
    for (size_t i = 0; i < MEMORY_CHIP_COUNT; i++)
        if (memory_chips[i].model->reset)
            memory_chips[i].model->reset(chip_at(machine, memory_chips[i].device));
    machine->timers_changed = true;
}

// Guests probe for hardware: one line for each port, and only for those who look for it.
static void report_port(struct machine *machine, uint32_t port) {
    if (port >= MACHINE_PORTS || port == 0x80 || (machine->reported[port / 8] >> port % 8 & 1))
        return;
    machine->reported[port / 8] |= (uint8_t)(1u << port % 8);
    bh_debug("the guest touched port 0x%x, where nothing is", port);
}

static const struct port_range *range_at(struct machine *machine, uint32_t port) {
    uint32_t index = port < MACHINE_PORTS ? machine->ports[port] : 0;
    return index ? &machine->ranges[index] : NULL;
}

// Nobody's port, or an access that is wider than the chip's registers, or than its range: piece by piece.
static __attribute__((noinline)) uint32_t read_unusual(struct machine *machine, uint32_t port, uint32_t size) {
    const struct port_range *range = range_at(machine, port);
    uint32_t value = 0;
    if (!range) {
        report_port(machine, port);
        return ALL_ONES;
    }
    uint32_t piece = range->model->access_max;
    for (uint32_t done = 0; done < size; done += piece)
        value |= machine_port_read(machine, port + done, piece) << done * 8;
    return value;
}

uint32_t machine_port_read(struct machine *machine, uint32_t port, uint32_t size) {
    const struct port_range *range = range_at(machine, port);
    if (!range || size > range->model->access_max)
        return read_unusual(machine, port, size);
    return range->model->read(range->device, port - range->first, size);
}

void machine_port_write(struct machine *machine, uint32_t port, uint32_t size, uint32_t value) {
    const struct port_range *range = range_at(machine, port);
    if (!range) {
        report_port(machine, port);
        return;
    }
    uint32_t piece = range->model->access_max;
    if (size <= piece) {
        range->model->write(range->device, port - range->first, size, value);
        return;
    }
    for (uint32_t done = 0; done < size; done += piece)
        machine_port_write(machine, port + done, piece, (value >> done * 8) & ((1u << piece * 8) - 1));
}

static uint32_t mmio_read_piece(struct machine *machine, gpa address, uint32_t size) {
    uint32_t value;
    for (size_t i = 0; i < MEMORY_CHIP_COUNT; i++)
        if (address - memory_chips[i].first < memory_chips[i].size)
            return memory_chips[i].model->read(chip_at(machine, memory_chips[i].device), (uint32_t)(address - memory_chips[i].first), size);
    if (address >= PCI_WINDOW && address < PCI_WINDOW_END && pci_mmio_read(&machine->pci, address, size, &value))
        return value;
    return ALL_ONES;
}

static void mmio_write_piece(struct machine *machine, gpa address, uint32_t size, uint32_t value) {
    for (size_t i = 0; i < MEMORY_CHIP_COUNT; i++)
        if (address - memory_chips[i].first < memory_chips[i].size) {
            memory_chips[i].model->write(chip_at(machine, memory_chips[i].device), (uint32_t)(address - memory_chips[i].first), size, value);
            return;
        }
    if (address >= PCI_WINDOW && address < PCI_WINDOW_END)
        (void)pci_mmio_write(&machine->pci, address, size, value);
}

uint64_t machine_mmio_read(struct machine *machine, gpa address, uint32_t size) {
    uint64_t value = mmio_read_piece(machine, address, size > 4 ? 4 : size);
    if (size > 4)
        value |= (uint64_t)mmio_read_piece(machine, address + 4, 4) << 32;
    return value;
}

void machine_mmio_write(struct machine *machine, gpa address, uint32_t size, uint64_t value) {
    mmio_write_piece(machine, address, size > 4 ? 4 : size, (uint32_t)value);
    if (size > 4)
        mmio_write_piece(machine, address + 4, 4, (uint32_t)(value >> 32));
}

void machine_set_irq(struct machine *machine, uint32_t irq, bool asserted) {
    i8259_set_input(&machine->pic, irq, asserted);
    ioapic_set_pin(&machine->ioapic, irq ? irq : GSI_TIMER, asserted);
}

void machine_message(struct machine *machine, uint64_t address, uint32_t data) {
    bool logical = address & 4;
    if (address >> 20 != LAPIC_ADDRESS >> 20 || (data >> 8 & 7) > 1)
        return; // not an interrupt, or none that is offered here
    if (lapic_is_addressed(&machine->lapic, (uint8_t)(address >> 12), logical))
        lapic_receive(&machine->lapic, (uint8_t)data, data & 0x8000);
}

void machine_tick(struct machine *machine) {
    uint64_t now = bh_time_ns();
    machine->timers_changed = false;
    uint64_t next = lapic_model.tick(&machine->lapic, now);
    next = deadline_min(next, i8254_model.tick(&machine->pit, now));
    next = deadline_min(next, mc146818_model.tick(&machine->rtc, now));
    next = deadline_min(next, ns16550_model.tick(&machine->uart, now));
    machine->timers_changed = false;
    machine->state->deadline_ns = next;
}

// Can the guest take an interrupt as it will be entered? The instruction behind STI or MOV SS is done once rip has moved.
static bool can_take(const struct machine *machine) {
    const struct bh_vcpu_state *state = machine->state;
    if (state->pending_event || state->inject_exception)
        return false;
    return state->interruptible || (state->rip != machine->entry_rip && (state->rflags & 0x200));
}

void machine_deliver(struct machine *machine) {
    struct bh_vcpu_state *state = machine->state;
    bool external = lapic_passes_8259(&machine->lapic) && i8259_pending(&machine->pic);
    int vector = lapic_pending(&machine->lapic);
    if (!external && vector < 0) {
        machine->attention = false;
        return;
    }
    if (!can_take(machine)) {
        state->want_window = 1;
        return;
    }
    UNDO_SAVE(machine, &state->inject_vector);
    if (external)
        vector = i8259_acknowledge(&machine->pic);
    else
        lapic_acknowledge(&machine->lapic, (uint8_t)vector);
    state->inject_vector = 0x100u | (uint32_t)vector;
    machine->attention = lapic_pending(&machine->lapic) >= 0 ||
                         (lapic_passes_8259(&machine->lapic) && i8259_pending(&machine->pic));
    state->want_window = machine->attention;
}

void machine_stop(struct machine *machine, uint32_t status, const char *why) {
    if (machine->stopped)
        return;
    UNDO_SAVE(machine, &machine->notes);
    UNDO_SAVE(machine, &machine->status);
    machine->stopped = true;
    machine->status = status;
    bh_info("the guest %s (status %u)", why, status);
}

const char *machine_restore(struct machine *machine, const struct machine *saved) {
    const char *why = NULL;
    if (!device_flag(&saved->stopped) || !msr_pat_valid(saved->pat))
        return "the machine's own fields";
    machine->stopped = saved->stopped;
    machine->status = saved->status;
    machine->pat = saved->pat;
    machine->cpuid_ecx = saved->cpuid_ecx;
    for (size_t i = 0; i < PORT_CHIP_COUNT && !why; i++)
        if (port_chips[i].model->restore)
            why = port_chips[i].model->restore(chip_at(machine, port_chips[i].device), (const uint8_t *)saved + port_chips[i].device);
    for (size_t i = 0; i < MEMORY_CHIP_COUNT && !why; i++)
        if (memory_chips[i].model->restore)
            why = memory_chips[i].model->restore(chip_at(machine, memory_chips[i].device), (const uint8_t *)saved + memory_chips[i].device);
    machine->attention = machine->timers_changed = machine->disk_ready = true;
    machine->net_ready = saved->has_net; // what the old one had noted of these is not known
    machine->output_ready = machine->uart.output_count != 0;
    return why;
}
