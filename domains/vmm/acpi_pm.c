// SPDX-License-Identifier: MIT
//
// Fixed ACPI hardware and the ways in which a guest ends: S5, reset, port 0xf4. The 3.58 MHz timer is the guest's second
// opinion about time beside the PIT.
#include "acpi_pm.h"

#include "bulkhead/thread.h"
#include "machine.h"

#define TIMER_HZ 3579545ull
#define NS 1000000000ull
#define CONTROL_SCI_EN 1
#define CONTROL_SLP_EN 0x2000
#define CONTROL_KEPT 0x1c06

static uint32_t timer(void) {
    uint64_t now = bh_time_ns();
    return (uint32_t)(now / NS * TIMER_HZ + now % NS * TIMER_HZ / NS);
}

static uint32_t read(void *device, uint32_t offset, uint32_t size) {
    struct acpi_pm *pm = device;
    uint32_t value;
    if (offset >= 8)
        value = timer() >> (offset - 8) * 8;
    else if (offset >= 4)
        value = (uint32_t)(pm->control | CONTROL_SCI_EN) >> (offset - 4) * 8;
    else
        value = ((uint32_t)pm->status | (uint32_t)pm->enable << 16) >> offset * 8;
    return size == 4 ? value : value & ((1u << size * 8) - 1);
}

static void write_control(struct acpi_pm *pm, uint16_t value) {
    pm->control = value & CONTROL_KEPT;
    if ((value & CONTROL_SLP_EN) && (value >> 10 & 7) == ACPI_SLEEP_OFF)
        machine_stop(pm->machine, STATUS_OFF, "powered itself off");
}

static void write(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct acpi_pm *pm = device;
    UNDO_SAVE(pm->machine, pm);
    if (offset == 0) {
        pm->status &= (uint16_t)~value;
        if (size == 4)
            pm->enable = (uint16_t)(value >> 16);
    } else if (offset == 2) {
        pm->enable = (uint16_t)value;
    } else if (offset == 4) {
        write_control(pm, (uint16_t)value);
    }
}

static void reset(void *device) {
    struct acpi_pm *pm = device;
    *pm = (struct acpi_pm){.machine = pm->machine};
}

static const char *restore(void *device, const void *from) {
    struct acpi_pm *pm = device;
    const struct acpi_pm *saved = from;
    if (saved->control & ~CONTROL_KEPT)
        return "the power management's control register";
    DEVICE_TAKE(pm, saved, status);
    return NULL;
}

static uint32_t read_zero(void *device, uint32_t offset, uint32_t size) {
    (void)device;
    (void)offset;
    (void)size;
    return 0;
}

static void write_reset(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct acpi_pm *pm = device;
    (void)offset;
    (void)size;
    if (value & 4)
        machine_stop(pm->machine, STATUS_RESET, "asked for a reset");
}

static uint32_t read_keyboard(void *device, uint32_t offset, uint32_t size) {
    (void)device;
    (void)offset;
    (void)size;
    return 0xff; // nobody there
}

static void write_keyboard(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct acpi_pm *pm = device;
    (void)offset;
    (void)size;
    if (value == 0xfe)
        machine_stop(pm->machine, STATUS_RESET, "asked the keyboard controller for a reset");
}

static void write_exit(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct acpi_pm *pm = device;
    (void)offset;
    (void)size;
    machine_stop(pm->machine, value & 0xff, "ended");
}

const struct device_model acpi_pm_model = {
    .name = "acpi-pm", .access_max = 4, .reset = reset, .read = read, .write = write, .restore = restore};
const struct device_model reset_port_model = {
    .name = "reset", .access_max = 1, .read = read_zero, .write = write_reset};
const struct device_model keyboard_port_model = {
    .name = "keyboard", .access_max = 1, .read = read_keyboard, .write = write_keyboard};
const struct device_model exit_port_model = {
    .name = "exit", .access_max = 4, .read = read_zero, .write = write_exit};
