%{
// SPDX-License-Identifier: MIT
//
// The grammar of the interface language. Names are resolved later (check.c), so that order does not matter.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/bhidl/ast.h"

int yylex(void);
static void yyerror(const char *message);
static struct place at(int line, int column);
static struct type *make_type(enum type_kind kind, const char *name, struct place place);
static struct parameter *make_parameter(enum parameter_kind kind, struct type *type, const char *name, struct place place);
static struct word *make_word(const char *text, struct place place);
static struct method *make_event(unsigned attributes, unsigned since, const char *name, struct place place);
static struct expression *make_expression(enum operator operator, struct expression *left, struct expression *right, struct place place);
static struct contract *make_contract(bool ensures, struct expression *condition);
%}
%code requires {
#include <stdint.h>
#include "codegen/bhidl/ast.h"
}
%locations
%define parse.error custom
%define parse.lac full
%union {
    char *text;
    uint64_t number;
    struct type *type;
    struct field *field;
    struct enumerator *enumerator;
    struct method *method;
    struct word *word;
    struct contract *contract;
    struct expression *expression;
    struct parameter *parameter;
    unsigned flags;
    struct { const char *name; uint64_t value; } bound;
    struct { const char *name; struct place place; } base;
    struct { unsigned attributes, since; } head;
}
%token STRUCT "struct" ENUM "enum" CONST "const" RING "ring" INTERFACE "interface" KERNEL "kernel"
%token IN "in" OUT "out" CAP "cap" MOVE "move" LEND "lend" STRING "string" BYTES "bytes" IDEMPOTENT "idempotent" REPLAY "replay"
%token <text> NAME "a name"
/* Words only where they are expected; elsewhere names like any other. */
%token <text> SINCE "since" FLAGS "flags" ERRORS "errors" FAILS "fails" OPTIONAL "optional" ONEWAY "oneway" EVENT "event" REQUIRES "requires" ENSURES "ensures" EXTENDS "extends"
%token EITHER "'||'" BOTH "'&&'" EQUAL "'=='" UNEQUAL "'!='" LESS_EQUAL "'<='" GREATER_EQUAL "'>='"
%left EITHER
%left BOTH
%nonassoc EQUAL UNEQUAL '<' '>' LESS_EQUAL GREATER_EQUAL
%left '+' '-'
%left '*'
%precedence '!'
%token SEMICOLON "';'"
%token <number> NUMBER "a number"
%type <type> type target element
%type <word> words rights fails
%type <contract> contracts
%type <expression> expression
%type <text> name path
%type <base> base
%type <field> fields field
%type <enumerator> enumerators enumerator
%type <method> methods method
%type <parameter> parameters parameter_list parameter
%type <flags> kernel optional
%type <head> attributes
%type <bound> bound
%%
file: | file item | file error SEMICOLON | file error '}' ;

