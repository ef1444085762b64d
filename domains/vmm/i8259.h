// SPDX-License-Identifier: MIT
//
// The pair of 8259A interrupt controllers of a PC. Source: Intel 8259A data sheet.
#ifndef VMM_I8259_H
#define VMM_I8259_H

#include "device.h"

struct machine;

struct i8259_chip {
    uint8_t irr, imr, isr, asserted;
    uint8_t base;     // vector of input 0
    uint8_t elcr;     // inputs that are level triggered
    uint8_t init;     // next initialization word expected, 0: none
    uint8_t lowest;   // input with the lowest priority
    bool needs_icw4, read_isr, poll, auto_eoi, rotate_auto, special_mask;
};

struct i8259 {
    struct machine *machine;
    struct i8259_chip chips[2]; // master, slave
};

// Offsets: 0, 1 master; 2, 3 slave; 4, 5 edge/level control. Three ranges share the model, see i8259.c.
extern const struct device_model i8259_master_model, i8259_slave_model, i8259_elcr_model;

void i8259_set_input(struct i8259 *pic, uint32_t irq, bool asserted);
bool i8259_pending(const struct i8259 *pic);
// Interrupt acknowledge cycle: the vector. Spurious when nothing is pending any more.
uint8_t i8259_acknowledge(struct i8259 *pic);

#endif
