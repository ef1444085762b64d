// SPDX-License-Identifier: MIT
//
// Where the C library's standard streams lead, and files in memory.
//
// At first stdout and stderr are lines of the kernel's log, and stdin is empty. Files live in the domain's memory and end with it; the names
// are its own.
#ifndef BULKHEAD_STDIO_H
#define BULKHEAD_STDIO_H

#include <stddef.h>
#include "kernel/abi/error.h"

// What is written to stdout and stderr goes to `write` from now on; NULL: to the log again. Called by the writing thread.
typedef void bh_stream_writer(void *context, const void *data, size_t size);
void bh_stdio_output(bh_stream_writer *write, void *context);
// What stdin reads comes from `read`, which returns how many bytes it gave, 0 at the end; NULL: nothing comes.
typedef size_t bh_stream_reader(void *context, void *data, size_t capacity);
void bh_stdio_input(bh_stream_reader *read, void *context);
// Both lead to the Console that the manifest granted as `name`. Reading sleeps until something is typed.
enum bh_error bh_stdio_console(const char *name);

// Let `size` bytes at `data` (an exchange buffer, a table of the image) be a file that fopen() and open() find and that cannot be changed. The
// memory stays the caller's and must stay there until the file is removed by unlink(). BH_EEXIST, BH_ENOMEM.
enum bh_error bh_file_publish(const char *path, const void *data, size_t size);

#endif
