// SPDX-License-Identifier: MIT
//
// From an exit to the device and back. Called by the kernel on the vCPU's thread, for each exit; ports and CPUID are the
// short paths. What goes to other domains (console output, the disk's bell) goes after the lock is dropped.
#include "exits.h"

#include <stdatomic.h>
#include <stddef.h>

#include "backend.h"
#include "bulkhead/log.h"
#include "cpuid.h"
#include "decode.h"
#include "guest.h"
#include "host.h"
#include "machine.h"
#include "mmio.h"
#include "msr.h"
#include "paging.h"

#define FLAG_IF 0x200ull
#define FLAG_DF 0x400ull
#define VECTOR_UD 6
#define VECTOR_GP 13
#define INJECT 0x100u
#define INJECT_ERROR 0x200u

// EXITINFO1 of a port access (AMD APM vol. 2, 15.10.2).
#define IO_IN 1u
#define IO_STRING 4u
#define IO_REPEAT 8u
#define IO_SIZE(info) ((uint32_t)(info) >> 4 & 7)
#define IO_ADDRESS_SIZE(info) (((uint32_t)(info) >> 7 & 7) * 2)
#define IO_PORT(info) ((uint32_t)(info) >> 16 & 0xffff)

// EXITINFO1 of a nested page fault.
#define FAULT_WRITE 2u
#define FAULT_FETCH 0x10u
#define FAULT_TABLE_WALK (1ull << 33)

static void inject(struct machine *machine, uint32_t vector, bool has_error) {
    struct bh_vcpu_state *state = machine->state;
    UNDO_SAVE(machine, &state->inject_exception);
    state->inject_exception = INJECT | vector | (has_error ? INJECT_ERROR : 0);
    state->exception_error = 0;
}

static void skip(struct bh_vcpu_state *state, uint32_t length) {
    state->rip = state->next_rip ? state->next_rip : state->rip + length;
}

// INS and OUTS: one element an exit; rip moves on after the last.
static void handle_string_io(struct machine *machine, uint64_t info) {
    struct bh_vcpu_state *state = machine->state;
    uint32_t size = IO_SIZE(info), width = IO_ADDRESS_SIZE(info), value = 0;
    uint64_t mask = width == 8 ? ~0ull : (1ull << width * 8) - 1;
    uint64_t *index = info & IO_IN ? &state->rdi : &state->rsi;
    gpa at;
    if ((info & IO_REPEAT) && !(state->rcx & mask)) {
        state->rip = state->info2;
        return;
    }
    if (!paging_translate(&machine->memory, state, *index & mask, &at) || !memory_at(&machine->memory, at, size)) {
        inject(machine, VECTOR_GP, true);
        return;
    }
    undo_save_registers(machine);
    if (info & IO_IN) {
        value = machine_port_read(machine, IO_PORT(info), size);
        memory_write(&machine->memory, at, &value, size);
    } else {
        memory_read(&machine->memory, at, &value, size);
        machine_port_write(machine, IO_PORT(info), size, value);
    }
    uint64_t step = state->rflags & FLAG_DF ? 0 - (uint64_t)size : size;
    *index = (*index & ~mask) | ((*index + step) & mask);
    if (info & IO_REPEAT)
        state->rcx = (state->rcx & ~mask) | ((state->rcx - 1) & mask);
    if (!(info & IO_REPEAT) || !(state->rcx & mask))
        state->rip = state->info2;
}

static void handle_io(struct machine *machine) {
    static const uint32_t masks[8] = {[1] = 0xff, [2] = 0xffff, [4] = 0xffffffff};
    struct bh_vcpu_state *state = machine->state;
    uint64_t info = state->info1;
    uint32_t size = IO_SIZE(info), mask = masks[size];
    if (!(info & IO_IN)) {
        machine_port_write(machine, IO_PORT(info), size, (uint32_t)state->rax & mask);
    } else {
        uint32_t value = machine_port_read(machine, IO_PORT(info), size);
        state->rax = size == 4 ? value : (state->rax & ~(uint64_t)mask) | (value & mask);
    }
    state->rip = state->info2;
}

// Nothing is saved here: until rip moves the exit can be asked again, since rcx is still that of the guest. From then on it is answered, and who finds it
// so has rcx in cpuid_ecx (exits_answered()).
static void handle_cpuid(struct machine *machine) {
    struct bh_vcpu_state *state = machine->state;
    struct cpuid_leaf leaf = cpuid_get((uint32_t)state->rax, (uint32_t)state->rcx);
    state->rax = leaf.eax;
    state->rbx = leaf.ebx;
    state->rdx = leaf.edx;
    machine->cpuid_ecx = leaf.ecx;
    atomic_signal_fence(memory_order_seq_cst);
    skip(state, 2);
    atomic_signal_fence(memory_order_seq_cst);
    state->rcx = leaf.ecx;
}

void exits_answered(struct machine *machine) {
    if (machine->state->reason == BH_EXIT_REASON_CPUID)
        machine->state->rcx = machine->cpuid_ecx;
}

static void handle_msr(struct machine *machine) {
    struct bh_vcpu_state *state = machine->state;
    uint32_t msr = (uint32_t)state->rcx;
    uint64_t value = (uint32_t)state->rax | state->rdx << 32;
    bool fine = state->info1 & 1 ? msr_write(machine, msr, value) : msr_read(machine, msr, &value);
    if (!fine) {
        inject(machine, VECTOR_GP, true);
        return;
    }
    if (!(state->info1 & 1)) {
        state->rax = (uint32_t)value;
        state->rdx = value >> 32;
    }
    skip(state, 2);
}

