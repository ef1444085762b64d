// SPDX-License-Identifier: MIT
//
// Where a domain starts: its image's entry, called by the kernel on the first thread. main() may return to end the domain, or end its own
// thread with bh_thread_exit() and leave its ports served.
#include "runtime/calls.h"

#include <stdlib.h>

#include "bulkhead/domain.h"

int main(int count, char **arguments);
void bh_libc_init(void);
extern char *bh_arguments[]; // ends with NULL (arguments.c)
void bh_start(uint64_t argument);

void bh_start(uint64_t argument) {
    int count = 0;
    (void)argument;
    bh_libc_init();
    while (bh_arguments[count])
        count++;
    exit(main(count, bh_arguments)); // flushes what printf keeps
}
