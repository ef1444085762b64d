// SPDX-License-Identifier: MIT
//
// What a domain that restarts is compared with: a Linux process that opens its device, here /dev/null, and answers words on its standard input, a
// socket. The word FAIL (restart.h) is a store through a null pointer. Linked statically, so that no loader stands between.
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "bench/recovery/restart.h"

static volatile uint32_t *volatile nowhere;

int main(void) {
    uint32_t word;
    if (open("/dev/null", O_RDWR) < 0)
        return 1;
    while (read(0, &word, sizeof(word)) == sizeof(word)) {
        if (word == RESTART_FAIL)
            *nowhere = 1;
        if (write(0, &word, sizeof(word)) != sizeof(word))
            return 1;
    }
    return 0;
}
