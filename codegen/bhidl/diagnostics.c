// SPDX-License-Identifier: MIT
//
// Messages: file:line:column, the line, a caret, and a hint.
#include <stdio.h>

#include "codegen/bhidl/ast.h"

int error_count;

void remark(const char *word, const struct source *where, struct place place, const char *hint, const char *format, va_list arguments) {
    fprintf(stderr, "%s:%d:%d: %s: ", where->path, place.line, place.column, word);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    if (place.line >= 1 && place.line <= where->line_count) {
        const char *line = where->lines[place.line - 1];
        fprintf(stderr, "%5d | %s\n      | ", place.line, line);
        for (int i = 1; i < place.column && line[i - 1]; i++)
            fputc(line[i - 1] == '\t' ? '\t' : ' ', stderr);
        fputs("^\n", stderr);
    }
    if (hint)
        fprintf(stderr, "      = hint: %s\n", hint);
}

void complain(const struct source *where, struct place place, const char *hint, const char *format, ...) {
    va_list arguments;
    error_count++;
    va_start(arguments, format);
    remark("error", where, place, hint, format, arguments);
    va_end(arguments);
}
