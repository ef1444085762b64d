// SPDX-License-Identifier: MIT
//
// The log and the ways to say no. Every line is stamped with the time since boot; what is not printable ASCII
// becomes a dot, so that no domain can play with the operator's terminal.
#include "kernel/debug/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/base.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/domain.h"
#include "kernel/platform/platform.h"
#include "kernel/sched/thread.h"

#define LOG_SIZE (256u << 10)
#define SECOND_NS 1000000000ull

static char buffer[LOG_SIZE];
static uint64_t end_position;
static enum bh_log_level console_level = BH_LOG_INFO;

void log_console_level(enum bh_log_level level) {
    console_level = level;
}

static void append(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        buffer[end_position++ % LOG_SIZE] = text[i];
}

void make_printable(char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] >= 0x7f)
            text[i] = text[i] == '\t' ? ' ' : '.';
}

static void write_line(enum bh_log_level level, const char *source, const char *format,
                       va_list arguments) {
    static const char marks[] = "EWID";
    char line[BH_LOG_LINE_MAX + 64];
    uint64_t now = clock_now_ns();
    int head = snprintf(line, 64, "[%5u.%06u] %c %s: ", (unsigned)(now / SECOND_NS),
                        (unsigned)(now % SECOND_NS / 1000), marks[level & 3], source);
    if (head > 63)
        head = 63;
    int size = vsnprintf(line + head, BH_LOG_LINE_MAX + 1, format, arguments);
    size_t length = (size_t)head + (size < 0 ? 0 : size > BH_LOG_LINE_MAX ? BH_LOG_LINE_MAX : (size_t)size);
    make_printable(line + head, length - (size_t)head);
    line[length++] = '\n';
    TRACE(LOG, 0, level | length << 8, end_position);
    append(line, length);
    if (level <= console_level)
        console_output(line, length);
}

void log_write(enum bh_log_level level, const char *source, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_line(level, source, format, arguments);
    va_end(arguments);
}

size_t log_read(uint64_t position, char *to, size_t capacity, uint64_t *next) {
    if (position > end_position)
        position = end_position;
    if (end_position - position > LOG_SIZE)
        position = end_position - LOG_SIZE;
    size_t size = 0;
    while (size < capacity && position < end_position)
        to[size++] = buffer[position++ % LOG_SIZE];
    *next = position;
    return size;
}

// Who was refused with which sentence lately. Two that fall on the same entry push each other out: then there are more lines, never fewer.
static struct {
    const char *peer, *format;
    uint64_t second;
    uint32_t lines;
} refusals[64];
#define LINES_PER_SECOND 3

static bool worth_a_line(const char *peer, const char *format) {
    size_t index = ((uintptr_t)peer / 64 ^ (uintptr_t)format) % (sizeof(refusals) / sizeof(*refusals));
    uint64_t second = clock_now_ns() / SECOND_NS;
    if (refusals[index].peer != peer || refusals[index].format != format || refusals[index].second != second) {
        refusals[index].peer = peer;
        refusals[index].format = format;
        refusals[index].second = second;
        refusals[index].lines = 0;
    }
    return refusals[index].lines++ < LINES_PER_SECOND;
}

static struct {
    const struct thread *thread;
    char *text;
    size_t size;
} listener;

void refusals_to(char *text, size_t size) {
    listener.thread = text ? sched_current() : NULL;
    listener.text = text;
    listener.size = size;
}

enum bh_error refuse(enum bh_error error, const char *format, ...) {
    struct thread *thread = sched_current();
    const char *peer = thread && thread->domain ? thread->domain->name : "kernel";
    if (listener.text && thread == listener.thread) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(listener.text, listener.size, format, arguments);
        va_end(arguments);
        make_printable(listener.text, strlen(listener.text));
    }
    TRACE(REFUSE, thread && thread->domain ? thread->domain->id : 0, error, end_position);
    if (worth_a_line(peer, format)) {
        va_list arguments;
        va_start(arguments, format);
        write_line(BH_LOG_WARNING, peer, format, arguments);
        va_end(arguments);
    }
    return error;
}

#define ERROR(name, number, sentence, hint)                                                        \
    case BH_##name:                                                                                \
        return sentence;
const char *error_sentence(enum bh_error error) {
    switch (error) {
#include "kernel/abi/errors.def"
    }
    return "unknown error";
}
#undef ERROR

#define ERROR(name, number, sentence, hint)                                                        \
    case BH_##name:                                                                                \
        return hint;
const char *error_hint(enum bh_error error) {
    switch (error) {
#include "kernel/abi/errors.def"
    }
    return "";
}
#undef ERROR

void copy_name(char *to, size_t capacity, const char *from) {
    size_t size = strnlen(from, capacity - 1);
    memcpy(to, from, size);
    memset(to + size, 0, capacity - size);
}
