// SPDX-License-Identifier: MIT
//
// 8254: nothing counts; each read computes the count from the time since the channel was loaded. Interrupts that were
// missed while the guest did not run are merged into one. BCD counting reads as binary.
#include "i8254.h"

#include "bulkhead/thread.h"
#include "machine.h"

#define NS 1000000000ull
#define IRQ_TIMER 0

static uint64_t ticks_of(uint64_t ns) {
    return ns / NS * I8254_HZ + ns % NS * I8254_HZ / NS;
}

// The first nanosecond at which `ticks` have passed.
static uint64_t ns_of(uint64_t ticks) {
    return ticks / I8254_HZ * NS + (ticks % I8254_HZ * NS + I8254_HZ - 1) / I8254_HZ;
}

static bool periodic(const struct i8254_channel *channel) {
    return channel->mode == 2 || channel->mode == 3;
}

static uint64_t elapsed(const struct i8254_channel *channel, uint64_t now_ns) {
    return channel->gate || channel->mode == 1 || channel->mode == 5 ? ticks_of(now_ns - channel->start_ns) : 0;
}

static uint16_t counter(const struct i8254_channel *channel, uint64_t now_ns) {
    uint64_t ticks = elapsed(channel, now_ns);
    if (channel->mode == 2)
        return (uint16_t)(channel->count - ticks % channel->count);
    if (channel->mode == 3)
        return (uint16_t)((channel->count - 2 * ticks % channel->count) & ~1u);
    return (uint16_t)(channel->count - ticks);
}

static bool output(const struct i8254_channel *channel, uint64_t now_ns) {
    uint64_t ticks = elapsed(channel, now_ns);
    if (!channel->loaded)
        return channel->mode != 0;
    switch (channel->mode) {
    case 0:
    case 1:
        return ticks >= channel->count;
    case 2:
        return ticks % channel->count != channel->count - 1;
    case 3:
        return ticks % channel->count < (channel->count + 1) / 2;
    default:
        return ticks != channel->count;
    }
}

static void load(struct i8254 *pit, struct i8254_channel *channel, uint16_t value) {
    channel->count = value ? value : 0x10000;
    if (channel->mode == 2 && channel->count == 1)
        channel->count = 2; // the data sheet forbids 1
    channel->start_ns = bh_time_ns();
    channel->loaded = true;
    if (channel == &pit->channels[0]) {
        channel->next_ns = channel->start_ns + ns_of(channel->count);
        pit->machine->timers_changed = true;
    }
}

static void write_counter(struct i8254 *pit, struct i8254_channel *channel, uint8_t value) {
    if (channel->access == 1) {
        load(pit, channel, value);
    } else if (channel->access == 2) {
        load(pit, channel, (uint16_t)(value << 8));
    } else if (!channel->write_high) {
        channel->low = value;
        channel->write_high = true;
    } else {
        channel->write_high = false;
        load(pit, channel, (uint16_t)(value << 8 | channel->low));
    }
}

static void latch_count(struct i8254_channel *channel, uint64_t now_ns) {
    if (channel->count_latched)
        return;
    channel->latch = counter(channel, now_ns);
    channel->count_latched = true;
    channel->read_high = false;
}

static void read_back(struct i8254 *pit, uint8_t command) {
    uint64_t now = bh_time_ns();
    for (int i = 0; i < 3; i++) {
        struct i8254_channel *channel = &pit->channels[i];
        if (!(command >> (i + 1) & 1))
            continue;
        if (!(command & 0x20))
            latch_count(channel, now);
        if (!(command & 0x10) && !channel->status_latched) {
            channel->status = (uint8_t)(output(channel, now) << 7 | !channel->loaded << 6 | channel->access << 4 |
                                        channel->mode << 1 | channel->bcd);
            channel->status_latched = true;
        }
    }
}

static void write_control(struct i8254 *pit, uint8_t command) {
    uint32_t index = command >> 6;
    if (index == 3) {
        read_back(pit, command);
        return;
    }
    struct i8254_channel *channel = &pit->channels[index];
    if (!(command & 0x30)) {
        latch_count(channel, bh_time_ns());
        return;
    }
    uint8_t mode = command >> 1 & 7;
    channel->mode = mode > 5 ? mode - 4 : mode;
    channel->access = command >> 4 & 3;
    channel->bcd = command & 1;
    channel->write_high = channel->read_high = false;
    channel->count_latched = channel->status_latched = false;
    channel->loaded = false;
    channel->next_ns = 0;
    pit->machine->timers_changed = true;
}

