// SPDX-License-Identifier: MIT
//
// Standard input and output. Without a writer of the domain's own, what is written becomes lines of the kernel's log; a line begun is kept until it
// ends, or the domain does.
#include "bulkhead/stdio.h"

#include "runtime/calls.h"
#include "runtime/libc.h"

static struct line {
    char text[BH_LOG_LINE_MAX];
    size_t size;
} lines[2]; // of stdout and stderr
static struct libc_lock lock;

static bh_stream_writer *writer;
static bh_stream_reader *reader;
static void *writer_context, *reader_context;

void bh_stdio_output(bh_stream_writer *write, void *context) {
    writer = write;
    writer_context = context;
}

void bh_stdio_input(bh_stream_reader *read, void *context) {
    reader = read;
    reader_context = context;
}

static void flush(struct line *line) {
    bh_call_log(BH_LOG_INFO, line->text, line->size);
    line->size = 0;
}

long libc_stdio_write(int fd, const void *data, size_t size) {
    const char *text = data;
    if (writer) {
        writer(writer_context, data, size);
        return (long)size;
    }
    struct line *line = &lines[fd == 2];
    libc_lock(&lock);
    for (size_t n = 0; n < size; n++) {
        if (text[n] != '\n')
            line->text[line->size++] = text[n];
        if (text[n] == '\n' || line->size == sizeof(line->text))
            flush(line);
    }
    libc_unlock(&lock);
    return (long)size;
}

long libc_stdio_read(void *data, size_t size) {
    return reader ? (long)reader(reader_context, data, size) : 0;
}

void libc_stdio_flush(void) {
    for (int i = 0; i < 2; i++)
        if (lines[i].size)
            flush(&lines[i]);
}
