// SPDX-License-Identifier: MIT
//
// A 16550A serial port: the guest's console. Source: National Semiconductor PC16550D data sheet.
#ifndef VMM_NS16550_H
#define VMM_NS16550_H

#include <stddef.h>
#include "device.h"

struct machine;

#define NS16550_OUTPUT_MAX 512
#define NS16550_INPUT_MAX 256

struct ns16550 {
    struct machine *machine;
    uint32_t irq;
    uint8_t ier, lcr, mcr, scratch, fcr, divisor_low, divisor_high;
    uint8_t msr_delta;
    bool thre_pending; // "transmitter empty" not yet told
    bool overrun;
    uint32_t input_first, input_count;
    uint32_t output_count;
    uint64_t flush_ns; // output waits until then at the most, 0: none waits
    uint8_t input[NS16550_INPUT_MAX];
    uint8_t output[NS16550_OUTPUT_MAX];
};

extern const struct device_model ns16550_model;

// Bytes from the console to the guest; returns how many found room.
size_t ns16550_receive(struct ns16550 *uart, const void *data, size_t size);
// Copy the waiting output to `data` (NS16550_OUTPUT_MAX bytes); returns how much. It waits until it is dropped: who dies meanwhile sends it again.
size_t ns16550_peek_output(const struct ns16550 *uart, void *data);
void ns16550_drop_output(struct ns16550 *uart, size_t size);

#endif