static uint8_t read_counter(struct i8254_channel *channel) {
    if (channel->status_latched) {
        channel->status_latched = false;
        return channel->status;
    }
    uint16_t value = channel->count_latched ? channel->latch : counter(channel, bh_time_ns());
    bool high = channel->access == 2 || (channel->access == 3 && channel->read_high);
    if (channel->access == 3)
        channel->read_high = !channel->read_high;
    if (channel->access != 3 || high)
        channel->count_latched = false;
    return (uint8_t)(high ? value >> 8 : value);
}

static uint32_t read(void *device, uint32_t offset, uint32_t size) {
    struct i8254 *pit = device;
    (void)size;
    UNDO_SAVE(pit->machine, pit);
    return offset < 3 ? read_counter(&pit->channels[offset]) : 0xff;
}

static void write(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct i8254 *pit = device;
    (void)size;
    UNDO_SAVE(pit->machine, pit);
    if (offset < 3)
        write_counter(pit, &pit->channels[offset], (uint8_t)value);
    else
        write_control(pit, (uint8_t)value);
}

// Channel 0: fire what is due. The line is pulsed: both interrupt controllers see the edge.
static uint64_t tick(void *device, uint64_t now_ns) {
    struct i8254 *pit = device;
    struct i8254_channel *channel = &pit->channels[0];
    if (!channel->next_ns)
        return 0;
    if (now_ns >= channel->next_ns) {
        UNDO_SAVE(pit->machine, pit);
        machine_set_irq(pit->machine, IRQ_TIMER, true);
        machine_set_irq(pit->machine, IRQ_TIMER, false);
        uint64_t done = ticks_of(now_ns - channel->start_ns) / channel->count;
        channel->next_ns = periodic(channel) ? channel->start_ns + ns_of((done + 1) * channel->count) : 0;
    }
    return channel->next_ns;
}

static void reset(void *device) {
    struct i8254 *pit = device;
    *pit = (struct i8254){.machine = pit->machine};
    for (int i = 0; i < 3; i++)
        pit->channels[i] = (struct i8254_channel){.mode = 3, .access = 3, .count = 0x10000, .gate = i < 2};
}

static bool is_sound(const struct i8254_channel *channel, uint64_t now_ns) {
    return channel->mode <= 5 && channel->access <= 3 && device_flag(&channel->write_high) && device_flag(&channel->read_high) &&
           device_flag(&channel->status_latched) && device_flag(&channel->count_latched) && device_flag(&channel->bcd) && device_flag(&channel->gate) &&
           device_flag(&channel->loaded) && channel->count >= 1 && channel->count <= 0x10000 && channel->start_ns <= now_ns;
}

static const char *restore(void *device, const void *from) {
    struct i8254 *pit = device;
    const struct i8254 *saved = from;
    uint64_t now = bh_time_ns();
    for (int i = 0; i < 3; i++)
        if (!is_sound(&saved->channels[i], now))
            return "a channel of the interval timer";
    if (saved->channels[0].next_ns > now + ns_of(0x10000))
        return "the interval timer's next interrupt";
    if (saved->speaker > 3)
        return "port 0x61";
    DEVICE_TAKE(pit, saved, channels);
    return NULL;
}

static uint32_t read_gate(void *device, uint32_t offset, uint32_t size) {
    struct i8254 *pit = device;
    uint64_t now = bh_time_ns();
    (void)offset;
    (void)size;
    uint32_t refresh = now / 15085 & 1; // the DRAM refresh toggle, by which old code measured time
    return pit->speaker | refresh << 4 | (uint32_t)output(&pit->channels[2], now) << 5;
}

static void write_gate(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct i8254 *pit = device;
    struct i8254_channel *channel = &pit->channels[2];
    (void)offset;
    (void)size;
    UNDO_SAVE(pit->machine, pit);
    if ((value & 1) && !channel->gate)
        channel->start_ns = bh_time_ns(); // a rising gate starts or restarts the count
    channel->gate = value & 1;
    pit->speaker = value & 3;
}

const struct device_model i8254_model = {
    .name = "i8254", .access_max = 1, .reset = reset, .read = read, .write = write, .tick = tick, .restore = restore};
const struct device_model i8254_gate_model = {
    .name = "i8254 gate", .access_max = 1, .read = read_gate, .write = write_gate};
