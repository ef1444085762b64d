// SPDX-License-Identifier: MIT
//
// Descriptor tables, task state segment and trap stacks, and who handles what trap.S caught. Source: Intel SDM vol. 3, 6.14
// (IDT and IST in 64-bit mode), 7.7 (task state segment).
#include <string.h>

#include "kernel/arch/x86_64/guarded.h"
#include "kernel/arch/x86_64/regs.h"
#include "kernel/base.h"
#include "kernel/abi/slot.h"
#include "kernel/platform/pc/keys.h"
#include "kernel/platform/pc/pc.h"
#include "kernel/platform/pc/smp.h"
#include "kernel/sched/cpu.h"

#define FAULT_STACK_STEP 32768 // as in trap.S
#define FAULT_STACK_DEPTH 4    // a fault in a handler of a fault ...
#define TRAP_STACK_SIZE 32768
static_assert(FAULT_STACK_STEP * FAULT_STACK_DEPTH + 2 * TRAP_STACK_SIZE == TRAP_STACKS_SIZE);
#define ABOVE_FRAME (6 * 8 + 512) // rest of struct trap_frame, FXSAVE image
#define GATE_INTERRUPT 0x8e
#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TASK 0x18 // of the first processor, as in gate.inc; each has its own, by which it knows its number
#define SELECTOR_STEP 16
#define FLAGS_WITH_MEANING 0x47700 // AC, NT, IOPL, DF, IF, TF
#define STUB_SIZE 16

enum ist : uint8_t { IST_EXCEPTION = 1, IST_INTERRUPT = 2, IST_FATAL = 3 };
enum exception : uint64_t { EXCEPTION_NMI = 2, EXCEPTION_DOUBLE = 8, EXCEPTION_GP = 13, EXCEPTION_PAGE = 14, EXCEPTION_MACHINE = 18 };

struct [[gnu::packed]] task_state {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map;
};
static_assert(offsetof(struct task_state, ist) == 36);
static_assert(offsetof(struct trap_frame, fault_address) == 176);
static_assert(sizeof(struct trap_frame) == 224);

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

struct [[gnu::packed]] table_pointer {
    uint16_t limit;
    uint64_t base;
};

extern const uint8_t trap_stubs[];
void trap_dispatch(struct trap_frame *frame);
void paging_syscall(void); // user_mode.S

#define GDT_USER (3 + 2 * CPU_COUNT_MAX)

// What the processor and trap.S read before the kernel's rights are back, on pages of its own, and readable for all keys (isolation.c).
struct trap_tables {
    alignas(BH_PAGE_SIZE) struct per_cpu {
        alignas(128) struct task_state task;
        uint64_t fault_stacks; // the lowest address
    } cpus[CPU_COUNT_MAX];
    uint64_t keys; // 1: protection keys are in use
    // Code, data, tasks (two entries each), data and code of user mode in the order in which sysret wants them.
    uint64_t gdt[GDT_USER + 2];
    struct gate idt[256];
} trap_tables = {.gdt = {0, 0x00af9b000000ffff, 0x00cf93000000ffff, [GDT_USER] = 0x00cff3000000ffff, 0x00affb000000ffff}};
static_assert(sizeof(struct per_cpu) == 128 && offsetof(struct trap_tables, keys) == TRAP_TABLES_KEYS);
alignas(BH_PAGE_SIZE) uint8_t trap_boot_stacks[TRAP_STACKS_SIZE];

static uint8_t ist_of(unsigned vector) {
    if (vector == EXCEPTION_NMI || vector == EXCEPTION_DOUBLE || vector == EXCEPTION_MACHINE)
        return IST_FATAL;
    return vector < 32 ? IST_EXCEPTION : IST_INTERRUPT;
}

static void fill_idt(void) {
    for (unsigned vector = 0; vector < 256; vector++) {
        uint64_t stub = (uint64_t)trap_stubs + vector * STUB_SIZE;
        trap_tables.idt[vector] = (struct gate){.offset_low = (uint16_t)stub,
                                    .selector = SELECTOR_CODE,
                                    .ist = ist_of(vector),
                                    .type = GATE_INTERRUPT,
                                    .offset_middle = (uint16_t)(stub >> 16),
                                    .offset_high = (uint32_t)(stub >> 32)};
    }
}

static void fill_gdt(uint32_t index, const struct task_state *task) {
    uint64_t base = (uint64_t)task, limit = sizeof(*task) - 1;
    trap_tables.gdt[3 + 2 * index] = limit | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    trap_tables.gdt[4 + 2 * index] = base >> 32;
}

static bool system_calls; // a domain makes them

// Where `syscall' leads, with interrupts off and all flags that could mean something clear. Source: Intel SDM vol. 3, 5.8.8.
void trap_follow_system_calls(void) {
    if (!system_calls || rdmsr(MSR_EFER) & EFER_SCE)
        return;
    wrmsr(MSR_STAR, (uint64_t)SELECTOR_CODE << 32 | (uint64_t)(8 * (GDT_USER - 1) | 3) << 48);
    wrmsr(MSR_LSTAR, (uint64_t)paging_syscall);
    wrmsr(MSR_FMASK, FLAGS_WITH_MEANING);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
}

void trap_use_system_calls(void) {
    system_calls = true;
    trap_follow_system_calls();
    smp_flush_others(); // which follow
}

