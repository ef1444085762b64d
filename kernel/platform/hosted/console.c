// SPDX-License-Identifier: MIT
//
// The kernel's log goes to a file descriptor.
#include <errno.h>
#include <unistd.h>

#include "kernel/platform/hosted/hosted.h"
#include "kernel/platform/platform.h"

void console_output(const char *text, size_t size) {
    while (size) {
        ssize_t done = write(hosted_options.log_fd, text, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return; // nobody reads it any more: the log's memory still has it
        text += done;
        size -= (size_t)done;
    }
}