item: STRUCT name '{' fields '}' {
        struct structure *one = new_node(sizeof(*one));
        *one = (struct structure){.place = at(@2.first_line, @2.first_column), .source = source, .name = $2, .fields = $4};
        LAST(program.structures, one);
    }
    | ENUM name ':' type '{' enumerators comma '}' {
        struct enumeration *one = new_node(sizeof(*one));
        *one = (struct enumeration){.place = at(@2.first_line, @2.first_column), .source = source, .name = $2, .type = $4, .enumerators = $6};
        LAST(program.enumerations, one);
    }
    | FLAGS name ':' type '{' enumerators comma '}' {
        struct enumeration *one = new_node(sizeof(*one));
        *one = (struct enumeration){.place = at(@2.first_line, @2.first_column), .source = source, .name = $2, .type = $4, .is_flags = true,
                                    .enumerators = $6};
        LAST(program.enumerations, one);
    }
    | ERRORS name '{' enumerators comma '}' {
        struct error_set *one = new_node(sizeof(*one));
        *one = (struct error_set){.place = at(@2.first_line, @2.first_column), .source = source, .name = $2, .enumerators = $4};
        LAST(program.errors, one);
    }
    | CONST name '=' NUMBER SEMICOLON {
        struct constant *one = new_node(sizeof(*one));
        *one = (struct constant){.place = at(@2.first_line, @2.first_column), .source = source, .name = $2, .value = $4};
        LAST(program.constants, one);
    }
    | RING name '{' NAME type SEMICOLON NAME type SEMICOLON '}' {
        if (strcmp($4, "request") || strcmp($7, "completion"))
            complain(source, at(@4.first_line, @4.first_column), "write: ring NAME { request TYPE; completion TYPE; }",
                     "a ring has a request and a completion, in this order");
        struct ring_type *one = new_node(sizeof(*one));
        *one = (struct ring_type){.place = at(@2.first_line, @2.first_column), .source = source, .name = $2, .request = $5, .completion = $8};
        LAST(program.rings, one);
    }
    | kernel INTERFACE name NAME NUMBER base '{' methods '}' {
        if (strcmp($4, "id"))
            complain(source, at(@4.first_line, @4.first_column), "write: interface NAME id NUMBER { ... }", "expected `id', not `%s'", $4);
        struct interface *one = new_node(sizeof(*one));
        *one = (struct interface){.place = at(@3.first_line, @3.first_column), .source = source, .name = $3, .kernel = $1, .id = $5,
                                  .base_name = $6.name, .base_place = $6.place, .methods = $8};
        LAST(program.interfaces, one);
    } ;

name: NAME | SINCE | FLAGS | ERRORS | FAILS | OPTIONAL | ONEWAY | EVENT | REQUIRES | ENSURES | EXTENDS ;
base: { $$.name = NULL; } | EXTENDS name { $$.name = $2; $$.place = at(@2.first_line, @2.first_column); } ;

kernel: { $$ = 0; } | KERNEL { $$ = 1; } ;
comma: | ',' ;

fields: { $$ = NULL; } | fields field { $$ = $1; if ($2) LAST($$, $2); } ;
field: optional type name SEMICOLON {
        $$ = new_node(sizeof(*$$));
        *$$ = (struct field){.place = at(@3.first_line, @3.first_column), .name = $3, .type = $2, .optional = $1};
    }
    | optional type name '[' bound ']' SEMICOLON {
        $$ = new_node(sizeof(*$$));
        *$$ = (struct field){.place = at(@3.first_line, @3.first_column), .name = $3, .type = $2, .count_name = $5.name, .count = $5.value};
        if ($1)
            complain(source, $$->place, "put the array into a struct, and let that be optional", "array `%s' cannot be optional", $3);
        if (!$5.name && !$5.value)
            complain(source, at(@5.first_line, @5.first_column), "give at least 1", "an array of nothing");
    }
    | error SEMICOLON { $$ = NULL; } ;

bound: NUMBER { $$.name = NULL; $$.value = $1; } | NAME { $$.name = $1; $$.value = 0; } ;

type: NAME { $$ = make_type(TYPE_NAMED, $1, at(@1.first_line, @1.first_column)); }
    | STRING '<' bound '>' {
        $$ = make_type(TYPE_STRING, "string", at(@1.first_line, @1.first_column));
        $$->bound_name = $3.name, $$->bound = $3.value;
    }
    | BYTES '<' bound '>' {
        $$ = make_type(TYPE_BYTES, "bytes", at(@1.first_line, @1.first_column));
        $$->bound_name = $3.name, $$->bound = $3.value;
    } ;

enumerators: enumerator { $$ = $1; } | enumerators ',' enumerator { $$ = $1; LAST($$, $3); } ;
enumerator: name '=' NUMBER {
        $$ = new_node(sizeof(*$$));
        *$$ = (struct enumerator){.place = at(@1.first_line, @1.first_column), .name = $1, .value = $3};
    } ;

