// SPDX-License-Identifier: MIT
//
// The 16550 and how its bytes come and go.
#include "fixture.h"

#define COM(n) (0x3f8 + (n))

static void print(const char *text) {
    for (; *text; text++)
        guest_out(COM(0), 1, (uint8_t)*text);
}

Test(uart, a_line_goes_out_at_its_end, .init = fixture_create) {
    print("hello");
    cr_assert_str_eq(fake_console, "");
    print("\n");
    cr_assert_str_eq(fake_console, "hello\n");
}

Test(uart, an_unfinished_line_goes_out_after_a_while, .init = fixture_create) {
    print("login: ");
    cr_assert_eq(state.deadline_ns, fake_now_ns + 1 * MS);
    advance(2 * MS);
    cr_assert_str_eq(fake_console, "login: ");
}

Test(uart, long_output_is_neither_lost_nor_held_back, .init = fixture_create) {
    for (int i = 0; i < 1000; i++)
        print("x");
    cr_assert_geq(strlen(fake_console), 700);
    advance(5 * MS);
    cr_assert_eq(strlen(fake_console), 1000);
}

Test(uart, the_transmitter_interrupt_comes_when_it_is_enabled, .init = fixture_create) {
    guest_out(COM(4), 1, 8);
    guest_out(COM(1), 1, 2);
    cr_assert(machine->ioapic.asserted & 1 << 4);
    cr_assert_eq(guest_in(COM(2), 1) & 15, 2);
    cr_assert_eq(guest_in(COM(2), 1) & 15, 1, "reading the cause clears it");
    cr_assert(!(machine->ioapic.asserted & 1 << 4));
    print("a");
    cr_assert_eq(guest_in(COM(2), 1) & 15, 2);
}

Test(uart, received_bytes_interrupt_and_are_read_in_order, .init = fixture_create) {
    guest_out(COM(4), 1, 8);
    guest_out(COM(1), 1, 1);
    cr_assert_eq(ns16550_receive(&machine->uart, "abc", 3), 3);
    cr_assert(machine->ioapic.asserted & 1 << 4);
    cr_assert_eq(guest_in(COM(2), 1) & 15, 4);
    cr_assert_eq(guest_in(COM(5), 1) & 1, 1);
    cr_assert_eq(guest_in(COM(0), 1), 'a');
    cr_assert_eq(guest_in(COM(0), 1), 'b');
    cr_assert_eq(guest_in(COM(0), 1), 'c');
    cr_assert_eq(guest_in(COM(5), 1) & 1, 0);
    cr_assert(!(machine->ioapic.asserted & 1 << 4));
}

Test(uart, a_full_receiver_takes_no_more, .init = fixture_create) {
    char many[1000] = {0};
    cr_assert_eq(ns16550_receive(&machine->uart, many, sizeof(many)), NS16550_INPUT_MAX);
    cr_assert_eq(ns16550_receive(&machine->uart, many, 1), 0);
    guest_in(COM(0), 1);
    cr_assert_eq(ns16550_receive(&machine->uart, many, 2), 1);
}

Test(uart, loopback_returns_bytes_and_modem_lines, .init = fixture_create) {
    guest_out(COM(4), 1, 0x1a);
    cr_assert_eq(guest_in(COM(6), 1) & 0xf0, 0x90);
    print("z");
    cr_assert_eq(guest_in(COM(0), 1), 'z');
    cr_assert_str_eq(fake_console, "");
}

Test(uart, the_divisor_hides_behind_its_latch_bit, .init = fixture_create) {
    guest_out(COM(3), 1, 0x83);
    guest_out(COM(0), 1, 12);
    guest_out(COM(1), 1, 1);
    cr_assert_eq(guest_in(COM(0), 1), 12);
    cr_assert_eq(guest_in(COM(1), 1), 1);
    guest_out(COM(3), 1, 3);
    cr_assert_eq(guest_in(COM(1), 1), 0);
    cr_assert_str_eq(fake_console, "");
}

Test(uart, without_out2_no_interrupt_leaves_the_chip, .init = fixture_create) {
    guest_out(COM(1), 1, 2);
    cr_assert(!(machine->ioapic.asserted & 1 << 4));
}

Test(uart, the_scratch_register_remembers, .init = fixture_create) {
    guest_out(COM(7), 1, 0xa5);
    cr_assert_eq(guest_in(COM(7), 1), 0xa5);
}
