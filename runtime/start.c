// SPDX-License-Identifier: MIT
//
// Where a domain starts: its image's entry, called by the kernel on the first thread. main() may return to end the domain, or end its own
// thread with bh_thread_exit() and leave its ports served.
#include "runtime/calls.h"

#include <stdlib.h>

#include "bulkhead/domain.h"

int main(int count, char **arguments);
void bh_libc_init(void);
void bh_start(uint64_t argument);

void bh_start(uint64_t argument) {
    char *nothing = NULL;
    (void)argument;
    bh_libc_init();
    exit(main(0, &nothing)); // flushes what printf keeps
}
