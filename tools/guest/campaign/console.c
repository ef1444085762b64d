// SPDX-License-Identifier: MIT
//
// The console part of a campaign's load: all that it prints is summed up, and a line says what the sum is, so that the host knows of each piece whether it came
// as it was printed.
//
//   @C NUMBER SUM    CRC-32 of what was printed since the last such line
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "load.h"

static uint32_t sum; // lock: that of the stream

static ssize_t print(void *, const char *text, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t count = write(STDOUT_FILENO, text + done, size - done);
        if (count < 0)
            return -1;
        done += (size_t)count;
    }
    sum = crc32(sum, text, size);
    return (ssize_t)size;
}

void console_start(void) {
    stdout = fopencookie(NULL, "w", (cookie_io_functions_t){.write = print});
    if (!stdout)
        exit(2);
    setvbuf(stdout, NULL, _IOLBF, 0);
}

void console_say(void) {
    static uint64_t number;
    flockfile(stdout);
    printf("@C %llu %08x\n", (unsigned long long)++number, sum);
    sum = 0;
    funlockfile(stdout);
}
