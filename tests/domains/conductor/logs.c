// SPDX-License-Identifier: MIT
//
// The log: what a domain says reaches the reader as text in one line, whatever bytes it is made of.
#include "conductor.h"

#include <stdio.h>
#include <string.h>

#include "kernel/abi/call.h"

static char text[64 << 10];

static void read_all(void) {
    uint64_t position = 0, next = 0;
    size_t size = 0;
    uint32_t piece = 1;
    while (piece && size + 2049 < sizeof(text)) {
        EXPECT_OK(system_log_read(system_cap, position, text + size, &piece, &next));
        size += piece;
        position = next;
    }
    text[size] = 0;
}

void log_is_harmless(void) {
    char line[256];
    size_t size = 0;
    for (int byte = 1; byte < 256; byte++)
        if (byte != '%')
            line[size++] = (char)byte;
    line[size] = 0;
    bh_info("harmless: %s", line);
    bh_info("harmless: \033[2J\033[1;31m\nkernel: forged");
    read_all();
    char *at = strstr(text, "harmless: ");
    EXPECT(at, "the line is not in the log");
    for (at = text; *at; at++)
        EXPECT(*at == '\n' || ((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7f), "byte 0x%02x in the log", (unsigned char)*at);
    EXPECT(!strstr(text, "\nkernel: forged"), "a line of the log was forged");
    printf("one\ntwo\n"); // the C library's output is cut into lines
    read_all();
    EXPECT(strstr(text, "conductor: one\n") && strstr(text, "conductor: two\n"), "printf does not reach the log by line");
    printf("%0*d\n", BH_LOG_LINE_MAX, 7);
    read_all();
    EXPECT(strstr(text, "00007\n"), "the longest line has lost its end");
}
