// SPDX-License-Identifier: MIT
//
// CPUID, MSRs, ports that nobody serves, and the ways in which a guest ends.
#include "fixture.h"

#include "cpuid.h"
#include "exits.h"

static void exit_with(uint32_t reason, uint64_t info1, uint64_t info2) {
    state.reason = reason;
    state.info1 = info1;
    state.info2 = info2;
    state.interruptible = 1;
    state.inject_exception = state.inject_vector = state.halt = 0;
    exits_handle(machine);
}

Test(cpuid, hides_what_the_vmm_does_not_carry, .init = fixture_create) {
    struct cpuid_leaf leaf = cpuid_get(1, 0);
    cr_assert_eq(leaf.ecx & (1u << 3 | 1u << 5 | 1u << 12 | 1u << 17 | 1u << 21 | 1u << 24 | 1u << 26 | 1u << 27 | 1u << 28), 0,
                 "MONITOR, VMX, FMA, PCID, x2APIC, TSC deadline, XSAVE, OSXSAVE, AVX");
    cr_assert_eq(leaf.edx & (1u << 7 | 1u << 12 | 1u << 14 | 1u << 28), 0, "MCE, MTRR, MCA, HTT");
    cr_assert_eq(leaf.ecx >> 31, 1, "a hypervisor is present");
    cr_assert_eq(cpuid_get(0x80000001, 0).ecx & (1u << 2 | 1u << 22 | 1u << 23), 0, "SVM, topology, counters");
    cr_assert_eq(cpuid_get(0x80000001, 0).edx & 1u << 27, 0, "RDTSCP");
    cr_assert_eq(cpuid_get(7, 0).ecx & (1u << 3 | 1u << 16), 0, "PKU, five-level paging");
    cr_assert_eq(cpuid_get(7, 0).ebx & (1u << 5 | 1u << 10 | 1u << 16), 0, "AVX2, INVPCID, AVX-512");
}

Test(cpuid, shows_nothing_that_the_host_lacks, .init = fixture_create) {
    cr_assert_eq(cpuid_get(1, 0).edx & ~host_cpuid(1, 0).edx, 0);
    cr_assert_eq(cpuid_get(1, 0).ecx & ~host_cpuid(1, 0).ecx & 0x7fffffff, 0);
    cr_assert_eq(cpuid_get(7, 0).ebx & ~host_cpuid(7, 0).ebx, 0);
}

Test(cpuid, tells_the_tsc_frequency_and_its_own_name, .init = fixture_create) {
    struct cpuid_leaf leaf = cpuid_get(0x40000000, 0);
    char name[13] = {0};
    memcpy(name, &leaf.ebx, 12);
    cr_assert_str_eq(name, "BulkheadVMM");
    cr_assert_eq(cpuid_get(leaf.eax, 0).eax, machine->tsc_khz);
    cr_assert_eq((uint64_t)cpuid_get(0x15, 0).ecx * cpuid_get(0x15, 0).ebx / cpuid_get(0x15, 0).eax, machine->tsc_khz * 1000ull);
}

Test(cpuid, leaves_past_the_end_are_zero, .init = fixture_create) {
    static const uint32_t leaves[] = {0x17, 0x3fffffff, 0x40000011, 0x7fffffff, 0x80000009, 0x8000000a, 0xffffffff};
    for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
        struct cpuid_leaf leaf = cpuid_get(leaves[i], 0);
        cr_assert_eq(leaf.eax | leaf.ebx | leaf.ecx | leaf.edx, 0);
    }
}

Test(cpuid, the_exit_fills_the_registers_and_moves_on, .init = fixture_create) {
    state.rax = 0xffffffff00000000ull;
    uint64_t rip = state.rip;
    exit_with(BH_EXIT_REASON_CPUID, 0, 0);
    cr_assert_eq(state.rax, 0x16);
    cr_assert_eq(state.rip, rip + 2);
}

Test(msr, unknown_ones_are_a_general_protection_fault_and_logged_once, .init = fixture_create) {
    uint64_t value, rip = state.rip;
    cr_assert(!guest_rdmsr(0x12345, &value));
    cr_assert_eq(state.inject_exception, 0x300 | 13);
    cr_assert_eq(state.rip, rip, "the fault points at the instruction");
    size_t logged = strlen(fake_log);
    cr_assert_neq(logged, 0);
    cr_assert(!guest_wrmsr(0x12345, 1));
    cr_assert_eq(strlen(fake_log), logged);
}

Test(msr, efer_keeps_what_the_processor_owns, .init = fixture_create) {
    uint64_t value;
    cr_assert(guest_wrmsr(0xc0000080, 0x901));
    cr_assert_eq(state.efer, 0xd01, "LMA stays");
    cr_assert_eq(state.set_special, 2);
    cr_assert(guest_rdmsr(0xc0000080, &value));
    cr_assert_eq(value, 0xd01);
}

