// SPDX-License-Identifier: MIT
//
// The PIT, the RTC, the PM timer and port 0x61.
#include "fixture.h"

#include "bulkhead/thread.h"

#define PIT_TICKS(n) ((uint64_t)(n) * 1000000000 / I8254_HZ + 1)

static void pit_load(uint32_t channel, uint32_t mode, uint32_t count) {
    guest_out(0x43, 1, channel << 6 | 3 << 4 | mode << 1);
    guest_out(0x40 + channel, 1, count & 0xff);
    guest_out(0x40 + channel, 1, count >> 8);
}

static uint32_t pit_read(uint32_t channel) {
    uint32_t low = guest_in(0x40 + channel, 1);
    return low | guest_in(0x40 + channel, 1) << 8;
}

// IRQ 0 through the 8259 pair, as after a PC's start.
static void pic_open(void) {
    pic_start();
    guest_out(0x21, 1, 0);
    guest_out(0xa1, 1, 0);
}

Test(pit, counts_down_with_time, .init = fixture_create) {
    pit_load(2, 0, 1000);
    guest_out(0x61, 1, 1);
    fake_now_ns += PIT_TICKS(300);
    cr_assert_eq(pit_read(2), 700);
}

Test(pit, a_latched_count_stands_still, .init = fixture_create) {
    pit_load(0, 2, 50000);
    fake_now_ns += PIT_TICKS(100);
    guest_out(0x43, 1, 0);
    fake_now_ns += PIT_TICKS(5000);
    cr_assert_eq(pit_read(0), 49900);
    cr_assert_eq(pit_read(0), 44900);
}

Test(pit, channel_2_output_shows_in_port_61_when_the_count_is_over, .init = fixture_create) {
    pit_load(2, 0, 11932);
    guest_out(0x61, 1, 1);
    cr_assert_eq(guest_in(0x61, 1) & 0x20, 0);
    fake_now_ns += 9 * MS;
    cr_assert_eq(guest_in(0x61, 1) & 0x20, 0);
    fake_now_ns += 2 * MS;
    cr_assert_eq(guest_in(0x61, 1) & 0x20, 0x20);
}

Test(pit, read_back_tells_status_and_count, .init = fixture_create) {
    pit_load(0, 2, 1000);
    guest_out(0x43, 1, 0xc0 | 2);
    cr_assert_eq(guest_in(0x40, 1) & 0x3f, 3 << 4 | 2 << 1);
    cr_assert_eq(pit_read(0), 1000);
}

Test(pit, periodic_interrupts_come_at_their_times, .init = fixture_create) {
    pic_open();
    pit_load(0, 2, 11932);
    cr_assert_neq(state.deadline_ns, 0);
    cr_assert_eq(taken_vector(), -1);
    advance(state.deadline_ns - fake_now_ns);
    cr_assert_eq(taken_vector(), 0x20);
    guest_out(0x20, 1, 0x20);
    advance(5 * MS);
    cr_assert_eq(taken_vector(), -1);
    advance(6 * MS);
    cr_assert_eq(taken_vector(), 0x20);
}

Test(pit, periods_missed_are_merged_into_one_interrupt, .init = fixture_create) {
    pic_open();
    pit_load(0, 2, 11932);
    advance(100 * MS);
    cr_assert_eq(taken_vector(), 0x20);
    guest_out(0x20, 1, 0x20);
    guest_kicked();
    cr_assert_eq(taken_vector(), -1);
    cr_assert_gt(state.deadline_ns, fake_now_ns);
}

Test(pit, a_one_shot_fires_once, .init = fixture_create) {
    pic_open();
    pit_load(0, 0, 1193);
    advance(2 * MS);
    cr_assert_eq(taken_vector(), 0x20);
    guest_out(0x20, 1, 0x20);
    advance(1000 * MS);
    cr_assert_eq(taken_vector(), -1);
}

Test(pit, no_count_is_a_division_by_zero, .init = fixture_create) {
    for (uint32_t mode = 0; mode < 8; mode++)
        for (uint32_t count = 0; count < 4; count++) {
            pit_load(0, mode, count);
            pit_load(2, mode, count);
            advance(123457);
            pit_read(0);
            guest_in(0x61, 1);
        }
}

static uint32_t rtc_read(uint32_t index) {
    guest_out(0x70, 1, index);
    return guest_in(0x71, 1);
}

static void rtc_write(uint32_t index, uint32_t value) {
    guest_out(0x70, 1, index);
    guest_out(0x71, 1, value);
}

