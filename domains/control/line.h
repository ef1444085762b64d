// SPDX-License-Identifier: MIT
//
// What commands answer with: one line of JSON, written piece by piece.
#ifndef CONTROL_LINE_H
#define CONTROL_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"

// Take the serial line; `interrupt` is the event that says that there is something to read.
enum bh_error line_open(bh_cap *interrupt);
// The next byte that came, if any.
bool line_read(uint8_t *byte);

void line_end(void); // the answer is complete
void put(char byte);
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
// A JSON string, at most `size` bytes, up to the first zero.
void say_string(const char *text, size_t size);
void say_hex(const void *data, size_t size);
void say_base64(const void *data, size_t size);
__attribute__((format(printf, 1, 2))) void refuse(const char *format, ...);
void answer(const char *what, enum bh_error error);

// main.c: the domain of that name. False: there is none, and that was said.
bool find_domain(const char *name, uint32_t *id);

// tracing.c: `words' are those of a command, of which there are `count'. False: it is not one of its commands.
bool tracing_execute(char **words, int count);
bool images_execute(char **words, int count); // images.c: the same
void say_build(uint32_t domain); // which build of its image it runs, as a string; null when the manifest lets this domain not know
// cores.c: the same; and `cores_collect' whenever `interrupt', the event of the line, was signalled.
bool cores_execute(char **words, int count);
void cores_start(bh_cap interrupt);
void cores_collect(void);

#endif
