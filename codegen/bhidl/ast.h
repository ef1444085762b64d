// SPDX-License-Identifier: MIT
//
// What a set of interface files says, as the parser builds it, check.c completes it and the emitters read it. Everything lives until
// the program ends.
#ifndef BHIDL_AST_H
#define BHIDL_AST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct place {
    int line, column;
};

enum type_kind { TYPE_SCALAR, TYPE_STRING, TYPE_BYTES, TYPE_NAMED, TYPE_STRUCT, TYPE_ENUM };

struct type {
    enum type_kind kind;
    struct place place;
    const char *name;        // "u32", or the name used
    const char *bound_name;  // of string<N>, bytes<N> when N is a constant's name
    uint64_t bound;
    struct type *element;        // of Buffer<TYPE>
    struct word *right_words;    // of Event[SIGNAL] and its like
    uint32_t rights;             // enum bh_right; 0: all that the caller has
    struct ring_type *ring;      // of Ring<TYPE>
    struct structure *structure; // TYPE_STRUCT
    struct enumeration *enumeration; // TYPE_ENUM
    uint64_t size, align;    // bytes; of a string or bytes in a structure: the bound, 1
};

// One of a list of names.
struct word {
    struct place place;
    const char *text;
    struct word *next;
};

struct field {
    struct place place;
    const char *name;
    struct type *type;
    const char *count_name;
    uint64_t count;  // of an array; 0: not one
    uint64_t offset;
    bool optional;    // a byte behind the value says whether it is there
    struct field *next;
};

struct structure {
    struct place place;
    struct source *source;
    const char *name;
    struct field *fields;
    uint64_t size, align;
    int state; // 0: not laid out, 1: being laid out, 2: done
    struct structure *next;
};

struct enumerator {
    struct place place;
    const char *name;
    uint64_t value;
    struct enumerator *next;
};

struct enumeration {
    struct place place;
    struct source *source;
    const char *name;
    struct type *type;
    bool is_flags; // any of its bits together
    struct enumerator *enumerators;
    struct enumeration *next;
};

// Errors of an interface's own: numbers from 1, which C sees as -ERROR_BASE - number.
#define ERROR_BASE 1000
#define ERROR_NUMBER_MAX 30000
struct error_set {
    struct place place;
    struct source *source;
    const char *name;
    struct enumerator *enumerators;
    struct error_set *next;
};

struct constant {
    struct place place;
    struct source *source;
    const char *name;
    uint64_t value;
    struct constant *next;
};

struct ring_type {
    struct place place;
    struct source *source;
    const char *name;
    struct type *request, *completion;
    uint64_t fingerprint;
    struct ring_type *next;
};

enum parameter_kind { PARAMETER_IN, PARAMETER_OUT, PARAMETER_CAP, PARAMETER_MOVE, PARAMETER_LEND, PARAMETER_OUT_CAP };

struct parameter {
    struct place place;
    enum parameter_kind kind;
    const char *name;
    struct type *type;
    bool optional;    // travels in memory, with a word in front that says whether it is there
    int word;         // first argument word (0 to 4), -1: the result in %rdx
    uint64_t area;    // offset of its copy on the callee's data stack
    int pair;         // which pair of the proxy's frame belongs to it
    struct parameter *next;
};

// METHOD_EVENT: watch_NAME, which the generated server answers itself.
enum method_attribute { METHOD_IDEMPOTENT = 1, METHOD_REPLAY = 2, METHOD_ONEWAY = 4, METHOD_EVENT = 8 };

struct method {
    struct place place;
    struct source *source; // not the interface's own when it is inherited
    const char *name;
    unsigned attributes;
    unsigned since; // the version that brought it, from 1
    struct parameter *parameters;
    struct contract *contracts;
    struct word *fails;    // the errors that the server may return: standard ones and sets; NULL: any
    int words;
    uint64_t area_size;
    struct method *next;
};

// Of what `requires' and `ensures' say: an operator with its operands, a number, or the path of what stands for one.
enum operator { OPERATOR_NUMBER, OPERATOR_PATH, OPERATOR_NOT, OPERATOR_MINUS, OPERATOR_OR, OPERATOR_AND, OPERATOR_EQUAL, OPERATOR_UNEQUAL, OPERATOR_LESS,
                OPERATOR_LESS_EQUAL, OPERATOR_GREATER, OPERATOR_GREATER_EQUAL, OPERATOR_PLUS, OPERATOR_DIFFERENCE, OPERATOR_TIMES };
