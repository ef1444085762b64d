// SPDX-License-Identifier: MIT
//
// Decoding and executing the instructions that touch device memory. The device is the UART-free stretch of RAM at DEVICE:
// machine_mmio_* of an address where the local APIC's TPR and ICR registers stand.
#include "fixture.h"

#include "decode.h"
#include "mmio.h"
#include "paging.h"

#define CODE 0x200000u
#define TPR (LAPIC_ADDRESS + 0x80)   // 8 bits that can be written and read
#define ICR (LAPIC_ADDRESS + 0x310)  // bits 24 to 31 can

// Run the bytes as an instruction that touched `address`.
static bool run(gpa address, bool write, const char *bytes, uint32_t size) {
    memory_write(&machine->memory, CODE, bytes, size);
    state.rip = CODE;
    const struct mmio_instruction *instruction = decode_current(machine);
    return instruction && mmio_execute(machine, instruction, address, write);
}
#define RUN(address, write, bytes) run(address, write, bytes, sizeof(bytes) - 1)

Test(decode, a_store_from_a_register, .init = fixture_create) {
    state.rcx = 0x1234567890ull;
    cr_assert(RUN(TPR, true, "\x89\x0f")); // mov %ecx,(%rdi)
    cr_assert_eq(mmio_read(TPR), 0x90);
    cr_assert_eq(state.rip, CODE + 2);
}

Test(decode, a_load_clears_the_upper_half, .init = fixture_create) {
    mmio_write(TPR, 0x77);
    state.rax = ~0ull;
    cr_assert(RUN(TPR, false, "\x8b\x07")); // mov (%rdi),%eax
    cr_assert_eq(state.rax, 0x77);
}

Test(decode, byte_registers_keep_the_rest, .init = fixture_create) {
    mmio_write(TPR, 0x5a);
    state.rbx = 0x1111111111111111ull;
    cr_assert(RUN(TPR, false, "\x8a\x3f")); // mov (%rdi),%bh
    cr_assert_eq(state.rbx, 0x1111111111115a11ull);
    cr_assert(RUN(TPR, false, "\x44\x8a\x07")); // mov (%rdi),%r8b
    cr_assert_eq(state.r8, 0x5a);
}

Test(decode, an_immediate_store, .init = fixture_create) {
    cr_assert(RUN(TPR, true, "\xc7\x87\x80\x00\x00\x00\x44\x00\x00\x00")); // movl $0x44,0x80(%rdi)
    cr_assert_eq(mmio_read(TPR), 0x44);
    cr_assert_eq(state.rip, CODE + 10);
}

Test(decode, an_absolute_store_as_linux_writes_its_apic, .init = fixture_create) {
    state.rsi = 0x20;
    cr_assert(RUN(TPR, true, "\x89\x34\x25\x80\xc0\x5f\xff")); // mov %esi,0xffffffffff5fc080
    cr_assert_eq(mmio_read(TPR), 0x20);
}

Test(decode, extensions_of_sign_and_zero, .init = fixture_create) {
    mmio_write(TPR, 0xf0);
    cr_assert(RUN(TPR, false, "\x0f\xb6\x07")); // movzbl (%rdi),%eax
    cr_assert_eq(state.rax, 0xf0);
    cr_assert(RUN(TPR, false, "\x0f\xbe\x07")); // movsbl (%rdi),%eax
    cr_assert_eq(state.rax, 0xfffffff0);
    cr_assert(RUN(TPR, false, "\x48\x0f\xbe\x07")); // movsbq (%rdi),%rax
    cr_assert_eq(state.rax, 0xfffffffffffffff0ull);
}

Test(decode, and_or_xor_on_memory, .init = fixture_create) {
    mmio_write(TPR, 0xf0);
    cr_assert(RUN(TPR, true, "\x81\x0f\x0f\x00\x00\x00")); // orl $0xf,(%rdi)
    cr_assert_eq(mmio_read(TPR), 0xff);
    cr_assert(RUN(TPR, true, "\x83\x27\x3c")); // andl $0x3c,(%rdi)
    cr_assert_eq(mmio_read(TPR), 0x3c);
    cr_assert_eq(state.rflags & 0x40, 0);
    cr_assert(RUN(TPR, true, "\x83\x37\x3c")); // xorl $0x3c,(%rdi)
    cr_assert_eq(mmio_read(TPR), 0);
    cr_assert_eq(state.rflags & 0x40, 0x40);
}

Test(decode, test_and_compare_set_flags_and_write_nothing, .init = fixture_create) {
    mmio_write(TPR, 0x30);
    cr_assert(RUN(TPR, false, "\xf6\x07\x10")); // testb $0x10,(%rdi)
    cr_assert_eq(state.rflags & 0x40, 0);
    cr_assert(RUN(TPR, false, "\x80\x3f\x31")); // cmpb $0x31,(%rdi)
    cr_assert_eq(state.rflags & 0x1, 1);
    cr_assert_eq(mmio_read(TPR), 0x30);
}

