// SPDX-License-Identifier: MIT
//
// Processors: the kernel's lock, halts and flushes on the others, and how these are started.
//
// Order of writes is what makes the lock's neighbours right, and x86 keeps it: a processor says that it is outside before it releases the
// lock, and that it is no longer outside before it waits for the lock. So who holds the lock and finds `outside' clear knows that the
// other one is in the kernel, or will be stopped at its door, where it empties its TLB before it looks at anything.
#include "kernel/arch/x86_64/regs.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/mm/frames.h"
#include "kernel/platform/pc/acpi.h"
#include "kernel/platform/pc/pc.h"
#include "kernel/platform/pc/smp.h"
#include "kernel/sched/cpu.h"
#include <stdlib.h>
#include <string.h>

#define TRAMPOLINE 0x8000u // below 1 MiB, where a start-up message can point; nobody else has this memory (bootinfo.c)
#define AP_STACK_SIZE 0x10000ull // and aligned so, as a control stack is
#define INIT_NS 10000000ull      // Intel SDM vol. 3, 8.4.4.1
#define STARTUP_NS 200000ull
#define ARRIVAL_NS 1000000000ull
#define STOP_AGAIN_NS 20000ull   // a processor that was in a proxy is asked again

extern const uint8_t trampoline_start[], trampoline_end[];
[[noreturn]] void smp_ap_main(void);

struct cpu cpus[CPU_COUNT_MAX];
uint32_t kernel_lock_word = 1; // boot holds it
uint64_t tlb_generation;
uint64_t ap_stack;             // for the processor that is being started; it takes it

static uint32_t count = 1;
static uint32_t hardware_ids[CPU_COUNT_MAX];
static uint64_t trap_stacks;   // of the processor that is being started
static uint32_t arrived;       // it is through with itself

struct cpu *cpu_self(void) {
    return &cpus[trap_cpu_index()];
}

uint32_t cpu_count(void) {
    return count;
}

uint32_t cpu_hardware_id(uint32_t index) {
    return hardware_ids[index];
}

// ---- the lock --------------------------------------------------------------------------------------------------------------

static uint64_t load(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void flush_self(struct cpu *self) {
    uint64_t generation = load(&tlb_generation), cr3;
    trap_follow_system_calls();
    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3) : : "memory");
    __atomic_store_n(&self->tlb_seen, generation, __ATOMIC_RELEASE);
}

bool kernel_try_lock(void) {
    return !__atomic_exchange_n(&kernel_lock_word, 1, __ATOMIC_ACQUIRE);
}

void kernel_lock(void) {
    struct cpu *self = cpu_self();
    __atomic_store_n(&self->outside, 0, __ATOMIC_RELEASE);
    while (!kernel_try_lock())
        while (__atomic_load_n(&kernel_lock_word, __ATOMIC_RELAXED))
            __builtin_ia32_pause();
    if (self->tlb_seen != tlb_generation)
        flush_self(self);
}

void kernel_unlock(void) {
    struct cpu *self = cpu_self();
    __atomic_store_n(&self->outside, self->current != &self->idle, __ATOMIC_RELEASE);
    __atomic_store_n(&kernel_lock_word, 0, __ATOMIC_RELEASE);
}

static bool is_outside(const struct cpu *cpu) {
    return __atomic_load_n(&cpu->outside, __ATOMIC_ACQUIRE);
}

// ---- halts and flushes -------------------------------------------------------------------------------------------------

void cpu_poke(uint32_t index) {
    lapic_send(hardware_ids[index], VECTOR_COME);
}

void cpus_stop(void) {
    const struct cpu *self = cpu_self();
    for (struct cpu *cpu = cpus; cpu < cpus + count; cpu++)
        while (cpu != self && is_outside(cpu)) {
            uint64_t again = clock_now_ns() + STOP_AGAIN_NS;
            cpu_poke(cpu->id);
            while (is_outside(cpu) && clock_now_ns() < again)
                __builtin_ia32_pause();
        }
}

void smp_flush_others(void) {
    struct cpu *self = cpu_self();
    if (count == 1)
        return;
    self->tlb_seen = ++tlb_generation;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); // before the messages
    for (const struct cpu *cpu = cpus; cpu < cpus + count; cpu++)
        if (cpu != self && is_outside(cpu))
            lapic_send(hardware_ids[cpu->id], VECTOR_FLUSH);
    for (const struct cpu *cpu = cpus; cpu < cpus + count; cpu++)
        while (cpu != self && is_outside(cpu) && load(&cpu->tlb_seen) < tlb_generation)
            __builtin_ia32_pause();
}

