// SPDX-License-Identifier: MIT
//
// 16550A. Transmission takes no time: the holding register is always empty again, and its interrupt comes as soon as it is
// enabled. Output is gathered and goes to the console in pieces: at a line's end, when much has come together, when the
// guest idles, or after FLUSH_NS. Input waits in a buffer that is longer than the chip's.
#include "ns16550.h"

#include <string.h>

#include "bulkhead/thread.h"
#include "machine.h"

#define FLUSH_NS 1000000u
#define OUTPUT_PIECE 256

enum { DATA = 0, IER = 1, IIR_FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCRATCH = 7 };

#define IER_RECEIVE 1
#define IER_TRANSMIT 2
#define IER_LINE 4
#define IER_MODEM 8
#define IIR_NONE 1
#define IIR_MODEM 0
#define IIR_TRANSMIT 2
#define IIR_RECEIVE 4
#define IIR_LINE 6
#define LCR_DLAB 0x80
#define MCR_OUT2 8
#define MCR_LOOP 0x10
#define LSR_DATA 1
#define LSR_OVERRUN 2
#define LSR_EMPTY 0x60 // holding and shift register
#define MSR_CONNECTED 0xb0 // carrier, data set ready, clear to send

static uint8_t cause(const struct ns16550 *uart) {
    if ((uart->ier & IER_LINE) && uart->overrun)
        return IIR_LINE;
    if ((uart->ier & IER_RECEIVE) && uart->input_count)
        return IIR_RECEIVE;
    if ((uart->ier & IER_TRANSMIT) && uart->thre_pending)
        return IIR_TRANSMIT;
    if ((uart->ier & IER_MODEM) && uart->msr_delta)
        return IIR_MODEM;
    return IIR_NONE;
}

static void update(struct ns16550 *uart) {
    machine_set_irq(uart->machine, uart->irq, cause(uart) != IIR_NONE && (uart->mcr & MCR_OUT2) && !(uart->mcr & MCR_LOOP));
}

// All but the bytes in the buffers: those count only once the numbers say so.
static void save(struct ns16550 *uart) {
    undo_save(uart->machine, uart, offsetof(struct ns16550, input));
}

size_t ns16550_receive(struct ns16550 *uart, const void *data, size_t size) {
    save(uart);
    const uint8_t *bytes = data;
    size_t done = 0;
    for (; done < size && uart->input_count < NS16550_INPUT_MAX; done++) {
        uart->input[(uart->input_first + uart->input_count) % NS16550_INPUT_MAX] = bytes[done];
        uart->input_count++;
    }
    update(uart);
    return done;
}

size_t ns16550_peek_output(const struct ns16550 *uart, void *data) {
    memcpy(data, uart->output, uart->output_count);
    return uart->output_count;
}

void ns16550_drop_output(struct ns16550 *uart, size_t size) {
    UNDO_SAVE(uart->machine, uart);
    uart->output_count -= (uint32_t)size;
    memmove(uart->output, uart->output + size, uart->output_count);
    uart->flush_ns = 0;
}

static void transmit(struct ns16550 *uart, uint8_t byte) {
    uart->thre_pending = true;
    if (uart->mcr & MCR_LOOP) {
        if (!ns16550_receive(uart, &byte, 1))
            uart->overrun = true;
        return;
    }
    if (uart->output_count < NS16550_OUTPUT_MAX)
        uart->output[uart->output_count++] = byte;
    if (byte == '\n' || uart->output_count >= OUTPUT_PIECE) {
        uart->machine->output_ready = true;
    } else if (!uart->flush_ns) {
        uart->flush_ns = bh_time_ns() + FLUSH_NS;
        uart->machine->timers_changed = true;
    }
}

static uint8_t receive_one(struct ns16550 *uart) {
    if (!uart->input_count)
        return 0;
    uint8_t byte = uart->input[uart->input_first];
    uart->input_first = (uart->input_first + 1) % NS16550_INPUT_MAX;
    uart->input_count--;
    return byte;
}

