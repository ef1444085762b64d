// SPDX-License-Identifier: MIT
//
// Interrupts: the flag, vectors for devices, dispatch. The old interrupt controllers are moved out of the way and masked. A vector
// nobody owns is acknowledged and otherwise ignored: a device that was just taken from a dead driver may still have one
// message under way. Devices interrupt the first processor. One of them that interrupts without end finds two limits: the rate at which a
// driver may be told (kernel/domain/interrupts.c), and, while the kernel's lock cannot be had, none but the first is taken.
#include "kernel/arch/x86_64/regs.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/platform/pc/acpi.h"
#include "kernel/platform/pc/pc.h"
#include "kernel/platform/pc/ports.h"

#define PIC_MASTER 0x20
#define PIC_SLAVE 0xa0
#define PIC_INIT 0x11
#define PIC_8086 1
#define PIC_BASE 0x20 // vectors of stray interrupts
#define MSI_ADDRESS 0xfee00000u
#define ISA_IRQS 16

uint8_t platform_irq_pending;

static struct {
    irq_handler *handler; // NULL: free
    void *context;
    bool late; // it came when the kernel's lock could not be had; set and cleared on the first processor alone
} owners[VECTOR_DEVICE_END - VECTOR_DEVICE_FIRST];
static bool some_late; // any of them; then devices are held
uint64_t irq_cost_ns = 10000; // at most, whatever is measured

#define LATE_NS 20000 // then it is tried again
#define MEASUREMENTS 16

void irq_start(void) {
    out8(PIC_MASTER, PIC_INIT);
    out8(PIC_SLAVE, PIC_INIT);
    out8(PIC_MASTER + 1, PIC_BASE);
    out8(PIC_SLAVE + 1, PIC_BASE + 8);
    out8(PIC_MASTER + 1, 4);
    out8(PIC_SLAVE + 1, 2);
    out8(PIC_MASTER + 1, PIC_8086);
    out8(PIC_SLAVE + 1, PIC_8086);
    out8(PIC_MASTER + 1, 0xff);
    out8(PIC_SLAVE + 1, 0xff);
}

bool irq_disable(void) {
    uint64_t flags;
    __asm__ volatile("pushfq; pop %0; cli" : "=r"(flags) : : "memory");
    return flags & RFLAGS_IF;
}

void irq_restore(bool enabled) {
    if (enabled)
        __asm__ volatile("sti" : : : "memory");
    else
        __asm__ volatile("cli" : : : "memory");
}

void irq_window(void) {
    __asm__ volatile("sti; nop; cli" : : : "memory");
}

// The processor keeps what is pending by itself.
void irq_replay(void) {
}

void irq_before_resume(void) {
}

enum bh_error irq_allocate(irq_handler *handler, void *context, uint32_t *vector) {
    for (uint32_t i = 0; i < VECTOR_DEVICE_END - VECTOR_DEVICE_FIRST; i++)
        if (!owners[i].handler) {
            owners[i].handler = handler;
            owners[i].context = context;
            *vector = VECTOR_DEVICE_FIRST + i;
            return BH_OK;
        }
    return refuse(BH_ENOSPC, "all %d interrupt vectors are in use", VECTOR_DEVICE_END - VECTOR_DEVICE_FIRST);
}

void irq_release(uint32_t vector) {
    BH_ASSERT(vector >= VECTOR_DEVICE_FIRST && vector < VECTOR_DEVICE_END);
    owners[vector - VECTOR_DEVICE_FIRST].handler = NULL;
}

void irq_message(uint32_t vector, uint64_t *address, uint32_t *data) {
    *address = MSI_ADDRESS | lapic_id() << 12;
    *data = vector; // fixed delivery, edge
}

enum bh_error irq_legacy(uint32_t isa_irq, uint32_t vector) {
    if (isa_irq >= ISA_IRQS)
        return refuse(BH_ERANGE, "ISA interrupt %u is not below %d", isa_irq, ISA_IRQS);
    const struct acpi_override *override = &acpi_machine.overrides[isa_irq];
    if (override->level)
        return refuse(BH_ENOTSUP, "ISA interrupt %u is level triggered on this machine", isa_irq);
    return ioapic_route(override->line, vector, override->active_low, false);
}

void irq_legacy_mask(uint32_t isa_irq) {
    ioapic_mask(acpi_machine.overrides[isa_irq].line);
}

void irq_raise(uint32_t vector) {
    lapic_send(lapic_id(), vector);
}

static void count(void *counter) {
    ++*(volatile uint32_t *)counter;
}

// The shortest of some that the processor sends itself.
void irq_measure(void) {
    volatile uint32_t taken = 0;
    uint32_t vector;
    if (irq_allocate(count, (void *)&taken, &vector) != BH_OK)
        return;
    for (uint32_t i = 1; i <= MEASUREMENTS; i++) {
        uint64_t start = clock_now_ns();
        irq_raise(vector);
        kernel_unlock();
        while (taken < i)
            irq_window();
        kernel_lock();
        uint64_t took = clock_now_ns() - start;
        irq_cost_ns = took && took < irq_cost_ns ? took : irq_cost_ns;
    }
    irq_release(vector);
    log_write(BH_LOG_DEBUG, "kernel", "an interrupt takes %llu ns", (unsigned long long)irq_cost_ns);
}

static bool is_device(uint64_t vector) {
    return vector >= VECTOR_DEVICE_FIRST && vector < VECTOR_DEVICE_END;
}

// Returns whether anybody owns it.
static bool run_handler(uint32_t index) {
    irq_handler *handler = owners[index].handler;
    owners[index].late = false;
    if (handler)
        handler(owners[index].context);
    return handler;
}

static void run_late(void) {
    if (!some_late)
        return;
    some_late = false;
    lapic_hold(false);
    for (uint32_t i = 0; i < VECTOR_DEVICE_END - VECTOR_DEVICE_FIRST; i++)
        if (owners[i].late)
            (void)run_handler(i);
}

void irq_postpone(uint64_t vector) {
    if (vector == VECTOR_TIMER)
        (void)clock_due(); // so that it can be armed again
    else if (is_device(vector)) {
        owners[vector - VECTOR_DEVICE_FIRST].late = some_late = true;
        lapic_hold(true); // or the proxy may never come to its end, for which others may wait
    } else if (vector != VECTOR_COME) {
        lapic_end_stray((uint32_t)vector);
        return;
    }
    lapic_end_interrupt();
    clock_arm(clock_now_ns() + LATE_NS);
}

void irq_dispatch(struct trap_frame *frame) {
    uint64_t vector = frame->vector;
    if (trap_cpu_index() == 0)
        run_late();
    if (vector == VECTOR_TIMER) {
        lapic_end_interrupt();
        frame->vector = TRAP_TIMER;
        if (clock_due())
            trap_timer(frame);
        return;
    }
    if (!is_device(vector) && vector != VECTOR_COME) { // spurious, of the old controllers or the APIC's own; or a device wrote it of its own accord
        lapic_end_stray((uint32_t)vector);
        return;
    }
    bool owned = vector == VECTOR_COME || run_handler((uint32_t)vector - VECTOR_DEVICE_FIRST);
    lapic_end_interrupt();
    frame->vector = TRAP_DEVICE;
    if (owned)
        trap_device(frame);
}