methods: { $$ = NULL; } | methods method { $$ = $1; if ($2) LAST($$, $2); } ;
method: attributes name '(' parameters ')' fails contracts SEMICOLON {
        $$ = new_node(sizeof(*$$));
        *$$ = (struct method){.place = at(@2.first_line, @2.first_column), .source = source, .name = $2, .attributes = $1.attributes,
                              .since = $1.since, .parameters = $4, .fails = $6, .contracts = $7};
    }
    | attributes EVENT name SEMICOLON { $$ = make_event($1.attributes, $1.since, $3, at(@3.first_line, @3.first_column)); }
    | error SEMICOLON { $$ = NULL; } ;
attributes: { $$.attributes = 0; $$.since = 1; }
    | attributes IDEMPOTENT { $$ = $1; $$.attributes |= METHOD_IDEMPOTENT; }
    | attributes REPLAY { $$ = $1; $$.attributes |= METHOD_REPLAY; }
    | attributes ONEWAY { $$ = $1; $$.attributes |= METHOD_ONEWAY; }
    | attributes SINCE NUMBER {
        $$ = $1;
        $$.since = $3 < VERSIONS_MAX + 1 ? (unsigned)$3 : VERSIONS_MAX + 1;
        if ($3 < 2 || $3 > VERSIONS_MAX)
            complain(source, at(@3.first_line, @3.first_column), "methods without `since' are version 1; the next versions count up from 2",
                     "version %llu is not between 2 and %d", (unsigned long long)$3, VERSIONS_MAX);
    } ;
fails: { $$ = NULL; } | FAILS words { $$ = $2; } ;
contracts: { $$ = NULL; }
    | contracts REQUIRES expression { $$ = $1; struct contract *more = make_contract(false, $3); LAST($$, more); }
    | contracts ENSURES expression { $$ = $1; struct contract *more = make_contract(true, $3); LAST($$, more); } ;
expression: NUMBER { $$ = make_expression(OPERATOR_NUMBER, NULL, NULL, at(@1.first_line, @1.first_column)); $$->number = $1; }
    | path { $$ = make_expression(OPERATOR_PATH, NULL, NULL, at(@1.first_line, @1.first_column)); $$->path = $1; }
    | '(' expression ')' { $$ = $2; }
    | '!' expression { $$ = make_expression(OPERATOR_NOT, $2, NULL, at(@1.first_line, @1.first_column)); }
    | '-' expression %prec '!' { $$ = make_expression(OPERATOR_MINUS, $2, NULL, at(@1.first_line, @1.first_column)); }
    | expression EITHER expression { $$ = make_expression(OPERATOR_OR, $1, $3, at(@2.first_line, @2.first_column)); }
    | expression BOTH expression { $$ = make_expression(OPERATOR_AND, $1, $3, at(@2.first_line, @2.first_column)); }
    | expression EQUAL expression { $$ = make_expression(OPERATOR_EQUAL, $1, $3, at(@2.first_line, @2.first_column)); }
    | expression UNEQUAL expression { $$ = make_expression(OPERATOR_UNEQUAL, $1, $3, at(@2.first_line, @2.first_column)); }
    | expression '<' expression { $$ = make_expression(OPERATOR_LESS, $1, $3, at(@2.first_line, @2.first_column)); }
    | expression LESS_EQUAL expression { $$ = make_expression(OPERATOR_LESS_EQUAL, $1, $3, at(@2.first_line, @2.first_column)); }
    | expression '>' expression { $$ = make_expression(OPERATOR_GREATER, $1, $3, at(@2.first_line, @2.first_column)); }
    | expression GREATER_EQUAL expression { $$ = make_expression(OPERATOR_GREATER_EQUAL, $1, $3, at(@2.first_line, @2.first_column)); }
    | expression '+' expression { $$ = make_expression(OPERATOR_PLUS, $1, $3, at(@2.first_line, @2.first_column)); }
    | expression '-' expression { $$ = make_expression(OPERATOR_DIFFERENCE, $1, $3, at(@2.first_line, @2.first_column)); }
    | expression '*' expression { $$ = make_expression(OPERATOR_TIMES, $1, $3, at(@2.first_line, @2.first_column)); } ;
