// SPDX-License-Identifier: MIT
//
// The 8259 pair, the I/O APIC, the local APIC, and the way to the vCPU.
#include "fixture.h"

#define APIC(offset) (LAPIC_ADDRESS + (offset))

static void route(uint32_t pin, uint64_t entry) {
    mmio_write(IOAPIC_ADDRESS, 0x10 + 2 * pin);
    mmio_write(IOAPIC_ADDRESS + 0x10, (uint32_t)entry);
    mmio_write(IOAPIC_ADDRESS, 0x11 + 2 * pin);
    mmio_write(IOAPIC_ADDRESS + 0x10, (uint32_t)(entry >> 32));
}

static int next(void) {
    guest_kicked();
    return taken_vector();
}

Test(pic, masked_inputs_wait_for_their_unmasking, .init = fixture_create) {
    pic_start();
    guest_out(0x21, 1, 0xff);
    machine_set_irq(machine, 3, true);
    cr_assert_eq(next(), -1);
    guest_out(0x21, 1, 0xf7);
    cr_assert_eq(taken_vector(), 0x23);
}

Test(pic, the_slave_comes_through_the_cascade, .init = fixture_create) {
    pic_start();
    guest_out(0x21, 1, 0);
    guest_out(0xa1, 1, 0);
    machine_set_irq(machine, 12, true);
    cr_assert_eq(next(), 0x2c);
    cr_assert_eq(next(), -1);
    guest_out(0xa0, 1, 0x20);
    guest_out(0x20, 1, 0x20);
    machine_set_irq(machine, 12, false);
    machine_set_irq(machine, 12, true);
    cr_assert_eq(next(), 0x2c);
}

Test(pic, higher_priority_interrupts_and_lower_waits, .init = fixture_create) {
    pic_start();
    guest_out(0x21, 1, 0);
    machine_set_irq(machine, 4, true);
    cr_assert_eq(next(), 0x24);
    machine_set_irq(machine, 5, true);
    cr_assert_eq(next(), -1);
    machine_set_irq(machine, 1, true);
    cr_assert_eq(next(), 0x21);
    guest_out(0x20, 1, 0x20);
    guest_out(0x20, 1, 0x20);
    cr_assert_eq(taken_vector(), 0x25);
}

Test(pic, level_inputs_interrupt_again_while_asserted, .init = fixture_create) {
    pic_start();
    guest_out(0x21, 1, 0);
    guest_out(0xa1, 1, 0);
    guest_out(0x4d1, 1, 4); // IRQ 10
    machine_set_irq(machine, 10, true);
    cr_assert_eq(next(), 0x2a);
    guest_out(0xa0, 1, 0x20);
    guest_out(0x20, 1, 0x20);
    cr_assert_eq(taken_vector(), 0x2a);
    machine_set_irq(machine, 10, false);
    guest_out(0xa0, 1, 0x20);
    guest_out(0x20, 1, 0x20);
    cr_assert_eq(next(), -1);
}

Test(pic, automatic_end_of_interrupt_needs_no_command, .init = fixture_create) {
    pic_start();
    guest_out(0x20, 1, 0x11);
    guest_out(0x21, 1, 0x20);
    guest_out(0x21, 1, 4);
    guest_out(0x21, 1, 3);
    guest_out(0x21, 1, 0);
    machine_set_irq(machine, 1, true);
    cr_assert_eq(next(), 0x21);
    machine_set_irq(machine, 1, false);
    machine_set_irq(machine, 1, true);
    cr_assert_eq(next(), 0x21);
}

Test(ioapic, an_edge_is_delivered_once, .init = fixture_create) {
    route(4, 0x41);
    machine_set_irq(machine, 4, true);
    cr_assert_eq(next(), 0x41);
    mmio_write(APIC(0xb0), 0);
    cr_assert_eq(next(), -1);
    machine_set_irq(machine, 4, false);
    machine_set_irq(machine, 4, true);
    cr_assert_eq(next(), 0x41);
}

Test(ioapic, irq_0_comes_in_on_pin_2, .init = fixture_create) {
    route(2, 0x30);
    machine_set_irq(machine, 0, true);
    cr_assert_eq(next(), 0x30);
}

Test(ioapic, a_level_is_delivered_again_after_end_of_interrupt, .init = fixture_create) {
    route(10, 0x8000 | 0x55);
    machine_set_irq(machine, 10, true);
    cr_assert_eq(next(), 0x55);
    mmio_write(IOAPIC_ADDRESS, 0x10 + 20);
    cr_assert(mmio_read(IOAPIC_ADDRESS + 0x10) & 0x4000);
    mmio_write(APIC(0xb0), 0);
    cr_assert_eq(next(), 0x55);
    machine_set_irq(machine, 10, false);
    mmio_write(APIC(0xb0), 0);
    cr_assert_eq(next(), -1);
}

Test(ioapic, masked_pins_and_foreign_destinations_deliver_nothing, .init = fixture_create) {
    route(4, 0x10041);
    machine_set_irq(machine, 4, true);
    cr_assert_eq(next(), -1);
    route(5, 0x42 | 3ull << 56);
    machine_set_irq(machine, 5, true);
    cr_assert_eq(next(), -1);
}

