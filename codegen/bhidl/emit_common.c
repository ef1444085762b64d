// SPDX-License-Identifier: MIT
#include "codegen/bhidl/emit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static char open_name[4096];
static char *open_text; // of the open file: it is written at the end, and only when it changed, so that what depends on it is not built again
static size_t open_size;

FILE *open_output(const char *comment, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(open_name, sizeof(open_name), format, arguments);
    va_end(arguments);
    FILE *file = open_memstream(&open_text, &open_size);
    if (!file) {
        fprintf(stderr, "bhidl: %s: %s\n", open_name, strerror(errno));
        return NULL;
    }
    if (comment[0])
        fprintf(file, "%s SPDX-License-Identifier: MIT\n%s Made by bhidl; change the .bidl file instead.\n", comment, comment);
    return file;
}

static bool is_same(void) {
    FILE *file = fopen(open_name, "r");
    char *text = new_node(open_size + 2);
    size_t size = file ? fread(text, 1, open_size + 1, file) : 0;
    bool same = file && size == open_size && !memcmp(text, open_text, size);
    if (file)
        fclose(file);
    free(text);
    return same;
}

bool close_output(FILE *file) {
    bool failed = ferror(file);
    failed |= fclose(file) != 0;
    if (!failed && !is_same()) {
        file = fopen(open_name, "w");
        failed = !file || fwrite(open_text, 1, open_size, file) != open_size;
        failed |= file && fclose(file) != 0;
    }
    if (failed)
        fprintf(stderr, "bhidl: %s: %s\n", open_name, strerror(errno));
    free(open_text);
    return !failed;
}

void print_parameter(FILE *file, const struct parameter *one) {
    const struct type *type = one->type;
    bool out = one->kind == PARAMETER_OUT;
    if (one->kind != PARAMETER_IN && !out)
        fprintf(file, "bh_cap %s%s", one->kind == PARAMETER_OUT_CAP ? "*" : "", one->name);
    else if (type->kind == TYPE_STRING)
        fprintf(file, "%schar *%s", out ? "" : "const ", one->name);
    else if (one->optional)
        fprintf(file, "%s%s *%s", out ? "" : "const ", c_type(type), one->name); // in: NULL when it is left out
    else if (type->kind == TYPE_BYTES)
        fprintf(file, out ? "void *%s, uint32_t *%s_size" : "const void *%s, uint32_t %s_size", one->name, one->name);
    else if (is_scalar(type))
        fprintf(file, "%s %s%s", c_type(type), out ? "*" : "", one->name);
    else
        fprintf(file, "%s%s *%s", out ? "" : "const ", c_type(type), one->name);
    if (out && one->optional)
        fprintf(file, ", bool *%s_present", one->name);
}

void print_word_parameters(FILE *file, const struct method *method) {
    for (int i = 0; i < method->words; i++)
        fprintf(file, ", uint64_t word%d", i);
}

void print_parameters(FILE *file, const struct method *method) {
    for (const struct parameter *one = method->parameters; one; one = one->next) {
        fputs(", ", file);
        print_parameter(file, one);
    }
}