path: name
    | path '.' name {
        char *text = new_node(strlen($1) + strlen($3) + 2);
        sprintf(text, "%s.%s", $1, $3);
        $$ = text;
    } ;
words: name { $$ = make_word($1, at(@1.first_line, @1.first_column)); }
    | words ',' name { $$ = $1; struct word *more = make_word($3, at(@3.first_line, @3.first_column)); LAST($$, more); } ;
parameters: { $$ = NULL; } | parameter_list { $$ = $1; } ;
parameter_list: parameter { $$ = $1; } | parameter_list ',' parameter { $$ = $1; LAST($$, $3); } ;
parameter: IN optional type name { $$ = make_parameter(PARAMETER_IN, $3, $4, at(@4.first_line, @4.first_column)); $$->optional = $2; }
    | OUT optional type name { $$ = make_parameter(PARAMETER_OUT, $3, $4, at(@4.first_line, @4.first_column)); $$->optional = $2; }
    | CAP target name { $$ = make_parameter(PARAMETER_CAP, $2, $3, at(@3.first_line, @3.first_column)); }
    | OUT CAP target name { $$ = make_parameter(PARAMETER_OUT_CAP, $3, $4, at(@4.first_line, @4.first_column)); }
    | MOVE target name { $$ = make_parameter(PARAMETER_MOVE, $2, $3, at(@3.first_line, @3.first_column)); }
    | LEND target name { $$ = make_parameter(PARAMETER_LEND, $2, $3, at(@3.first_line, @3.first_column)); } ;
optional: { $$ = 0; } | OPTIONAL { $$ = 1; } ;
/* What a capability is of: what is in it, and the rights that go with it. */
target: NAME element rights {
        $$ = make_type(TYPE_NAMED, $1, at(@1.first_line, @1.first_column));
        $$->element = $2;
        $$->right_words = $3;
    } ;
element: { $$ = NULL; } | '<' NAME '>' { $$ = make_type(TYPE_NAMED, $2, at(@2.first_line, @2.first_column)); } ;
rights: { $$ = NULL; } | '[' words ']' { $$ = $2; } ;
%%
void lexer_start(FILE *file);

static struct place at(int line, int column) {
    return (struct place){line, column};
}

static struct type *make_type(enum type_kind kind, const char *name, struct place place) {
    struct type *type = new_node(sizeof(*type));
    type->kind = kind;
    type->name = name;
    type->place = place;
    return type;
}

static struct parameter *make_parameter(enum parameter_kind kind, struct type *type, const char *name, struct place place) {
    struct parameter *one = new_node(sizeof(*one));
    *one = (struct parameter){.place = place, .kind = kind, .name = name, .type = type};
    return one;
}

static struct word *make_word(const char *text, struct place place) {
    struct word *one = new_node(sizeof(*one));
    *one = (struct word){.place = place, .text = text};
    return one;
}

// An event is a method by which one says where to signal it.
static struct method *make_event(unsigned attributes, unsigned since, const char *name, struct place place) {
    struct type *type = make_type(TYPE_NAMED, "Event", place);
    type->right_words = make_word("SIGNAL", place);
    char *watch = new_node(strlen(name) + sizeof("watch_"));
    sprintf(watch, "watch_%s", name);
    struct method *one = new_node(sizeof(*one));
    *one = (struct method){.place = place, .source = source, .name = watch, .attributes = attributes | METHOD_EVENT, .since = since,
                           .parameters = make_parameter(PARAMETER_CAP, type, "event", place)};
    return one;
}

