// SPDX-License-Identifier: MIT
//
// The machine's first serial port as a terminal, served as interface Console; or as several terminals, one for each client.
//
// Serves: port "console", or one port for each name of the setting `terminals` (names, with spaces between).
// Needs:  "serial" (Ports); may have "settings" (Settings), and "typed" (a buffer): in that it keeps what was typed until it is taken, so that it outlasts this domain.
// With several terminals each line of output begins with its terminal's name, a line of one is not continued by another, and what is typed goes
// to one of them: the first, until Ctrl-T gives the keyboard to the next.
#include <stdatomic.h>
#include <stddef.h>
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

// What came by the line and is not with its terminal yet, and those who have theirs. The main thread's, but for the texts.
static struct kept {
    uint32_t version;            // KEPT_VERSION; 0: never used
    uint32_t keyboard;           // number of the terminal that gets what is typed
    volatile uint32_t came;      // bytes
    volatile uint32_t beginning; // the first of them stands in the keyboard's text at this position, or would: so how many are there tells its text alone
    uint8_t bytes[BH_UART_PIECE];
    struct bh_typed_text texts[TERMINALS_MAX]; // the buffer has as many as there are terminals
} unkept;
#define KEPT_VERSION 1u

static struct console {
    struct kept *kept;
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
    if (bh_typed_put(&terminal->typed, byte))
        return;
    console.kept->beginning--; // it counts as delivered
    if (!terminal->lost++)
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

// How many of the bytes that came are with their terminals.
static uint32_t delivered(void) {
    return console.keyboard->typed.text->tail - console.kept->beginning;
}

// Whatever comes next goes to this one, `done` of those bytes that are here being delivered.
static void switch_to(struct terminal *terminal, uint32_t done) {
    console.kept->beginning = terminal->typed.text->tail - done;
    console.kept->keyboard = (uint32_t)(terminal - console.terminals);
    console.keyboard = terminal;
}

// From the line, when all that came before is delivered. The order of stores is such that this domain may die anywhere.
static void receive(void) {
    struct kept *kept = console.kept;
    if (delivered() < kept->came)
        return;
    kept->came = 0;
    kept->beginning = console.keyboard->typed.text->tail;
    atomic_signal_fence(memory_order_seq_cst);
    uint32_t count = 0;
    bh_uart_take(&console.uart, kept->bytes, &count);
    atomic_signal_fence(memory_order_seq_cst);
    kept->came = count;
}

// Returns whether anything came.
static bool take_input(void) {
    struct terminal *before = console.keyboard;
    struct kept *kept = console.kept;
    bool any = false;
    receive();
    bh_mutex_lock(&before->typed.lock);
    for (uint32_t at; (at = delivered()) < kept->came;) {
        any = true;
        if (kept->bytes[at] == NEXT_KEY && console.count > 1) {
            switch_to(&console.terminals[(console.keyboard - console.terminals + 1) % console.count], at + 1);
            break;
        }
        store(before, kept->bytes[at]);
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

// Whatever an instance before did to it before it died.
static void find_kept(void) {
    struct kept *kept = console.kept = bh_typed_buffer(offsetof(struct kept, texts) + console.count * sizeof(struct bh_typed_text), &unkept);
    if (kept->version != KEPT_VERSION || kept->keyboard >= console.count || kept->came > BH_UART_PIECE)
        kept->keyboard = kept->came = 0;
    kept->version = KEPT_VERSION;
    console.keyboard = &console.terminals[kept->keyboard];
}

static enum bh_error serve(char *names) {
    static const struct console_methods methods = {
        .write = do_write, .read = bh_typed_read, .watch_input = bh_typed_watch_input, .peek = bh_typed_peek, .drop = bh_typed_drop, .look = bh_typed_look,
        .forget = bh_typed_forget};
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
    find_kept();
    for (uint32_t i = 0; i < console.count; i++) {
        struct terminal *terminal = &console.terminals[i];
        enum bh_error error = bh_typed_create(&terminal->typed, &console.kept->texts[i], NULL);
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
