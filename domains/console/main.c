// SPDX-License-Identifier: MIT
//
// The machine's first serial port as a terminal, served as interface Console.
#include "bulkhead/domain.h"
#include "bulkhead/mutex.h"
#include "bulkhead/uart.h"
#include "console.h"

#define INPUT_SIZE 4096u // power of two
#define UART_BASE 0x3f8
#define READ_MAX 512u

static struct console {
    struct bh_uart uart;
    bh_cap watcher; // event of the reader, or BH_CAP_NONE
    struct bh_mutex output_lock, input_lock;
    uint8_t input[INPUT_SIZE];
    uint32_t head, tail; // free-running: taken, put
    uint64_t lost;
} console;

// ---- interface

static enum bh_error do_write(void *object, const void *data, uint32_t size) {
    (void)object;
    bh_mutex_lock(&console.output_lock);
    enum bh_error error = bh_uart_write(&console.uart, data, size);
    bh_mutex_unlock(&console.output_lock);
    return error;
}

// With the input's lock.
static uint32_t copy_input(uint8_t *bytes) {
    uint32_t count = 0;
    for (; console.head + count != console.tail && count < READ_MAX; count++)
        bytes[count] = console.input[(console.head + count) % INPUT_SIZE];
    return count;
}

static enum bh_error do_read(void *object, void *data, uint32_t *size) {
    (void)object;
    bh_mutex_lock(&console.input_lock);
    *size = copy_input(data);
    console.head += *size;
    bh_mutex_unlock(&console.input_lock);
    return BH_OK;
}

static enum bh_error do_peek(void *object, void *data, uint32_t *size) {
    (void)object;
    bh_mutex_lock(&console.input_lock);
    *size = copy_input(data);
    bh_mutex_unlock(&console.input_lock);
    return BH_OK;
}

static enum bh_error do_drop(void *object, uint32_t count) {
    (void)object;
    bh_mutex_lock(&console.input_lock);
    uint32_t waiting = console.tail - console.head;
    console.head += count < waiting ? count : waiting; // a console that was restarted has fewer than its reader saw
    bh_mutex_unlock(&console.input_lock);
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
    uint8_t byte;
    bh_mutex_lock(&console.input_lock);
    while (bh_uart_read(&console.uart, &byte)) {
        if (console.tail - console.head < INPUT_SIZE)
            console.input[console.tail++ % INPUT_SIZE] = byte;
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
    enum bh_error error = bh_mutex_create(&console.output_lock);
    if (!error)
        error = bh_mutex_create(&console.input_lock);
    return error ? error : bh_uart_open(&console.uart, "serial", UART_BASE);
}

int main(void) {
    static const struct console_methods methods = {.write = do_write, .read = do_read, .watch_input = do_watch, .peek = do_peek, .drop = do_drop};
    enum bh_error error = start();
    if (!error)
        error = console_serve("console", &methods, &console);
    if (error) {
        bh_error_log("no console: %s", bh_strerror(error));
        return 1;
    }
    for (;;)
        if (!take_input())
            (void)bh_event_wait(console.uart.interrupt, 0);
}
