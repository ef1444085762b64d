// SPDX-License-Identifier: MIT
//
// The machine's serial port as a terminal: a 16550 behind kernel-checked ports, served as interface Console. Registers by offset from
// the first port: 0 data, 1 interrupt enable, 2 FIFO control, 3 line control, 4 modem control, 5 line status (National Semiconductor
// PC16550D data sheet).
#include <string.h>

#include "bulkhead/domain.h"
#include "bulkhead/mutex.h"
#include "console.h"
#include "kernel.h"

#define INPUT_SIZE 4096u // power of two
#define WRITE_RETRY_NS 1000000u
#define READ_MAX 512u

enum uart { UART_DATA = 0, UART_INTERRUPTS = 1, UART_FIFO = 2, UART_LINE = 3, UART_MODEM = 4, UART_STATUS = 5 };
enum { STATUS_DATA = 1, STATUS_EMPTY = 0x20, INTERRUPT_DATA = 1, LINE_8N1 = 3, LINE_DIVISOR = 0x80, MODEM_ALL = 0x0b, FIFO_ON = 0x07 };

static struct console {
    bh_cap ports;
    uint32_t base;
    bh_cap interrupt; // event
    bh_cap watcher;   // event of the reader, or BH_CAP_NONE
    struct bh_mutex output_lock, input_lock;
    uint8_t input[INPUT_SIZE];
    uint32_t head, tail; // free-running: taken, put
    uint64_t lost;
} console;

static uint32_t get(enum uart offset) {
    uint32_t value = 0;
    (void)ports_read(console.ports, console.base + offset, 1, &value);
    return value;
}

static void set(enum uart offset, uint32_t value) {
    enum bh_error error = ports_write(console.ports, console.base + offset, 1, value);
    if (error)
        bh_warn("port 0x%x: %s", console.base + offset, bh_strerror(error));
}

// ---- interface

static enum bh_error do_write(void *object, const void *data, uint32_t size) {
    const uint8_t *bytes = data;
    enum bh_error error = BH_OK;
    (void)object;
    bh_mutex_lock(&console.output_lock);
    for (uint32_t done = 0; done < size && !error;) {
        uint32_t count = 0;
        error = ports_write_bytes(console.ports, console.base, console.base + UART_STATUS, STATUS_EMPTY, bytes + done, size - done, &count);
        done += count;
        if (!count && !error)
            bh_sleep_for(WRITE_RETRY_NS); // whoever reads the line is slow
    }
    bh_mutex_unlock(&console.output_lock);
    return error;
}

static enum bh_error do_read(void *object, void *data, uint32_t *size) {
    uint8_t *bytes = data;
    uint32_t count = 0;
    (void)object;
    bh_mutex_lock(&console.input_lock);
    while (console.head != console.tail && count < READ_MAX)
        bytes[count++] = console.input[console.head++ % INPUT_SIZE];
    bh_mutex_unlock(&console.input_lock);
    *size = count;
    return BH_OK;
}

static enum bh_error do_watch(void *object, bh_cap event) {
    (void)object;
    bh_mutex_lock(&console.input_lock);
    bh_cap old = console.watcher;
    console.watcher = event;
    bool waiting = console.head != console.tail;
    bh_mutex_unlock(&console.input_lock);
    if (old)
        (void)bh_cap_drop(old);
    return waiting ? bh_event_signal(event) : BH_OK;
}

// ---- input

// Returns whether anything came.
static bool take_input(void) {
    bool any = false;
    bh_mutex_lock(&console.input_lock);
    while (get(UART_STATUS) & STATUS_DATA) {
        uint32_t byte = get(UART_DATA);
        if (console.tail - console.head < INPUT_SIZE)
            console.input[console.tail++ % INPUT_SIZE] = (uint8_t)byte;
        else if (!console.lost++)
            bh_warn("typed text is lost: nobody reads it");
        any = true;
    }
    bh_cap watcher = console.watcher;
    bh_mutex_unlock(&console.input_lock);
    if (any && watcher)
        (void)bh_event_signal(watcher); // a reader that is gone will ask again
    return any;
}

static enum bh_error start(void) {
    enum bh_error error = bh_cap_find("serial", &console.ports);
    if (!error)
        error = bh_event_create(&console.interrupt);
    if (!error)
        error = bh_mutex_create(&console.output_lock);
    if (!error)
        error = bh_mutex_create(&console.input_lock);
    if (!error)
        error = ports_bind_interrupt(console.ports, console.interrupt);
    if (error)
        return error;
    set(UART_INTERRUPTS, 0);
    set(UART_LINE, LINE_DIVISOR);
    set(UART_DATA, 1); // 115200 baud
    set(UART_INTERRUPTS, 0);
    set(UART_LINE, LINE_8N1);
    set(UART_FIFO, FIFO_ON);
    set(UART_MODEM, MODEM_ALL);
    set(UART_INTERRUPTS, INTERRUPT_DATA);
    return BH_OK;
}

int main(void) {
    static const struct console_methods methods = {.write = do_write, .read = do_read, .watch_input = do_watch};
    console.base = 0x3f8;
    enum bh_error error = start();
    if (!error)
        error = console_serve("console", &methods, &console);
    if (error) {
        bh_error_log("no console: %s", bh_strerror(error));
        return 1;
    }
    for (;;)
        if (!take_input())
            (void)bh_event_wait(console.interrupt, 0);
}