Test(rtc, tells_date_and_time_in_bcd, .init = fixture_create) {
    mc146818_set_time(&machine->rtc, 1709210096); // 2024-02-29 12:34:56 UTC, a Thursday
    cr_assert_eq(rtc_read(0), 0x56);
    cr_assert_eq(rtc_read(2), 0x34);
    cr_assert_eq(rtc_read(4), 0x12);
    cr_assert_eq(rtc_read(6), 5);
    cr_assert_eq(rtc_read(7), 0x29);
    cr_assert_eq(rtc_read(8), 0x02);
    cr_assert_eq(rtc_read(9), 0x24);
    cr_assert_eq(rtc_read(0x32), 0x20);
}

Test(rtc, goes_on_over_the_end_of_a_year, .init = fixture_create) {
    mc146818_set_time(&machine->rtc, 1735689599); // 2024-12-31 23:59:59
    fake_now_ns += 1000 * MS;
    cr_assert_eq(rtc_read(0), 0);
    cr_assert_eq(rtc_read(7), 1);
    cr_assert_eq(rtc_read(8), 1);
    cr_assert_eq(rtc_read(9), 0x25);
}

Test(rtc, can_be_set_and_runs_on_from_there, .init = fixture_create) {
    static const struct {
        uint32_t index, value;
    } date[] = {{0, 0x01}, {2, 0x02}, {4, 0x03}, {7, 0x28}, {8, 0x02}, {9, 0x23}, {0x32, 0x20}};
    rtc_write(11, 0x82);
    for (size_t i = 0; i < sizeof(date) / sizeof(date[0]); i++)
        rtc_write(date[i].index, date[i].value);
    fake_now_ns += 5000 * MS; // the clock is stopped
    rtc_write(11, 0x02);
    fake_now_ns += 86400ull * 1000 * MS;
    cr_assert_eq(rtc_read(0), 0x01);
    cr_assert_eq(rtc_read(7), 0x01); // 1 March
    cr_assert_eq(rtc_read(8), 0x03);
}

Test(rtc, twelve_hour_mode_marks_the_afternoon, .init = fixture_create) {
    mc146818_set_time(&machine->rtc, 13 * 3600);
    rtc_write(11, 0);
    cr_assert_eq(rtc_read(4), 0x81);
    rtc_write(11, 4);
    cr_assert_eq(rtc_read(4), 0x81);
}

Test(rtc, the_alarm_fires_at_its_time, .init = fixture_create) {
    mc146818_set_time(&machine->rtc, 100);
    rtc_write(1, 0x45);
    rtc_write(3, 0xff);
    rtc_write(5, 0xff);
    rtc_write(11, 0x22);
    rtc_read(12);
    advance(3000 * MS);
    cr_assert_eq(machine->pic.chips[1].asserted & 1, 0);
    advance(3000 * MS); // 100 s = 1:40, so 1:45 has passed
    cr_assert_eq(machine->pic.chips[1].asserted & 1, 1);
    cr_assert_eq(rtc_read(12) & 0xa0, 0xa0);
    cr_assert_eq(rtc_read(12), 0);
}

Test(rtc, periodic_interrupts_have_the_rate_asked_for, .init = fixture_create) {
    rtc_write(10, 0x26); // 1024 Hz
    rtc_write(11, 0x42);
    cr_assert_leq(state.deadline_ns - fake_now_ns, 976563);
    advance(1 * MS);
    cr_assert_eq(rtc_read(12) & 0xc0, 0xc0);
}

Test(rtc, garbage_dates_are_not_taken, .init = fixture_create) {
    mc146818_set_time(&machine->rtc, 1000000);
    rtc_write(11, 0x82);
    rtc_write(8, 0x99);
    rtc_write(7, 0x00);
    rtc_write(11, 0x02);
    cr_assert_eq(rtc_read(8), 0x01);
}

Test(pm_timer, runs_at_its_frequency, .init = fixture_create) {
    uint32_t before = guest_in(0x608, 4);
    fake_now_ns += 1000 * MS;
    cr_assert_leq(abs((int)(guest_in(0x608, 4) - before) - 3579545), 1);
}

Test(acpi, writing_s5_ends_the_guest_with_status_0, .init = fixture_create) {
    guest_out(0x604, 2, 5 << 10);
    cr_assert(!machine->stopped);
    guest_out(0x604, 2, 5 << 10 | 0x2000);
    cr_assert(machine->stopped);
    cr_assert_eq(machine->status, 0);
}
