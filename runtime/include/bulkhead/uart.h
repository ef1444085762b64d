// SPDX-License-Identifier: MIT
//
// A serial line: a 16550 behind the kernel interface Ports. Source: National Semiconductor PC16550D data sheet.
#ifndef BULKHEAD_UART_H
#define BULKHEAD_UART_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"

#define BH_UART_PIECE 512u // bytes at a time

struct bh_uart {
    bh_cap ports;
    uint32_t base;    // its first port
    bh_cap interrupt; // event: there is something to read
    uint32_t at, end; // of what was read and not taken yet
    uint8_t bytes[BH_UART_PIECE];
};

// Take the ports granted as `name`, and set the line to 115200 baud, 8N1, with an interrupt for input.
enum bh_error bh_uart_open(struct bh_uart *uart, const char *name, uint32_t base);
// What came, up to BH_UART_PIECE bytes; *count is 0 if nothing did. Not beside bh_uart_read().
void bh_uart_take(const struct bh_uart *uart, uint8_t *bytes, uint32_t *count);
// The next byte that came, if any.
bool bh_uart_read(struct bh_uart *uart, uint8_t *byte);
// Write all of it; sleeps while whoever reads the line is slow. One thread at a time.
enum bh_error bh_uart_write(const struct bh_uart *uart, const void *data, uint32_t size);

#endif