static uint8_t modem_status(const struct ns16550 *uart) {
    uint8_t mcr = uart->mcr;
    if (!(mcr & MCR_LOOP))
        return MSR_CONNECTED | uart->msr_delta;
    // Loopback: RTS to CTS, DTR to DSR, OUT1 to RI, OUT2 to DCD.
    return (uint8_t)((mcr & 2) << 3 | (mcr & 1) << 5 | (mcr & 4) << 4 | (mcr & 8) << 4);
}

static uint32_t read_register(struct ns16550 *uart, uint32_t offset) {
    uint8_t value;
    switch (offset) {
    case DATA:
        return uart->lcr & LCR_DLAB ? uart->divisor_low : receive_one(uart);
    case IER:
        return uart->lcr & LCR_DLAB ? uart->divisor_high : uart->ier;
    case IIR_FCR:
        value = cause(uart);
        if (value == IIR_TRANSMIT)
            uart->thre_pending = false;
        return value | (uart->fcr & 1 ? 0xc0u : 0);
    case LCR:
        return uart->lcr;
    case MCR:
        return uart->mcr;
    case LSR:
        value = LSR_EMPTY | (uart->input_count ? LSR_DATA : 0) | (uart->overrun ? LSR_OVERRUN : 0);
        uart->overrun = false;
        return value;
    case MSR:
        value = modem_status(uart);
        uart->msr_delta = 0;
        return value;
    default:
        return uart->scratch;
    }
}

static uint32_t read(void *device, uint32_t offset, uint32_t size) {
    struct ns16550 *uart = device;
    (void)size;
    if (offset == SCRATCH)
        return uart->scratch;
    save(uart);
    uint32_t value = read_register(uart, offset);
    update(uart);
    return value;
}

static void write_ier(struct ns16550 *uart, uint8_t value) {
    if ((value & IER_TRANSMIT) && !(uart->ier & IER_TRANSMIT))
        uart->thre_pending = true;
    uart->ier = value & 15;
}

static void write_fcr(struct ns16550 *uart, uint8_t value) {
    if (value & 2)
        uart->input_count = 0;
    if ((uart->fcr ^ value) & 1)
        uart->input_count = 0;
    uart->fcr = value & 0xc9;
}

static void write(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct ns16550 *uart = device;
    uint8_t byte = (uint8_t)value;
    (void)size;
    save(uart);
    switch (offset) {
    case DATA:
        if (uart->lcr & LCR_DLAB)
            uart->divisor_low = byte;
        else
            transmit(uart, byte);
        break;
    case IER:
        if (uart->lcr & LCR_DLAB)
            uart->divisor_high = byte;
        else
            write_ier(uart, byte);
        break;
    case IIR_FCR:
        write_fcr(uart, byte);
        break;
    case LCR:
        uart->lcr = byte;
        break;
    case MCR:
        uart->mcr = byte & 0x1f;
        break;
    case SCRATCH:
        uart->scratch = byte;
        break;
    default:
        break;
    }
    update(uart);
}

static uint64_t tick(void *device, uint64_t now_ns) {
    struct ns16550 *uart = device;
    if (uart->flush_ns && now_ns >= uart->flush_ns) {
        uart->machine->output_ready = true;
        return 0;
    }
    return uart->flush_ns;
}

static void reset(void *device) {
    struct ns16550 *uart = device;
    *uart = (struct ns16550){.machine = uart->machine, .irq = uart->irq, .divisor_low = 1};
}

static const char *restore(void *device, const void *from) {
    struct ns16550 *uart = device;
    const struct ns16550 *saved = from;
    if (!device_flag(&saved->thre_pending) || !device_flag(&saved->overrun))
        return "the serial port's interrupts";
    if (saved->input_first >= NS16550_INPUT_MAX || saved->input_count > NS16550_INPUT_MAX || saved->output_count > NS16550_OUTPUT_MAX)
        return "the serial port's buffers";
    DEVICE_TAKE(uart, saved, ier);
    return NULL;
}

const struct device_model ns16550_model = {
    .name = "ns16550", .access_max = 1, .reset = reset, .read = read, .write = write, .tick = tick, .restore = restore};
