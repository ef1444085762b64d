// SPDX-License-Identifier: MIT
//
// 8259A pair: slave on the master's input 2. Modes kept: edge and level inputs, fully nested, rotation, automatic EOI,
// special mask, poll. Linux uses it only until the I/O APIC takes over; small guests and boot loaders live on it.
#include "i8259.h"

#include "machine.h"

#define CASCADE 2

// Distance of `input` from the highest priority; 8 when `bits` is empty.
static uint32_t rank_of_highest(const struct i8259_chip *chip, uint8_t bits, uint8_t *input) {
    for (uint32_t rank = 0; rank < 8; rank++) {
        uint8_t candidate = (uint8_t)((chip->lowest + 1 + rank) & 7);
        if (bits >> candidate & 1) {
            *input = candidate;
            return rank;
        }
    }
    return 8;
}

// The input that interrupts now, -1: none.
static int pending_input(const struct i8259_chip *chip) {
    uint8_t input = 0, serving = 0;
    uint32_t rank = rank_of_highest(chip, chip->irr & ~chip->imr, &input);
    uint8_t blocking = chip->special_mask ? chip->isr & ~chip->imr : chip->isr;
    if (rank == 8 || rank >= rank_of_highest(chip, blocking, &serving))
        return -1;
    return input;
}

static void set_chip_input(struct i8259_chip *chip, uint32_t input, bool asserted) {
    uint8_t bit = (uint8_t)(1u << input);
    if (asserted && ((chip->elcr & bit) || !(chip->asserted & bit)))
        chip->irr |= bit;
    if (!asserted && (chip->elcr & bit))
        chip->irr &= (uint8_t)~bit;
    chip->asserted = asserted ? chip->asserted | bit : chip->asserted & (uint8_t)~bit;
}

// Carry the slave's output to the master and tell the machine.
static void update(struct i8259 *pic) {
    bool slave = pending_input(&pic->chips[1]) >= 0;
    set_chip_input(&pic->chips[0], CASCADE, false);
    if (slave)
        set_chip_input(&pic->chips[0], CASCADE, true);
    else
        pic->chips[0].irr &= (uint8_t) ~(1u << CASCADE);
    if (i8259_pending(pic))
        pic->machine->attention = true;
}

void i8259_set_input(struct i8259 *pic, uint32_t irq, bool asserted) {
    struct i8259_chip *chip = &pic->chips[irq >> 3 & 1];
    if (asserted == (chip->asserted >> (irq & 7) & 1) && !(chip->elcr >> (irq & 7) & 1))
        return; // no edge
    UNDO_SAVE(pic->machine, pic);
    set_chip_input(chip, irq & 7, asserted);
    update(pic);
}

bool i8259_pending(const struct i8259 *pic) {
    return pending_input(&pic->chips[0]) >= 0;
}

static uint8_t acknowledge_chip(struct i8259_chip *chip) {
    int input = pending_input(chip);
    if (input < 0)
        return 7; // spurious
    uint8_t bit = (uint8_t)(1u << input);
    if (!(chip->elcr & bit))
        chip->irr &= (uint8_t)~bit;
    if (!chip->auto_eoi)
        chip->isr |= bit;
    else if (chip->rotate_auto)
        chip->lowest = (uint8_t)input;
    return (uint8_t)input;
}

uint8_t i8259_acknowledge(struct i8259 *pic) {
    UNDO_SAVE(pic->machine, pic);
    uint8_t input = acknowledge_chip(&pic->chips[0]);
    uint8_t vector = pic->chips[0].base + input;
    if (input == CASCADE)
        vector = pic->chips[1].base + acknowledge_chip(&pic->chips[1]);
    update(pic);
    return vector;
}

static void end_of_interrupt(struct i8259_chip *chip, uint8_t command) {
    uint8_t input = command & 7;
    bool specific = command & 0x40, rotate = command & 0x80;
    if (!specific && rank_of_highest(chip, chip->isr, &input) == 8)
        return;
    chip->isr &= (uint8_t) ~(1u << input);
    if (rotate)
        chip->lowest = input;
}

static void write_ocw2(struct i8259_chip *chip, uint8_t value) {
    switch (value >> 5) {
    case 0:
        chip->rotate_auto = false;
        break;
    case 4:
        chip->rotate_auto = true;
        break;
    case 6:
        chip->lowest = value & 7;
        break;
    case 2:
        break;
    default: // 1, 3, 5, 7
        end_of_interrupt(chip, value);
        break;
    }
}

