// SPDX-License-Identifier: MIT
//
// The machine's first serial port as a terminal, served as interface Console; or as several terminals, one for each client.
//
// Serves: port "console", or one port for each name of the setting `terminals` (names, with spaces between).
// Needs:  "serial" (Ports); may have "settings" (Settings).
// With several terminals each line of output begins with its terminal's name, a line of one is not continued by another, and what is typed goes
// to one of them: the first, until Ctrl-T gives the keyboard to the next.
#include <string.h>

#include "bulkhead/domain.h"
#include "bulkhead/mutex.h"
#include "bulkhead/settings.h"
#include "bulkhead/typed.h"
#include "bulkhead/uart.h"
#include "console.h"
#include "kernel.h"

#define UART_BASE 0x3f8
#define TERMINALS_MAX 8
#define NEXT_KEY 0x14 // Ctrl-T
#define LOOK_NS 250000000ull // for input, signal or not: an interrupt may have been lost

struct terminal {
    struct bh_typed typed; // first: its functions are methods
    const char *name;
    uint64_t lost; // the main thread's: bytes for which there was no room
};

static struct console {
    struct bh_uart uart;
    struct bh_mutex output_lock;
    struct terminal terminals[TERMINALS_MAX];
    uint32_t count;
    struct terminal *keyboard; // the main thread's: who gets what is typed
    struct terminal *writer;   // output_lock: who wrote last
    bool inside_line;          // output_lock: and has not ended its line
} console;

// ---- interface

static enum bh_error put(const char *text) {
    return bh_uart_write(&console.uart, text, (uint32_t)strlen(text));
}

// Go to where this terminal may write: behind what it wrote last, or behind its name on a line of its own.
static enum bh_error begin_piece(struct terminal *terminal) {
    enum bh_error error = BH_OK;
    if (console.inside_line && console.writer == terminal)
        return BH_OK;
    if (console.inside_line)
        error = put("\r\n");
    console.writer = terminal;
    console.inside_line = true;
    if (!error)
        error = put("[");
    if (!error)
        error = put(terminal->name);
    return error ? error : put("] ");
}

static enum bh_error write_lines(struct terminal *terminal, const uint8_t *bytes, uint32_t size) {
    enum bh_error error = BH_OK;
    while (size && !error) {
        const uint8_t *end = memchr(bytes, '\n', size);
        uint32_t piece = end ? (uint32_t)(end - bytes) + 1 : size;
        error = begin_piece(terminal);
        if (!error)
            error = bh_uart_write(&console.uart, bytes, piece);
        console.inside_line = !end;
        bytes += piece;
        size -= piece;
    }
    return error;
}

static enum bh_error do_write(void *object, const void *data, uint32_t size) {
    bh_mutex_lock(&console.output_lock);
    enum bh_error error = console.count > 1 ? write_lines(object, data, size) : bh_uart_write(&console.uart, data, size);
    bh_mutex_unlock(&console.output_lock);
    return error;
}

// ---- input

// Context: the lock of `typed` held.
static void store(struct terminal *terminal, uint8_t byte) {
    if (!bh_typed_put(&terminal->typed, byte) && !terminal->lost++)
        bh_warn("text typed for %s is lost: nobody reads it", terminal->name);
}

static void give_keyboard(struct terminal *terminal) {
    bh_mutex_lock(&console.output_lock);
    if (console.inside_line) // its own perhaps, too
        (void)put("\r\n");
    console.inside_line = false;
    (void)begin_piece(terminal);
    (void)put("has the keyboard\r\n");
    console.inside_line = false;
    bh_mutex_unlock(&console.output_lock);
}

// Returns whether anything came.
static bool take_input(void) {
    struct terminal *before = console.keyboard;
    bool any = false;
    uint8_t byte;
    bh_mutex_lock(&before->typed.lock);
    while (bh_uart_read(&console.uart, &byte)) {
        any = true;
        if (byte == NEXT_KEY && console.count > 1) {
            console.keyboard = &console.terminals[(console.keyboard - console.terminals + 1) % console.count];
            break;
        }
        store(before, byte);
    }
    bh_cap watcher = before->typed.watcher;
    bh_mutex_unlock(&before->typed.lock);
    if (any && watcher)
        (void)bh_event_signal(watcher); // a reader that is gone will ask again
    if (console.keyboard != before)
        give_keyboard(console.keyboard);
    return any;
}

// ---- beginning

static enum bh_error serve(char *names) {
    static const struct console_methods methods = {
        .write = do_write, .read = bh_typed_read, .watch_input = bh_typed_watch_input, .peek = bh_typed_peek, .drop = bh_typed_drop};
    for (char *rest = names, *name; (name = strsep(&rest, " "));) {
        if (!*name)
            continue;
        if (console.count == TERMINALS_MAX) {
            bh_error_log("terminal %s is one more than the %u that there may be", name, TERMINALS_MAX);
            return BH_ENOSPC;
        }
        console.terminals[console.count++].name = name;
    }
    if (!console.count)
        return BH_EINVAL;
    for (uint32_t i = 0; i < console.count; i++) {
        struct terminal *terminal = &console.terminals[i];
        enum bh_error error = bh_typed_create(&terminal->typed, NULL);
        if (!error)
            error = console_serve(terminal->name, &methods, terminal);
        if (error)
            return error;
    }
    return BH_OK;
}

static enum bh_error start(void) {
    static char names[BH_SETTING_SIZE];
    enum bh_error error = bh_mutex_create(&console.output_lock);
    if (!error)
        error = bh_uart_open(&console.uart, "serial", UART_BASE);
    if (error)
        return error;
    if (!bh_setting("terminals", names, sizeof(names)) || !*names)
        strcpy(names, "console");
    console.keyboard = &console.terminals[0];
    return serve(names);
}

int main(void) {
    enum bh_error error = start();
    if (error)
        return bh_not_started("no console", error);
    for (;;)
        if (!take_input())
            (void)bh_event_await(console.uart.interrupt, bh_time_ns() + LOOK_NS);
}
