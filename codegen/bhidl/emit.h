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
// ", uint64_t word0, uint64_t word1...": the parameters of what deals in words.
void print_word_parameters(FILE *file, const struct method *method);
// The type of what comes back in two registers; only generated code knows it.
#define RESULT_TYPE "struct bh_result {\n    int32_t error;\n    uint64_t value;\n};\n\n"
// Does a function stand between the proxy and the server's own (emit_server.c)?
bool method_needs_glue(const struct method *method);
// emit_oneway.c: what a server with oneway methods or events has besides. The functions behind the methods, and what they need.
bool has_oneway(const struct interface *one);
bool has_events(const struct interface *one);
void print_oneway_start(FILE *file, const struct interface *one);
void print_oneway_glue(FILE *file, const struct interface *one, const struct method *method, unsigned index);
void print_oneway_end(FILE *file, const struct interface *one);
// emit_server.c: the call of a server's own function, words as its arguments
void print_call(FILE *file, const struct method *method);
// Out parameters in memory and lent buffers are kept in the proxy's frame, a pair of words each. Returns how many.
int number_pairs(const struct method *method);
// emit_call.c: a table of what a method takes and gives (bulkhead/call_table.h), without the brackets around it
void print_call_parameters(FILE *file, const struct method *method);
// The tables of values that a method's proxy checks, and whether there is one for what is passed, or for what comes back.
void print_value_rules(FILE *file, const struct interface *interface, const struct method *method);
// The same for one parameter by itself, or the word that it is in. Returns whether there is anything to check.
bool print_parameter_rules(FILE *file, const struct interface *interface, const struct method *method, const struct parameter *one);
bool has_value_rules(const struct interface *interface, const struct method *method, bool back);

#endif
