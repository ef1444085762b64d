// SPDX-License-Identifier: MIT
//
// The serial line, and answers on it. What is said is kept until a piece is full or the line ends.
#include "line.h"

#include <stdarg.h>
#include <stdio.h>

#include "bulkhead/domain.h"
#include "bulkhead/uart.h"

#define OUTPUT_PIECE 512u
#define UART_BASE 0x2f8

static struct bh_uart uart;
static char output[OUTPUT_PIECE];
static uint32_t output_size;

enum bh_error line_open(bh_cap *interrupt) {
    enum bh_error error = bh_uart_open(&uart, "serial", UART_BASE);
    *interrupt = uart.interrupt;
    return error;
}

bool line_read(uint8_t *byte) {
    return bh_uart_read(&uart, byte);
}

static void flush(void) {
    (void)bh_uart_write(&uart, output, output_size);
    output_size = 0;
}

void put(char byte) {
    if (output_size == sizeof(output))
        flush();
    output[output_size++] = byte;
}

void say(const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (const char *at = text; *at; at++)
        put(*at);
}

void say_string(const char *text, size_t size) {
    put('"');
    for (size_t i = 0; i < size && text[i]; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '"' || byte == '\\') {
            put('\\');
            put((char)byte);
        } else if (byte == '\n') {
            say("\\n");
        } else if (byte < 0x20 || byte >= 0x7f) {
            say("\\u%04x", byte);
        } else {
            put((char)byte);
        }
    }
    put('"');
}

void refuse(const char *format, ...) {
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    say("{\"ok\":false,\"error\":");
    say_string(text, sizeof(text));
    say("}");
}

void answer(const char *what, enum bh_error error) {
    if (error)
        refuse("%s: %s", what, bh_strerror(error));
    else
        say("{\"ok\":true}");
}

void say_hex(const void *data, size_t size) {
    for (size_t i = 0; i < size; i++)
        for (int shift = 4; shift >= 0; shift -= 4)
            put("0123456789abcdef"[((const uint8_t *)data)[i] >> shift & 15]);
}

void say_base64(const void *data, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t word = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0u);
        put(digits[word >> 18]);
        put(digits[word >> 12 & 63]);
        put(left > 1 ? digits[word >> 6 & 63] : '=');
        put(left > 2 ? digits[word & 63] : '=');
    }
}

void line_end(void) {
    put('\n');
    flush();
}