static void handle_mmio(struct machine *machine) {
    struct bh_vcpu_state *state = machine->state;
    if (state->info1 & (FAULT_TABLE_WALK | FAULT_FETCH)) {
        bh_warn("the guest runs or keeps page tables outside its memory: guest-physical 0x%llx, rip 0x%llx",
                (unsigned long long)state->info2, (unsigned long long)state->rip);
        machine_stop(machine, STATUS_BROKEN, "left its memory");
        return;
    }
    const struct mmio_instruction *instruction = decode_current(machine);
    if (!instruction) // a guest's kernel does not live through a #GP for nothing: before it is called wrong it is looked at once more
        instruction = decode_current(machine);
    if (instruction && mmio_execute(machine, instruction, state->info2, state->info1 & FAULT_WRITE))
        return;
    bh_warn("no instruction for device memory: guest-physical 0x%llx, rip 0x%llx; the guest gets #GP",
            (unsigned long long)state->info2, (unsigned long long)state->rip);
    inject(machine, VECTOR_GP, true);
}

// Deliverable interrupts end the halt before it begins.
static void handle_halt(struct machine *machine) {
    struct bh_vcpu_state *state = machine->state;
    if (!(state->rflags & FLAG_IF)) {
        machine_stop(machine, STATUS_HALTED, "halted with interrupts disabled");
        return;
    }
    skip(state, 1);
    if (machine->uart.output_count)
        machine->output_ready = true;
    if (machine->attention)
        machine_deliver(machine);
    state->halt = !state->inject_vector;
}

static void handle_rare(struct machine *machine) {
    struct bh_vcpu_state *state = machine->state;
    switch (state->reason) {
    case BH_EXIT_REASON_KICK:
        machine->timers_changed = true;
        break;
    case BH_EXIT_REASON_WINDOW:
        machine->attention = true;
        break;
    case BH_EXIT_REASON_HYPERCALL:
        inject(machine, VECTOR_UD, false);
        break;
    case BH_EXIT_REASON_SHUTDOWN:
        bh_warn("triple fault at rip 0x%llx, cr3 0x%llx", (unsigned long long)state->rip, (unsigned long long)state->cr3);
        machine_stop(machine, STATUS_TRIPLE_FAULT, "shut down by a triple fault");
        break;
    default:
        bh_warn("exit %u that nobody handles: information 0x%llx 0x%llx, rip 0x%llx, cr0 0x%llx, cr4 0x%llx, efer 0x%llx",
                state->reason, (unsigned long long)state->info1, (unsigned long long)state->info2,
                (unsigned long long)state->rip, (unsigned long long)state->cr0, (unsigned long long)state->cr4,
                (unsigned long long)state->efer);
        machine_stop(machine, STATUS_BROKEN, "was refused by the processor");
        break;
    }
}

static __attribute__((noinline)) void handle_others(struct machine *machine) {
    switch (machine->state->reason) {
    case BH_EXIT_REASON_IO:
        handle_string_io(machine, machine->state->info1);
        break;
    case BH_EXIT_REASON_MMIO:
        handle_mmio(machine);
        break;
    case BH_EXIT_REASON_MSR:
        handle_msr(machine);
        break;
    case BH_EXIT_REASON_HLT:
        handle_halt(machine);
        break;
    default:
        handle_rare(machine);
        break;
    }
}

// Timers and interrupts, with the lock. True when something is to be done outside.
static bool settle(struct machine *machine) {
    if (machine->timers_changed)
        machine_tick(machine);
    if (machine->attention && !machine->state->inject_vector)
        machine_deliver(machine);
    if (machine->state->inject_vector)
        machine->state->halt = 0;
    undo_commit(machine);
    return machine->disk_ready || machine->net_ready || machine->rng_ready || machine->output_ready || machine->stopped;
}

// Only the vCPU's thread takes output, so its order is kept. What the console has is dropped afterwards.
void exits_write_output(struct machine *machine) {
    uint8_t output[NS16550_OUTPUT_MAX];
    bh_mutex_lock(&machine->lock);
    size_t size = ns16550_peek_output(&machine->uart, output);
    bh_mutex_unlock(&machine->lock);
    if (!size)
        return;
    backend_console_write(output, (uint32_t)size);
    undo_lock_aside(machine);
    ns16550_drop_output(&machine->uart, size);
    undo_unlock_aside(machine);
}

// Calls into other domains, without the lock.
static void after(struct machine *machine) {
    bh_mutex_lock(&machine->lock);
    bool disk = machine->disk_ready, net = machine->net_ready, rng = machine->rng_ready, output = machine->output_ready || machine->stopped;
    machine->disk_ready = machine->net_ready = machine->rng_ready = machine->output_ready = false;
    bh_mutex_unlock(&machine->lock);
    if (disk)
        backend_disk_notify();
    if (net)
        backend_net_notify();
    if (rng)
        backend_rng_notify();
    if (output)
        exits_write_output(machine);
}

static __attribute__((noinline)) bool settle_and_unlock(struct machine *machine) {
    bool outside = settle(machine), first = machine->first;
    machine->first = false;
    bh_mutex_unlock(&machine->lock);
    if (first)
        bh_info("the guest runs again at tick %llu", (unsigned long long)host_tsc());
    if (outside)
        after(machine);
    return machine->stopped;
}

bool exits_handle(struct machine *machine) {
    bh_mutex_lock(&machine->lock);
    struct bh_vcpu_state *state = machine->state;
    machine->entry_rip = state->rip;
    if (state->reason == BH_EXIT_REASON_CPUID)
        handle_cpuid(machine);
    else if (state->reason == BH_EXIT_REASON_IO && !(state->info1 & IO_STRING))
        handle_io(machine);
    else
        handle_others(machine);
    if (machine->notes)
        return settle_and_unlock(machine);
    bh_mutex_unlock(&machine->lock);
    return false;
}