Test(decode, a_register_can_be_combined_with_memory, .init = fixture_create) {
    mmio_write(TPR, 0x0f);
    state.rax = 0x1;
    cr_assert(RUN(TPR, false, "\x03\x07")); // add (%rdi),%eax
    cr_assert_eq(state.rax, 0x10);
}

Test(decode, exchange_swaps, .init = fixture_create) {
    mmio_write(TPR, 0x21);
    state.rdx = 0x43;
    cr_assert(RUN(TPR, true, "\x87\x17")); // xchg %edx,(%rdi)
    cr_assert_eq(state.rdx, 0x21);
    cr_assert_eq(mmio_read(TPR), 0x43);
}

Test(decode, stos_moves_on_and_counts, .init = fixture_create) {
    state.rax = 0x66;
    state.rdi = 0x1000;
    state.rcx = 2;
    cr_assert(RUN(TPR, true, "\xf3\xab")); // rep stosl
    cr_assert_eq(state.rdi, 0x1004);
    cr_assert_eq(state.rcx, 1);
    cr_assert_eq(state.rip, CODE, "more to do");
    cr_assert(RUN(TPR, true, "\xf3\xab"));
    cr_assert_eq(state.rip, CODE + 2);
}

Test(decode, movs_copies_between_memory_and_device, .init = fixture_create) {
    *(uint32_t *)memory_at(&machine->memory, 0x300000, 4) = 0x35;
    state.rsi = 0x300000;
    cr_assert(RUN(TPR, true, "\xa5"));
    cr_assert_eq(mmio_read(TPR), 0x35);
    cr_assert_eq(state.rsi, 0x300004);
    state.rdi = 0x300100;
    cr_assert(RUN(TPR, false, "\xa5"));
    cr_assert_eq(*(uint32_t *)memory_at(&machine->memory, 0x300100, 4), 0x35);
}

Test(decode, changed_code_is_never_taken_from_the_cache, .init = fixture_create) {
    state.rax = 0x11;
    cr_assert(RUN(TPR, true, "\x89\x07"));
    cr_assert(RUN(TPR, true, "\xc6\x07\x22")); // movb $0x22,(%rdi)
    cr_assert_eq(mmio_read(TPR), 0x22);
}

Test(decode, other_instructions_are_refused, .init = fixture_create) {
    cr_assert(!RUN(TPR, true, "\x0f\x11\x07"));     // movups
    cr_assert(!RUN(TPR, true, "\xff\x17"));         // call *(%rdi)
    cr_assert(!RUN(TPR, true, "\x8f\x07"));         // pop (%rdi)
    cr_assert(!RUN(TPR, true, "\xf2\x0f\x10\x07")); // movsd, the vector one
    cr_assert(!RUN(TPR, true, "\x06\x06\x06"));     // no instruction
}

Test(decode, thirty_two_bit_code_uses_flat_addresses, .init = fixture_create) {
    state.mode_bits = 32;
    state.cr0 = 1;
    state.efer = 0;
    state.rax = 0x12;
    cr_assert(RUN(TPR, true, "\xa3\x80\x00\xe0\xfe")); // mov %eax,0xfee00080
    cr_assert_eq(mmio_read(TPR), 0x12);
}

Test(paging, what_is_not_mapped_is_not_found, .init = fixture_create) {
    gpa out;
    cr_assert(paging_translate(&machine->memory, &state, 0x345678, &out));
    cr_assert_eq(out, 0x345678);
    cr_assert(!paging_translate(&machine->memory, &state, 0x8000000000ull, &out));
    state.cr3 = 0xfffffffffffff000ull;
    cr_assert(!paging_translate(&machine->memory, &state, 0x1000, &out), "page tables outside memory");
}

Test(paging, a_fetch_stops_at_the_first_page_that_is_missing, .init = fixture_create) {
    uint8_t bytes[16];
    cr_assert_eq(paging_read(&machine->memory, &state, FIXTURE_MEMORY - 5, bytes, 15), 5);
}

Test(paging, two_level_tables_with_large_pages, .init = fixture_create) {
    uint32_t *directory = memory_at(&machine->memory, 0x400000, 4096);
    gpa out;
    state.cr0 = 0x80000001;
    state.cr3 = 0x400000;
    state.cr4 = 0x10;
    state.efer = 0;
    directory[1] = 0x00800083;
    cr_assert(paging_translate(&machine->memory, &state, 0x412345, &out));
    cr_assert_eq(out, 0x812345);
    cr_assert(!paging_translate(&machine->memory, &state, 0x812345, &out));
}
