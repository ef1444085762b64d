// SPDX-License-Identifier: MIT
//
// MC146818: the time of day is computed from the machine's clock when it is read. Update, alarm and periodic interrupts
// are raised from tick(). Registers 0 to 9 are the time and the alarm, 0x32 is the century.
#include "mc146818.h"

#include "bulkhead/thread.h"
#include "machine.h"

#define NS 1000000000ull
#define IRQ_RTC 8
#define REG_A 10
#define REG_B 11
#define REG_C 12
#define REG_D 13
#define REG_CENTURY 0x32
#define B_SET 0x80
#define B_PIE 0x40
#define B_AIE 0x20
#define B_UIE 0x10
#define B_BINARY 4
#define B_24H 2
#define C_IRQ 0x80
#define C_PERIODIC 0x40
#define C_ALARM 0x20
#define C_UPDATE 0x10
#define OFFSET_MAX_S (1ll << 40) // 35 000 years
#define UPDATE_NS 244000u // how long before the change "update in progress" shows

enum { SECOND = 0, SECOND_ALARM, MINUTE, MINUTE_ALARM, HOUR, HOUR_ALARM, WEEKDAY, DAY, MONTH, YEAR };

struct date {
    uint32_t second, minute, hour, weekday, day, month, year;
};

// Days since 1970 to year, month, day: eras of 400 years that start on 1 March.
static void split_days(uint64_t days, struct date *date) {
    uint64_t shifted = days + 719468, era = shifted / 146097, in_era = shifted % 146097;
    uint64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    uint64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * in_year + 2) / 153;
    date->day = (uint32_t)(in_year - (153 * month + 2) / 5 + 1);
    date->month = (uint32_t)(month < 10 ? month + 3 : month - 9);
    date->year = (uint32_t)(year + era * 400 + (date->month <= 2));
    date->weekday = (uint32_t)((days + 4) % 7 + 1);
}

static uint64_t join_days(const struct date *date) {
    uint64_t year = date->year - (date->month <= 2), era = year / 400, of_era = year % 400;
    uint64_t month = date->month > 2 ? date->month - 3 : date->month + 9;
    uint64_t in_year = (153 * month + 2) / 5 + date->day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + in_year - 719468;
}

uint64_t mc146818_seconds(uint32_t year, uint32_t month, uint32_t day) {
    const struct date date = {.year = year, .month = month, .day = day};
    return join_days(&date) * 86400;
}

static uint64_t wall_seconds(const struct mc146818 *rtc, uint64_t now_ns) {
    return (uint64_t)((int64_t)(now_ns / NS) + rtc->offset_s);
}

static struct date date_of(uint64_t seconds) {
    struct date date = {
        .second = (uint32_t)(seconds % 60), .minute = (uint32_t)(seconds / 60 % 60), .hour = (uint32_t)(seconds / 3600 % 24)};
    split_days(seconds / 86400, &date);
    return date;
}

static uint8_t encode(const struct mc146818 *rtc, uint32_t value) {
    return (uint8_t)(rtc->memory[REG_B] & B_BINARY ? value : value / 10 << 4 | value % 10);
}

static uint32_t decode(const struct mc146818 *rtc, uint8_t value) {
    return rtc->memory[REG_B] & B_BINARY ? value : (value >> 4) * 10u + (value & 15u);
}

static uint8_t encode_hour(const struct mc146818 *rtc, uint32_t hour) {
    if (rtc->memory[REG_B] & B_24H)
        return encode(rtc, hour);
    return encode(rtc, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? 0x80 : 0);
}

static uint32_t decode_hour(const struct mc146818 *rtc, uint8_t value) {
    if (rtc->memory[REG_B] & B_24H)
        return decode(rtc, value);
    return decode(rtc, value & 0x7f) % 12 + (value & 0x80 ? 12 : 0);
}

// The date as the guest last wrote it while the clock was stopped (SET), or now.
static void store_date(struct mc146818 *rtc, const struct date *date) {
    rtc->memory[SECOND] = encode(rtc, date->second);
    rtc->memory[MINUTE] = encode(rtc, date->minute);
    rtc->memory[HOUR] = encode_hour(rtc, date->hour);
    rtc->memory[WEEKDAY] = encode(rtc, date->weekday);
    rtc->memory[DAY] = encode(rtc, date->day);
    rtc->memory[MONTH] = encode(rtc, date->month);
    rtc->memory[YEAR] = encode(rtc, date->year % 100);
    rtc->memory[REG_CENTURY] = encode(rtc, date->year / 100);
}