static void yyerror(const char *message) {
    complain(source, at(yylloc.first_line, yylloc.first_column), "make the file smaller", "%s", message); // the parser's own limits
}

static struct expression *make_expression(enum operator operator, struct expression *left, struct expression *right, struct place place) {
    struct expression *one = new_node(sizeof(*one));
    *one = (struct expression){.place = place, .operator = operator, .left = left, .right = right};
    return one;
}

static struct contract *make_contract(bool ensures, struct expression *condition) {
    struct contract *one = new_node(sizeof(*one));
    *one = (struct contract){.ensures = ensures, .condition = condition};
    return one;
}

static const char *yysymbol_name(yysymbol_kind_t symbol);

static bool among(const yysymbol_kind_t *expected, int count, yysymbol_kind_t symbol) {
    for (int i = 0; i < count; i++)
        if (expected[i] == symbol)
            return true;
    return false;
}

// What is missing decides what to write.
static const char *hint_for(const yysymbol_kind_t *expected, int count, yysymbol_kind_t found) {
    if (found == YYSYMBOL_YYEOF)
        return "a `}' is missing";
    if (!strcmp(yysymbol_name(found), "'*'"))
        return "no pointer crosses a boundary: pass a struct, bytes or a buffer";
    if (found == YYSYMBOL_OPTIONAL)
        return "optional stands between in or out and the type of a parameter, or in front of the type of a field";
    bool is_word = found > YYSYMBOL_YYUNDEF && found < YYSYMBOL_NAME; // of the language, and always
    if (among(expected, count, YYSYMBOL_NAME) && is_word)
        return "that is a word of the language: choose another name";
    if (among(expected, count, YYSYMBOL_IN))
        return "a parameter begins with in, out, cap, move or lend: write: in TYPE NAME";
    if (among(expected, count, YYSYMBOL_INTERFACE) && among(expected, count, YYSYMBOL_STRUCT))
        return "a file holds const, struct, enum, flags, errors, ring and interface definitions";
    if (count == 1 && *expected == YYSYMBOL_INTERFACE)
        return "write: kernel interface NAME id NUMBER { ... }";
    if (count == 1 && *expected == YYSYMBOL_NUMBER)
        return "write a number, as 12 or 0x0c";
    if (among(expected, count, YYSYMBOL_SEMICOLON))
        return "the line before, or this one, lacks its `;'";
    if (among(expected, count, YYSYMBOL_NAME))
        return "a name belongs here; docs/idl.md shows each form";
    return "docs/idl.md shows each form";
}

// Words that are names as well go without saying.
static bool is_named(yysymbol_kind_t symbol) {
    return symbol < YYSYMBOL_SINCE || symbol > YYSYMBOL_EXTENDS;
}

static int yyreport_syntax_error(const yypcontext_t *context) {
    enum { EXPECTED_MAX = 32 };
    yysymbol_kind_t expected[EXPECTED_MAX], found = yypcontext_token(context);
    int count = yypcontext_expected_tokens(context, expected, EXPECTED_MAX);
    char list[128] = "";
    int named = 0;
    for (int i = 0; i < count; i++)
        named += is_named(expected[i]);
    for (int i = 0; i < count && named <= 2; i++)
        if (is_named(expected[i]))
            snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s %s", *list ? " or" : ", expecting", yysymbol_name(expected[i]));
    struct place place = at(yylloc.first_line, yylloc.first_column);
    if (found == YYSYMBOL_YYEOF && source->line_count)
        place = at(source->line_count, (int)strlen(source->lines[source->line_count - 1]) + 1);
    complain(source, place, hint_for(expected, count, found), "syntax error, unexpected %s%s",
             yysymbol_name(found), list);
    return 0;
}

int parse_file(struct source *input) {
    FILE *file = fopen(input->path, "r");
    if (!file)
        return -1;
    source = input;
    lexer_start(file);
    yyparse();
    fclose(file);
    return 0;
}