Test(msr, efer_refuses_svm_and_leaving_long_mode_while_paging, .init = fixture_create) {
    cr_assert(!guest_wrmsr(0xc0000080, 0x1501));
    cr_assert(!guest_wrmsr(0xc0000080, 0x1));
    cr_assert_eq(state.efer, 0x500);
}

Test(msr, pat_takes_only_memory_types_that_exist, .init = fixture_create) {
    uint64_t value;
    cr_assert(guest_wrmsr(0x277, 0x0007010600070106ull));
    cr_assert(!guest_wrmsr(0x277, 0x0000000000000002ull));
    cr_assert(guest_rdmsr(0x277, &value));
    cr_assert_eq(value, 0x0007010600070106ull);
}

Test(ports, nobody_reads_as_all_ones, .init = fixture_create) {
    cr_assert_eq(guest_in(0x1234, 4), 0xffffffff);
    cr_assert_eq(guest_in(0x201, 1), 0xff);
    guest_out(0xffff, 4, 1);
    guest_out(0x80, 1, 1);
    cr_assert(!machine->stopped);
}

Test(ports, narrow_reads_keep_the_rest_of_rax, .init = fixture_create) {
    state.rax = 0x1122334455667788ull;
    exit_with(BH_EXIT_REASON_IO, 0x3ff << 16 | 1 << 4 | 1, state.rip + 1);
    cr_assert_eq(state.rax, 0x1122334455667700ull);
}

Test(ports, every_port_takes_every_access, .init = fixture_create) {
    for (uint32_t port = 0; port < 0x10000; port++)
        for (uint32_t size = 1; size <= 4; size *= 2) {
            guest_in(port, size);
            if (port != 0xf4 && port != 0xcf9 && port != 0x604 && port != 0x64)
                guest_out(port, size, 0);
        }
    cr_assert(!machine->stopped);
}

Test(ports, string_output_goes_through_guest_memory, .init = fixture_create) {
    memcpy(memory_at(&machine->memory, 0x300000, 4), "abc\n", 4);
    state.rsi = 0x300000;
    state.rcx = 4;
    for (int i = 0; i < 4; i++)
        exit_with(BH_EXIT_REASON_IO, 0x3f8 << 16 | 4 << 7 | 1 << 4 | 8 | 4, 0x201000);
    cr_assert_str_eq(fake_console, "abc\n");
    cr_assert_eq(state.rcx, 0);
    cr_assert_eq(state.rip, 0x201000);
}

Test(ports, string_output_from_nowhere_is_a_fault, .init = fixture_create) {
    state.rsi = 0xffff800000000000ull;
    state.rcx = 1;
    exit_with(BH_EXIT_REASON_IO, 0x3f8 << 16 | 4 << 7 | 1 << 4 | 8 | 4, 0x201000);
    cr_assert_eq(state.inject_exception, 0x300 | 13);
}

Test(halt, sleeps_until_an_interrupt_is_due, .init = fixture_create) {
    exit_with(BH_EXIT_REASON_HLT, 0, 0);
    cr_assert_eq(state.halt, 1);
    machine_message(machine, LAPIC_ADDRESS, 0x51);
    exit_with(BH_EXIT_REASON_HLT, 0, 0);
    cr_assert_eq(state.halt, 0);
    cr_assert_eq(taken_vector(), 0x51);
}

Test(halt, with_interrupts_off_is_the_end, .init = fixture_create) {
    state.rflags = 2;
    exit_with(BH_EXIT_REASON_HLT, 0, 0);
    cr_assert(machine->stopped);
    cr_assert_eq(machine->status, 0);
}

Test(end, port_f4_ends_with_the_status_written, .init = fixture_create) {
    guest_out(0xf4, 1, 42);
    cr_assert(machine->stopped);
    cr_assert_eq(machine->status, 42);
}

Test(end, device_memory_ends_with_the_status_written, .init = fixture_create) {
    machine_mmio_write(machine, EXIT_ADDRESS, 1, 7);
    cr_assert(machine->stopped);
    cr_assert_eq(machine->status, 7);
}

Test(end, a_triple_fault_ends_this_guest_with_a_message, .init = fixture_create) {
    exit_with(BH_EXIT_REASON_SHUTDOWN, 0, 0);
    cr_assert(machine->stopped);
    cr_assert_eq(machine->status, STATUS_TRIPLE_FAULT);
    cr_assert(strstr(fake_log, "triple fault"));
}

Test(end, page_tables_outside_memory_end_the_guest, .init = fixture_create) {
    exit_with(BH_EXIT_REASON_MMIO, 1ull << 33, 0x10000000000ull);
    cr_assert(machine->stopped);
    cr_assert_eq(machine->status, STATUS_BROKEN);
}

Test(end, unfinished_output_is_written_first, .init = fixture_create) {
    guest_out(0x3f8, 1, '!');
    guest_out(0xf4, 1, 0);
    cr_assert_str_eq(fake_console, "!");
}

Test(hypercall, is_an_undefined_instruction, .init = fixture_create) {
    exit_with(BH_EXIT_REASON_HYPERCALL, 0, 0);
    cr_assert_eq(state.inject_exception, 0x100 | 6);
}
