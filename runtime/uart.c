// SPDX-License-Identifier: MIT
//
// The 16550. Registers by offset from the first port: 0 data, 1 interrupt enable, 2 FIFO control, 3 line control, 4 modem control, 5 line
// status; with the divisor bit of line control set, 0 and 1 are the divisor.
#include "bulkhead/uart.h"

#include "bulkhead/domain.h"
#include "kernel.h"

#define WRITE_RETRY_NS 1000000u

enum uart { UART_DATA = 0, UART_INTERRUPTS = 1, UART_FIFO = 2, UART_LINE = 3, UART_MODEM = 4, UART_STATUS = 5 };
enum { STATUS_DATA = 1, STATUS_EMPTY = 0x20, INTERRUPT_DATA = 1, LINE_8N1 = 3, LINE_DIVISOR = 0x80, MODEM_ALL = 0x0b, FIFO_ON = 0x01 };

static void set(const struct bh_uart *uart, enum uart offset, uint32_t value) {
    enum bh_error error = ports_write(uart->ports, uart->base + offset, 1, value);
    if (error)
        bh_warn("port 0x%x: %s", uart->base + offset, bh_strerror(error));
}

enum bh_error bh_uart_open(struct bh_uart *uart, const char *name, uint32_t base) {
    uart->base = base;
    enum bh_error error = bh_cap_find(name, &uart->ports);
    if (!error)
        error = bh_event_create(&uart->interrupt);
    if (!error)
        error = ports_bind_interrupt(uart->ports, uart->interrupt);
    if (error)
        return error;
    set(uart, UART_INTERRUPTS, 0);
    set(uart, UART_LINE, LINE_DIVISOR);
    set(uart, UART_DATA, 1); // 115200 baud
    set(uart, UART_INTERRUPTS, 0);
    set(uart, UART_LINE, LINE_8N1);
    set(uart, UART_FIFO, FIFO_ON); // and not emptied: after a restart it may hold what came meanwhile
    set(uart, UART_MODEM, MODEM_ALL);
    set(uart, UART_INTERRUPTS, INTERRUPT_DATA);
    return BH_OK;
}

void bh_uart_take(const struct bh_uart *uart, uint8_t *bytes, uint32_t *count) {
    if (ports_read_bytes(uart->ports, uart->base + UART_DATA, uart->base + UART_STATUS, STATUS_DATA, bytes, count))
        *count = 0;
}

bool bh_uart_read(struct bh_uart *uart, uint8_t *byte) {
    if (uart->at == uart->end) {
        uart->at = uart->end = 0;
        bh_uart_take(uart, uart->bytes, &uart->end);
    }
    if (uart->at == uart->end)
        return false;
    *byte = uart->bytes[uart->at++];
    return true;
}

enum bh_error bh_uart_write(const struct bh_uart *uart, const void *data, uint32_t size) {
    const uint8_t *bytes = data;
    for (uint32_t done = 0; done < size;) {
        uint32_t count = 0;
        enum bh_error error = ports_write_bytes(uart->ports, uart->base + UART_DATA, uart->base + UART_STATUS, STATUS_EMPTY, bytes + done,
                                                size - done, &count);
        if (error)
            return error;
        done += count;
        if (!count)
            bh_sleep_for(WRITE_RETRY_NS);
    }
    return BH_OK;
}