void trap_start(uint32_t index, uint64_t stacks) {
    struct task_state *task = &trap_tables.cpus[index].task;
    uint64_t fault_end = stacks + FAULT_STACK_STEP * FAULT_STACK_DEPTH;
    trap_tables.cpus[index].fault_stacks = stacks;
    task->ist[IST_EXCEPTION - 1] = fault_end - ABOVE_FRAME;
    task->ist[IST_INTERRUPT - 1] = fault_end + TRAP_STACK_SIZE - ABOVE_FRAME;
    task->ist[IST_FATAL - 1] = fault_end + 2 * TRAP_STACK_SIZE - ABOVE_FRAME;
    task->io_map = sizeof(*task);
    if (index == 0)
        fill_idt();
    fill_gdt(index, task);
    struct table_pointer gdt_pointer = {sizeof(trap_tables.gdt) - 1, (uint64_t)trap_tables.gdt};
    struct table_pointer idt_pointer = {sizeof(trap_tables.idt) - 1, (uint64_t)trap_tables.idt};
    __asm__ volatile("lgdt %0; lidt %1; ltr %w2" : : "m"(gdt_pointer), "m"(idt_pointer), "r"(SELECTOR_TASK + SELECTOR_STEP * index) : "memory");
}

uint32_t trap_cpu_index(void) {
    uint32_t selector;
    __asm__("str %0" : "=r"(selector));
    return ((selector & 0xffff) - SELECTOR_TASK) / SELECTOR_STEP;
}

void trap_into_kernel(struct trap_frame *frame, const uint64_t bases[2]) {
    frame->cs = SELECTOR_CODE;
    frame->ss = SELECTOR_DATA;
    frame->key_rights = 0;
    frame->gs_base = bases[0];
    frame->fs_base = bases[1];
}

bool trap_in_domain(const struct trap_frame *frame) {
    return frame->rip - BH_SLOT_AREA < BH_SLOT_COUNT * BH_SLOT_SIZE;
}

bool trap_in_kernel(const struct trap_frame *frame) {
    return frame->rip - (uint64_t)kernel_start < (uint64_t)(kernel_text_end - kernel_start);
}

bool trap_unprivileged(const struct trap_frame *frame) {
    return frame->cs & 3;
}

struct trap_frame *trap_resumable(struct trap_frame *frame) {
    if (!frame->key_rights)
        return frame;
    uint64_t top = trap_tables.cpus[trap_cpu_index()].task.ist[IST_INTERRUPT - 1];
    struct trap_frame *copy = (struct trap_frame *)(top - offsetof(struct trap_frame, fault_address));
    *copy = *frame;
    return copy;
}

void trap_use_keys(void) {
    uint64_t tables = (uint64_t)&trap_tables;
    paging_set_key(tables, sizeof(trap_tables), KEY_TABLES);
    for (uint32_t i = 0; i < cpu_count(); i++)
        paging_set_key(trap_tables.cpus[i].fault_stacks, TRAP_STACKS_SIZE, KEY_STACKS);
    trap_tables.keys = 1;
}

static const char *fatal_name(uint64_t vector) {
    if (vector == EXCEPTION_NMI)
        return "non-maskable interrupt";
    return vector == EXCEPTION_DOUBLE ? "double fault" : "machine check";
}

// Too deep: the next exception would run below the fault stacks.
static bool out_of_fault_stacks(void) {
    const struct per_cpu *own = &trap_tables.cpus[trap_cpu_index()];
    return own->task.ist[IST_EXCEPTION - 1] < own->fault_stacks + FAULT_STACK_STEP / 2;
}

// Interrupts of proxies do not wait for the lock: who has it may wait for the proxy's end, or for an emptied TLB.
static void interrupted(struct trap_frame *frame) {
    bool in_proxy = trap_in_proxy(frame);
    if (in_proxy && !kernel_try_lock()) {
        irq_postpone(frame->vector);
        return;
    }
    cpu_self()->frame = frame; // before we wait: who stopped us looks at it
    if (!in_proxy) {
        kernel_lock();
        (void)trap_settle(frame);
    }
    irq_dispatch(frame);
    cpu_self()->frame = NULL;
    if (!trap_keeps_lock(frame))
        kernel_unlock();
}

static void fault(struct trap_frame *frame) {
    cpu_self()->frame = frame;
    kernel_lock();
    if (!trap_settle(frame))
        trap_fault(frame);
    cpu_self()->frame = NULL;
    kernel_unlock();
}

void trap_dispatch(struct trap_frame *frame) {
    if (frame->vector == VECTOR_FLUSH) {
        smp_flush_asked();
        lapic_end_interrupt();
        return;
    }
    if (frame->vector >= 32) {
        interrupted(frame);
        return;
    }
    if ((frame->vector == EXCEPTION_PAGE || frame->vector == EXCEPTION_GP) && guarded_fix(frame))
        return;
    if (ist_of((unsigned)frame->vector) == IST_FATAL || out_of_fault_stacks())
        panic("%s at 0x%llx, stack 0x%llx, address 0x%llx",
              ist_of((unsigned)frame->vector) == IST_FATAL ? fatal_name(frame->vector) : "faults inside fault handlers",
              (unsigned long long)frame->rip, (unsigned long long)frame->rsp, (unsigned long long)frame->fault_address);
    if (cpu_self()->outside)
        fault(frame);
    else
        trap_fault(frame); // the kernel's own: it does not come back
}
