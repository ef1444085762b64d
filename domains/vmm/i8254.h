// SPDX-License-Identifier: MIT
//
// The 8254 interval timer: channel 0 raises IRQ 0, channel 2 is read back through port 0x61. Source: Intel 8254 data sheet.
#ifndef VMM_I8254_H
#define VMM_I8254_H

#include "device.h"

struct machine;

#define I8254_HZ 1193182u

struct i8254_channel {
    uint8_t mode;
    uint8_t access;       // 1 low byte, 2 high byte, 3 low then high
    bool write_high;      // access 3: the next write is the high byte
    bool read_high;
    bool status_latched, count_latched;
    bool bcd, gate, loaded;
    uint8_t status, low;
    uint16_t latch;
    uint32_t count;       // 1 to 65536
    uint64_t start_ns;    // when counting began
    uint64_t next_ns;     // channel 0: next interrupt, 0: none
};

struct i8254 {
    struct machine *machine;
    struct i8254_channel channels[3];
    uint8_t speaker; // port 0x61, bits 0 and 1
};

extern const struct device_model i8254_model;      // ports 0x40 to 0x43
extern const struct device_model i8254_gate_model; // port 0x61

#endif
