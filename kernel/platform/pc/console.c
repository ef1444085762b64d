// SPDX-License-Identifier: MIT
//
// The kernel's log: the emulators' debug port 0xe9, the first serial port, or both, as the command line says (log=e9, com1,
// both, none). Without a choice: 0xe9 where something answers there (it reads back 0xe9), else the serial port.
#include <string.h>

#include "kernel/platform/pc/pc.h"
#include "kernel/platform/pc/ports.h"

#define DEBUG_PORT 0xe9
#define COM1 0x3f8
#define SERIAL_DIVISOR_LOW 0
#define SERIAL_INTERRUPTS 1
#define SERIAL_FIFO 2
#define SERIAL_LINE 3
#define SERIAL_MODEM 4
#define SERIAL_STATUS 5
#define SERIAL_SCRATCH 7
#define STATUS_READY 0x20
#define READY_TRIES 1000000

static bool to_debug_port = true; // before the command line is known, try everything that is harmless
static bool to_serial;

static bool serial_start(void) {
    out8(COM1 + SERIAL_SCRATCH, 0x5a);
    if (in8(COM1 + SERIAL_SCRATCH) != 0x5a)
        return false;
    out8(COM1 + SERIAL_INTERRUPTS, 0);
    out8(COM1 + SERIAL_LINE, 0x80);
    out8(COM1 + SERIAL_DIVISOR_LOW, 1); // 115200 baud
    out8(COM1 + SERIAL_INTERRUPTS, 0);
    out8(COM1 + SERIAL_LINE, 3); // 8 bits, no parity
    out8(COM1 + SERIAL_FIFO, 7);
    out8(COM1 + SERIAL_MODEM, 3);
    return true;
}

void console_start(void) {
    size_t size = 0;
    const char *choice = boot_option("log", &size);
    bool serial = in8(DEBUG_PORT) != DEBUG_PORT;
    to_debug_port = !serial;
    if (choice) {
        bool both = size == 4 && memcmp(choice, "both", 4) == 0;
        bool none = size == 4 && memcmp(choice, "none", 4) == 0;
        bool e9 = size == 2 && memcmp(choice, "e9", 2) == 0;
        serial = both || (!none && !e9);
        to_debug_port = both || e9;
    }
    to_serial = serial && serial_start();
}

static void serial_write(char byte) {
    for (int tries = 0; tries < READY_TRIES && !(in8(COM1 + SERIAL_STATUS) & STATUS_READY); tries++) {
    }
    out8(COM1, (uint8_t)byte);
}

void console_output(const char *text, size_t size) {
    if (to_debug_port) {
        const char *at = text;
        size_t left = size;
        __asm__ volatile("rep outsb" : "+S"(at), "+c"(left) : "d"(DEBUG_PORT) : "memory");
    }
    for (size_t i = 0; to_serial && i < size; i++) {
        if (text[i] == '\n')
            serial_write('\r');
        serial_write(text[i]);
    }
}

void console_text(const char *text) {
    console_output(text, strlen(text));
}