struct expression {
    struct place place;
    enum operator operator;
    uint64_t number;
    const char *path; // parameter, item.price, data.size, CONSTANT, Colour.RED
    struct expression *left, *right;
};

struct contract {
    bool ensures; // about what came back; else about what is passed
    bool checked; // inherited methods share theirs
    struct expression *condition;
    struct contract *next;
};

#define VERSIONS_MAX 16

// Version n has the methods that were there by then: the first so many.
struct version {
    unsigned method_count;
    uint64_t fingerprint;
};

struct interface {
    struct place place;
    struct source *source;
    const char *name, *base_name; // base_name NULL: it extends none
    struct place base_place;
    int state; // 0: not merged with its base, 1: being merged, 2: done
    bool kernel;
    uint64_t id;
    struct method *methods;
    unsigned method_count, version_count;
    struct version versions[VERSIONS_MAX]; // oldest first; the last is what this file says
    uint64_t fingerprint; // of the last
    struct interface *next;
};

struct doc {
    int line;
    const char *text;
    struct doc *next;
};

// One input file.
struct source {
    const char *path, *name; // name without folder and suffix
    char **lines;
    int line_count;
    struct doc *docs;
    struct source *next;
};

struct program {
    struct source *sources;
    struct structure *structures;
    struct enumeration *enumerations;
    struct constant *constants;
    struct error_set *errors;
    struct ring_type *rings;
    struct interface *interfaces;
};

extern struct program program;
extern struct source *source; // being read or checked
extern int error_count;

// diagnostics.c: message with file, line, column, the line itself and a caret; what to write instead
void complain(const struct source *where, struct place place, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5), nonnull));
// The same with another word than "error", not counted; `hint` may be NULL.
void remark(const char *word, const struct source *where, struct place place, const char *hint, const char *format, va_list arguments);

// parser
int parse_file(struct source *input);
// check_errors.c
void check_error_sets(void);
void check_fails(const struct method *method);
void check_oneway(const struct interface *interface, const struct method *method);
extern const struct standard_error {
    const char *name;
    int32_t number;
} standard_errors[]; // of kernel/abi/errors.def
extern const size_t standard_error_count;
int32_t standard_error(const char *name); // ENOENT and its like; 0: there is none
struct error_set *find_errors(const char *name);
// contracts.c: conditions as C over `words' and `value' of a call (emit_interpose.c), and as text
void check_contracts(const struct interface *interface, struct method *method);
const char *contract_in_c(const struct method *method, const struct expression *one);
const char *contract_text(const struct expression *one);
// check_rights.c
void check_target(const struct source *where, const struct interface *interface, struct parameter *parameter);
// check.c, check_names.c, versions.c, layout.c, fingerprint.c
void check_program(void);
void check_names(void);
void inherit_methods(void); // of the interfaces that others extend
void check_versions(struct interface *one);
void layout_type(struct source *where, struct type *type);
void resolve_type(const struct source *where, struct type *type);
void layout_program(void);
void fingerprint_program(void);
struct constant *find_constant(const char *name);
// diff.c: says what became of `old` in `program`; the exit status
int diff_programs(const struct program *old);

// emit_*.c: each writes its files below `folder`; false after a message
bool emit_headers(const char *folder);
bool emit_clients(const char *folder);
bool emit_servers(const char *folder);
bool emit_labels(const char *folder);
bool emit_proxies(const char *folder);
bool emit_kernel(const char *folder);
bool emit_docs(const char *folder);
bool emit_json(const char *folder);
bool emit_trace(const char *folder);
bool emit_fuzz(const char *folder);
bool emit_python(const char *folder);
bool emit_call(const char *folder);
bool emit_interpose(const char *folder);

// names.c
const char *snake(const char *name);   // BlockInfo -> block_info
const char *capitals(const char *name); // BlockInfo -> BLOCK_INFO
const char *c_type(const struct type *type); // of a scalar, enum or structure
bool is_scalar(const struct type *type);
bool in_word(const struct parameter *parameter); // does its value travel in a word?
bool comes_back(const struct parameter *parameter);
uint64_t area_bytes(const struct parameter *parameter); // of its copy, a multiple of 8
const char *doc_before(const struct source *where, int line); // lines of /// just above, joined; "" when none
const char *doc_behind(const struct source *where, int line);
void *new_node(size_t size);
#define LAST(list, node)                                                                           \
    do {                                                                                           \
        __typeof__(node) *place_ = &(list);                                                        \
        while (*place_)                                                                            \
            place_ = &(*place_)->next;                                                             \
        *place_ = (node);                                                                          \
    } while (0)

#endif
