// SPDX-License-Identifier: MIT
//
// Standard streams on a Console: linked only where it is asked for.
#include <string.h>

#include "bulkhead/cap.h"
#include "bulkhead/stdio.h"
#include "bulkhead/thread.h"
#include "console.h"

#define PIECE 512 // bytes in one call of the interface

static bh_cap console, typed;

static void write_console(void *context, const void *data, size_t size) {
    (void)context;
    for (size_t done = 0; done < size; done += PIECE)
        if (console_write(console, (const uint8_t *)data + done, size - done < PIECE ? (uint32_t)(size - done) : PIECE))
            return;
}

// A console gives all that was typed; what the reader has no room for waits for its next call.
static size_t read_console(void *context, void *data, size_t capacity) {
    static uint8_t piece[PIECE];
    static uint32_t size, taken;
    (void)context;
    if (taken == size) {
        size = taken = 0;
        while (!size)
            if (console_read(console, piece, &size) || (!size && bh_event_wait(typed, 0)))
                return 0;
    }
    size_t count = size - taken < capacity ? size - taken : capacity;
    memcpy(data, piece + taken, count);
    taken += (uint32_t)count;
    return count;
}

enum bh_error bh_stdio_console(const char *name) {
    enum bh_error error = bh_cap_find(name, &console);
    if (!error)
        error = bh_event_create(&typed);
    if (!error)
        error = console_watch_input(console, typed);
    if (!error) {
        bh_stdio_output(write_console, NULL);
        bh_stdio_input(read_console, NULL);
    }
    return error;
}