static void refresh(struct mc146818 *rtc, uint64_t now_ns) {
    if (rtc->memory[REG_B] & B_SET)
        return;
    struct date date = date_of(wall_seconds(rtc, now_ns));
    store_date(rtc, &date);
}

static void take_date(struct mc146818 *rtc) {
    struct date date = {
        .second = decode(rtc, rtc->memory[SECOND]) % 60,
        .minute = decode(rtc, rtc->memory[MINUTE]) % 60,
        .hour = decode_hour(rtc, rtc->memory[HOUR]) % 24,
        .day = decode(rtc, rtc->memory[DAY]),
        .month = decode(rtc, rtc->memory[MONTH]),
        .year = decode(rtc, rtc->memory[REG_CENTURY]) * 100 + decode(rtc, rtc->memory[YEAR]),
    };
    if (date.day < 1 || date.day > 31 || date.month < 1 || date.month > 12 || date.year < 1970)
        return;
    mc146818_set_time(rtc, join_days(&date) * 86400 + date.hour * 3600 + date.minute * 60 + date.second);
}

void mc146818_set_time(struct mc146818 *rtc, uint64_t seconds) {
    UNDO_SAVE(rtc->machine, rtc);
    uint64_t now = bh_time_ns() / NS;
    rtc->offset_s = (int64_t)seconds - (int64_t)now;
    rtc->seen_s = seconds;
}

static bool alarm_matches(const struct mc146818 *rtc, const struct date *date) {
    const uint8_t *at = rtc->memory;
    return (at[SECOND_ALARM] >= 0xc0 || decode(rtc, at[SECOND_ALARM]) == date->second) &&
           (at[MINUTE_ALARM] >= 0xc0 || decode(rtc, at[MINUTE_ALARM]) == date->minute) &&
           (at[HOUR_ALARM] >= 0xc0 || decode_hour(rtc, at[HOUR_ALARM]) == date->hour);
}

static void update_line(struct mc146818 *rtc) {
    uint8_t *flags = &rtc->memory[REG_C];
    bool raised = *flags & rtc->memory[REG_B] & (C_PERIODIC | C_ALARM | C_UPDATE);
    UNDO_SAVE(rtc->machine, flags);
    *flags = raised ? *flags | C_IRQ : *flags & (uint8_t)~C_IRQ;
    machine_set_irq(rtc->machine, IRQ_RTC, raised);
}

static uint64_t period_ns(const struct mc146818 *rtc) {
    uint32_t rate = rtc->memory[REG_A] & 15;
    if (!rate)
        return 0;
    if (rate < 3)
        rate += 7;
    return (NS << (rate - 1)) / 32768;
}

static void judge_seconds(struct mc146818 *rtc, uint64_t now_ns) {
    uint64_t wall = wall_seconds(rtc, now_ns);
    if (rtc->memory[REG_B] & B_SET || wall == rtc->seen_s)
        return;
    UNDO_SAVE(rtc->machine, rtc);
    rtc->memory[REG_C] |= C_UPDATE;
    // Seconds that passed while nobody looked are judged too, but no more than a day of them.
    uint64_t first = wall - rtc->seen_s > 86400 ? wall - 86400 : rtc->seen_s + 1;
    for (uint64_t second = first; second <= wall && !(rtc->memory[REG_C] & C_ALARM); second++) {
        struct date date = date_of(second);
        if (alarm_matches(rtc, &date))
            rtc->memory[REG_C] |= C_ALARM;
        if (!(rtc->memory[REG_B] & B_AIE))
            break;
    }
    rtc->seen_s = wall;
}