Test(ioapic, no_register_number_leads_outside, .init = fixture_create) {
    for (uint32_t i = 0; i < 256; i++) {
        mmio_write(IOAPIC_ADDRESS, i);
        mmio_write(IOAPIC_ADDRESS + 0x10, 0xffffffff);
        mmio_read(IOAPIC_ADDRESS + 0x10);
    }
    cr_assert_eq(next(), -1);
}

Test(lapic, the_task_priority_holds_interrupts_back, .init = fixture_create) {
    mmio_write(APIC(0x80), 0x50);
    machine_message(machine, LAPIC_ADDRESS, 0x45);
    cr_assert_eq(next(), -1);
    machine_message(machine, LAPIC_ADDRESS, 0x61);
    cr_assert_eq(next(), 0x61);
    mmio_write(APIC(0xb0), 0);
    mmio_write(APIC(0x80), 0);
    cr_assert_eq(next(), 0x45);
}

Test(lapic, a_higher_class_nests_and_a_lower_one_waits, .init = fixture_create) {
    machine_message(machine, LAPIC_ADDRESS, 0x45);
    cr_assert_eq(next(), 0x45);
    machine_message(machine, LAPIC_ADDRESS, 0x44);
    machine_message(machine, LAPIC_ADDRESS, 0x61);
    cr_assert_eq(next(), 0x61);
    cr_assert_eq(next(), -1);
    mmio_write(APIC(0xb0), 0);
    cr_assert_eq(next(), -1);
    mmio_write(APIC(0xb0), 0);
    cr_assert_eq(next(), 0x44);
}

Test(lapic, the_one_shot_timer_fires_once, .init = fixture_create) {
    mmio_write(APIC(0x3e0), 0xb); // divide by 1
    mmio_write(APIC(0x320), 0xec);
    mmio_write(APIC(0x380), 1000000);
    guest_kicked();
    cr_assert_eq(state.deadline_ns, fake_now_ns + 1000000);
    fake_now_ns += 400000;
    cr_assert_eq(mmio_read(APIC(0x390)), 600000);
    advance(600000);
    cr_assert_eq(taken_vector(), 0xec);
    mmio_write(APIC(0xb0), 0);
    cr_assert_eq(mmio_read(APIC(0x390)), 0);
    advance(5 * MS);
    cr_assert_eq(taken_vector(), -1);
}

Test(lapic, the_periodic_timer_goes_on, .init = fixture_create) {
    mmio_write(APIC(0x3e0), 3); // divide by 16
    mmio_write(APIC(0x320), 0x200ec);
    mmio_write(APIC(0x380), 62500); // 1 ms
    for (int i = 0; i < 5; i++) {
        advance(1 * MS);
        cr_assert_eq(taken_vector(), 0xec);
        mmio_write(APIC(0xb0), 0);
    }
}

Test(lapic, a_masked_timer_counts_but_does_not_interrupt, .init = fixture_create) {
    mmio_write(APIC(0x320), 0x100ec);
    mmio_write(APIC(0x380), 1000);
    advance(5 * MS);
    cr_assert_eq(taken_vector(), -1);
}

Test(lapic, illegal_vectors_only_set_the_error_status, .init = fixture_create) {
    machine_message(machine, LAPIC_ADDRESS, 0x0f);
    cr_assert_eq(next(), -1);
    cr_assert_eq(mmio_read(APIC(0x280)), 0x40);
}

Test(lapic, a_self_interrupt_arrives, .init = fixture_create) {
    mmio_write(APIC(0x300), 0x40000 | 0x77);
    cr_assert_eq(next(), 0x77);
    mmio_write(APIC(0xb0), 0);
    mmio_write(APIC(0x310), 5u << 24);
    mmio_write(APIC(0x300), 0x78);
    cr_assert_eq(next(), -1);
}

Test(lapic, every_offset_can_be_touched, .init = fixture_create) {
    for (uint32_t offset = 0; offset < LAPIC_SIZE; offset += 4) {
        mmio_read(APIC(offset));
        mmio_write(APIC(offset), 0xffffffff);
    }
}

Test(delivery, waits_for_a_window_while_interrupts_are_off, .init = fixture_create) {
    state.rflags = 2;
    machine_message(machine, LAPIC_ADDRESS, 0x45);
    guest_kicked();
    cr_assert_eq(state.inject_vector, 0);
    cr_assert_eq(state.want_window, 1);
    state.rflags = 0x202;
    cr_assert_eq(next(), 0x45);
}

Test(delivery, waits_while_another_event_is_being_delivered, .init = fixture_create) {
    machine_message(machine, LAPIC_ADDRESS, 0x45);
    state.pending_event = 1;
    guest_kicked();
    cr_assert_eq(state.inject_vector, 0);
    cr_assert_eq(state.want_window, 1);
}

Test(delivery, asks_for_a_window_when_a_second_interrupt_waits, .init = fixture_create) {
    machine_message(machine, LAPIC_ADDRESS, 0x45);
    machine_message(machine, LAPIC_ADDRESS, 0x65);
    guest_kicked();
    cr_assert_eq(taken_vector(), 0x65);
    cr_assert_eq(state.want_window, 0, "the lower class waits for the end of the higher");
    mmio_write(APIC(0xb0), 0);
    cr_assert_eq(next(), 0x45);
}

Test(delivery, messages_to_other_addresses_are_no_interrupts, .init = fixture_create) {
    machine_message(machine, 0x12345000, 0x45);
    machine_message(machine, LAPIC_ADDRESS, 0x400); // NMI
    cr_assert_eq(next(), -1);
}