static void write_command(struct i8259_chip *chip, uint8_t value) {
    if (value & 0x10) {
        uint8_t elcr = chip->elcr, asserted = chip->asserted;
        *chip = (struct i8259_chip){.elcr = elcr, .asserted = asserted, .lowest = 7, .init = 2};
        chip->needs_icw4 = value & 1;
        chip->irr = elcr & asserted;
    } else if (value & 8) {
        if (value & 2)
            chip->read_isr = value & 1;
        if (value & 0x40)
            chip->special_mask = value & 0x20;
        chip->poll = value & 4;
    } else {
        write_ocw2(chip, value);
    }
}

static void write_data(struct i8259_chip *chip, uint8_t value) {
    switch (chip->init) {
    case 2:
        chip->base = value & 0xf8;
        chip->init = 3;
        break;
    case 3:
        chip->init = chip->needs_icw4 ? 4 : 0;
        break;
    case 4:
        chip->auto_eoi = value & 2;
        chip->init = 0;
        break;
    default:
        chip->imr = value;
        break;
    }
}

static uint32_t read_chip(struct i8259 *pic, uint32_t index, uint32_t offset) {
    struct i8259_chip *chip = &pic->chips[index];
    if (chip->poll) {
        UNDO_SAVE(pic->machine, pic);
        chip->poll = false;
        bool any = pending_input(chip) >= 0;
        uint32_t value = any ? 0x80u | acknowledge_chip(chip) : 0;
        update(pic);
        return value;
    }
    if (offset)
        return chip->imr;
    return chip->read_isr ? chip->isr : chip->irr;
}

static void write_chip(struct i8259 *pic, uint32_t index, uint32_t offset, uint32_t value) {
    UNDO_SAVE(pic->machine, pic);
    if (offset)
        write_data(&pic->chips[index], (uint8_t)value);
    else
        write_command(&pic->chips[index], (uint8_t)value);
    update(pic);
}

static uint32_t read_master(void *device, uint32_t offset, uint32_t size) {
    (void)size;
    return read_chip(device, 0, offset);
}

static void write_master(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    (void)size;
    write_chip(device, 0, offset, value);
}

static uint32_t read_slave(void *device, uint32_t offset, uint32_t size) {
    (void)size;
    return read_chip(device, 1, offset);
}

static void write_slave(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    (void)size;
    write_chip(device, 1, offset, value);
}

static uint32_t read_elcr(void *device, uint32_t offset, uint32_t size) {
    (void)size;
    return ((struct i8259 *)device)->chips[offset].elcr;
}

static void write_elcr(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct i8259 *pic = device;
    (void)size;
    UNDO_SAVE(pic->machine, pic);
    pic->chips[offset].elcr = (uint8_t)value & (offset ? 0xde : 0xf8); // timer, keyboard, cascade, RTC and FPU stay edge
    update(pic);
}

static void reset(void *device) {
    struct i8259 *pic = device;
    *pic = (struct i8259){.machine = pic->machine};
    for (int i = 0; i < 2; i++)
        pic->chips[i] = (struct i8259_chip){.lowest = 7, .imr = 0xff, .base = i ? 0x70 : 0x08};
}

static const char *restore(void *device, const void *from) {
    struct i8259 *pic = device;
    const struct i8259 *saved = from;
    for (int i = 0; i < 2; i++) {
        const struct i8259_chip *chip = &saved->chips[i];
        if (chip->base & 7 || chip->init == 1 || chip->init > 4 || chip->lowest > 7 || !device_flag(&chip->needs_icw4) || !device_flag(&chip->read_isr) ||
            !device_flag(&chip->poll) || !device_flag(&chip->auto_eoi) || !device_flag(&chip->rotate_auto) || !device_flag(&chip->special_mask))
            return "an 8259";
    }
    DEVICE_TAKE(pic, saved, chips);
    return NULL;
}

const struct device_model i8259_master_model = {
    .name = "i8259", .access_max = 1, .reset = reset, .read = read_master, .write = write_master, .restore = restore};
const struct device_model i8259_slave_model = {
    .name = "i8259 slave", .access_max = 1, .read = read_slave, .write = write_slave};
const struct device_model i8259_elcr_model = {
    .name = "i8259 elcr", .access_max = 1, .read = read_elcr, .write = write_elcr};