static uint64_t tick(void *device, uint64_t now_ns) {
    struct mc146818 *rtc = device;
    uint64_t period = period_ns(rtc), next = 0;
    judge_seconds(rtc, now_ns);
    if (rtc->periodic_ns && now_ns >= rtc->periodic_ns && period) {
        UNDO_SAVE(rtc->machine, rtc);
        rtc->memory[REG_C] |= C_PERIODIC;
        rtc->periodic_ns += ((now_ns - rtc->periodic_ns) / period + 1) * period;
    }
    update_line(rtc);
    if (rtc->memory[REG_B] & (B_AIE | B_UIE))
        next = (now_ns / NS + 1) * NS;
    return deadline_min(next, rtc->periodic_ns);
}

static void write_b(struct mc146818 *rtc, uint8_t value) {
    uint8_t old = rtc->memory[REG_B];
    if ((value & B_SET) && !(old & B_SET))
        refresh(rtc, bh_time_ns());
    rtc->memory[REG_B] = value;
    if ((old & B_SET) && !(value & B_SET))
        take_date(rtc);
    if (!(value & B_PIE) || !period_ns(rtc))
        rtc->periodic_ns = 0;
    else if (!rtc->periodic_ns)
        rtc->periodic_ns = bh_time_ns() + period_ns(rtc);
    update_line(rtc);
}

static uint32_t read(void *device, uint32_t offset, uint32_t size) {
    struct mc146818 *rtc = device;
    uint64_t now = bh_time_ns();
    (void)size;
    if (!offset)
        return 0xff;
    if (rtc->index == REG_C) {
        UNDO_SAVE(rtc->machine, rtc);
        judge_seconds(rtc, now);
        update_line(rtc);
        uint8_t flags = rtc->memory[REG_C];
        rtc->memory[REG_C] = 0;
        update_line(rtc);
        return flags;
    }
    if (rtc->index == REG_A) {
        bool updating = !(rtc->memory[REG_B] & B_SET) && now % NS >= NS - UPDATE_NS;
        return rtc->memory[REG_A] | (updating ? 0x80u : 0);
    }
    if (rtc->index == REG_D)
        return 0x80; // the battery is fine
    if (rtc->index <= YEAR || rtc->index == REG_CENTURY) {
        UNDO_SAVE(rtc->machine, rtc);
        refresh(rtc, now);
    }
    return rtc->memory[rtc->index];
}

static void write(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct mc146818 *rtc = device;
    uint8_t byte = (uint8_t)value, index = rtc->index;
    (void)size;
    UNDO_SAVE(rtc->machine, rtc);
    if (!offset) {
        rtc->index = byte & 0x7f;
        return;
    }
    rtc->machine->timers_changed = true;
    if (index == REG_C || index == REG_D)
        return;
    if (index == REG_B) {
        write_b(rtc, byte);
        return;
    }
    bool time = (index <= YEAR && index != SECOND_ALARM && index != MINUTE_ALARM && index != HOUR_ALARM) ||
                index == REG_CENTURY;
    if (time)
        refresh(rtc, bh_time_ns());
    rtc->memory[index] = index == REG_A ? byte & 0x7f : byte;
    if (time && !(rtc->memory[REG_B] & B_SET))
        take_date(rtc);
    if (index == REG_A && rtc->periodic_ns) {
        rtc->periodic_ns = 0;
        write_b(rtc, rtc->memory[REG_B]);
    }
}

static void reset(void *device) {
    struct mc146818 *rtc = device;
    rtc->index = 0;
    rtc->periodic_ns = 0;
    rtc->memory[REG_A] = 0x26; // 32 kHz crystal, 1024 Hz
    rtc->memory[REG_B] = B_24H;
    rtc->memory[REG_C] = 0;
}

static const char *restore(void *device, const void *from) {
    struct mc146818 *rtc = device;
    const struct mc146818 *saved = from;
    uint64_t now = bh_time_ns();
    if (saved->index > 0x7f)
        return "the real-time clock's index";
    if (saved->offset_s > OFFSET_MAX_S || saved->offset_s < -(int64_t)(now / NS) || saved->seen_s > wall_seconds(saved, now))
        return "the real-time clock's time";
    DEVICE_TAKE(rtc, saved, index);
    return NULL;
}

const struct device_model mc146818_model = {
    .name = "mc146818", .access_max = 1, .reset = reset, .read = read, .write = write, .tick = tick, .restore = restore};
