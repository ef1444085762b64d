// SPDX-License-Identifier: MIT
//
// Idle and off. Off tries, in this order: QEMU's isa-debug-exit (the status becomes QEMU's exit status, times two plus one),
// Bochs' shutdown port, ACPI's soft-off state; then it waits for the switch.
#include "kernel/platform/pc/acpi.h"
#include "kernel/platform/pc/pc.h"
#include "kernel/platform/pc/ports.h"

#define DEBUG_EXIT_PORT 0xf4
#define BOCHS_SHUTDOWN_PORT 0x8900

void power_idle(void) {
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

[[noreturn]] void power_off(int status) {
    static const char shutdown[] = "Shutdown";
    __asm__ volatile("cli");
    out32(DEBUG_EXIT_PORT, (uint32_t)status);
    for (const char *at = shutdown; *at; at++)
        out8(BOCHS_SHUTDOWN_PORT, (uint8_t)*at);
    acpi_power_off();
    console_text("bulkhead: stopped; the machine may be switched off\n");
    for (;;)
        __asm__ volatile("cli; hlt");
}