void smp_flush_asked(void) {
    flush_self(cpu_self());
}

// ---- start -----------------------------------------------------------------------------------------------------------------

static void wait(uint64_t ns) {
    uint64_t until = clock_now_ns() + ns;
    while (clock_now_ns() < until)
        __builtin_ia32_pause();
}

// The new processor's own way into the kernel, on its own stack and the kernel's page tables.
void smp_ap_main(void) {
    boot_start_processor();
    trap_start(count, trap_stacks);
    lapic_start(0);
    cpu_self()->id = count;
    flush_self(cpu_self());
    __atomic_store_n(&arrived, 1, __ATOMIC_RELEASE);
    kernel_lock(); // boot has it still, and counts us in before it lets go
    sched_join();
}

static bool start(uint32_t apic_id) {
    hpa stacks;
    uint64_t size = AP_STACK_SIZE + TRAP_STACKS_SIZE;
    if (!lapic_reaches(apic_id)) {
        log_write(BH_LOG_WARNING, "kernel", "processor %u cannot be reached: the firmware left the APICs in the mode that knows 255 of them", apic_id);
        return false;
    }
    if (frames_alloc(size / BH_PAGE_SIZE, AP_STACK_SIZE / BH_PAGE_SIZE, &stacks) != BH_OK) {
        log_write(BH_LOG_WARNING, "kernel", "processor %u is not started: no %llu KiB for its stacks", apic_id, (unsigned long long)size >> 10);
        return false;
    }
    uint64_t base = (uint64_t)platform_direct(stacks);
    memset((void *)base, 0, size);
    trap_stacks = base + AP_STACK_SIZE;
    arrived = 0;
    hardware_ids[count] = apic_id;
    __atomic_store_n(&ap_stack, base + AP_STACK_SIZE, __ATOMIC_SEQ_CST);
    lapic_send(apic_id, LAPIC_INIT);
    wait(INIT_NS);
    for (int i = 0; i < 2 && load(&ap_stack); i++) {
        lapic_send(apic_id, LAPIC_STARTUP | TRAMPOLINE >> 12);
        wait(STARTUP_NS);
    }
    uint64_t until = clock_now_ns() + ARRIVAL_NS;
    while (!__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) && clock_now_ns() < until)
        __builtin_ia32_pause();
    if (arrived)
        return true;
    lapic_send(apic_id, LAPIC_INIT); // wherever it is, it stays there
    frames_free(stacks, size / BH_PAGE_SIZE);
    log_write(BH_LOG_WARNING, "kernel", "processor %u, which ACPI names, does not start (no sign of it for %llu ms); going on without it", apic_id,
              ARRIVAL_NS / 1000000);
    return false;
}

// `cpus=N` on the command line: use no more than that.
static uint32_t wanted(void) {
    size_t size;
    const char *text = boot_option("cpus", &size);
    unsigned long limit = text ? strtoul(text, NULL, 10) : CPU_COUNT_MAX;
    return limit < 1 ? 1 : limit > CPU_COUNT_MAX ? CPU_COUNT_MAX : (uint32_t)limit;
}

void cpus_start(void) {
    uint32_t named = acpi_machine.processor_count, limit = wanted();
    hardware_ids[0] = lapic_id();
    memcpy(platform_direct(TRAMPOLINE), trampoline_start, (size_t)(trampoline_end - trampoline_start));
    for (uint32_t i = 0; i < named && i < ACPI_PROCESSORS_MAX && count < limit; i++)
        if (acpi_machine.processors[i] != hardware_ids[0] && start(acpi_machine.processors[i]))
            count++;
    kernel_unlock();
    for (uint32_t i = 1; i < count; i++) // they are to sleep, not to wait for the lock, while the system is built
        while (!__atomic_load_n(&cpus[i].current, __ATOMIC_ACQUIRE))
            __builtin_ia32_pause();
    kernel_lock();
    if (named > 1)
        log_write(BH_LOG_INFO, "kernel", "%u of %u processors run", count, named);
}
