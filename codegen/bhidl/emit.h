// SPDX-License-Identifier: MIT
//
// What the emitters share.
#ifndef BHIDL_EMIT_H
#define BHIDL_EMIT_H

#include <stdio.h>
#include "codegen/bhidl/ast.h"

// Open "FOLDER/NAME" for writing with the usual first lines; NULL after a message. close_output says whether all was written.
FILE *open_output(const char *comment, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool close_output(FILE *file);

// The C declaration of a parameter as people write it ("const struct bh_x *x"), by direction. `server`: as a method's parameter.
void print_parameter(FILE *file, const struct parameter *parameter);
// All of a method's parameters, each with ", " in front.
void print_parameters(FILE *file, const struct method *method);
// Does a function stand between the proxy and the server's own (emit_server.c)?
bool method_needs_glue(const struct method *method);

#endif
