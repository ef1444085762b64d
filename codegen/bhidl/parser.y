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
%}
%code requires {
#include <stdint.h>
}
%locations
%define parse.error detailed
%union {
    char *text;
    uint64_t number;
    struct type *type;
    struct field *field;
    struct enumerator *enumerator;
    struct method *method;
    struct parameter *parameter;
    unsigned flags;
    struct { const char *name; uint64_t value; } bound;
}
%token STRUCT "struct" ENUM "enum" CONST "const" RING "ring" INTERFACE "interface" KERNEL "kernel"
%token IN "in" OUT "out" CAP "cap" MOVE "move" LEND "lend" STRING "string" BYTES "bytes" IDEMPOTENT "idempotent" REPLAY "replay"
%token <text> NAME "a name"
%token <number> NUMBER "a number"
%type <type> type
%type <field> fields field
%type <enumerator> enumerators enumerator
%type <method> methods method
%type <parameter> parameters parameter_list parameter
%type <flags> attributes kernel
%type <bound> bound
%%
file: | file item | file error ';' | file error '}' ;

item: STRUCT NAME '{' fields '}' {
        struct structure *one = new_node(sizeof(*one));
        *one = (struct structure){.place = at(@2.first_line, @2.first_column), .source = source, .name = $2, .fields = $4};
        LAST(program.structures, one);
    }
    | ENUM NAME ':' type '{' enumerators comma '}' {
        struct enumeration *one = new_node(sizeof(*one));
        *one = (struct enumeration){.place = at(@2.first_line, @2.first_column), .source = source, .name = $2, .type = $4, .enumerators = $6};
        LAST(program.enumerations, one);
    }
    | CONST NAME '=' NUMBER ';' {
        struct constant *one = new_node(sizeof(*one));
        *one = (struct constant){.place = at(@2.first_line, @2.first_column), .source = source, .name = $2, .value = $4};
        LAST(program.constants, one);
    }
    | RING NAME '{' NAME type ';' NAME type ';' '}' {
        if (strcmp($4, "request") || strcmp($7, "completion"))
            complain(source, at(@4.first_line, @4.first_column), "write: ring NAME { request TYPE; completion TYPE; }",
                     "a ring has a request and a completion, in this order");
        struct ring_type *one = new_node(sizeof(*one));
        *one = (struct ring_type){.place = at(@2.first_line, @2.first_column), .source = source, .name = $2, .request = $5, .completion = $8};
        LAST(program.rings, one);
    }
    | kernel INTERFACE NAME NAME NUMBER '{' methods '}' {
        if (strcmp($4, "id"))
            complain(source, at(@4.first_line, @4.first_column), "write: interface NAME id NUMBER { ... }", "expected `id', not `%s'", $4);
        struct interface *one = new_node(sizeof(*one));
        *one = (struct interface){.place = at(@3.first_line, @3.first_column), .source = source, .name = $3, .kernel = $1, .id = $5, .methods = $7};
        LAST(program.interfaces, one);
    } ;

kernel: { $$ = 0; } | KERNEL { $$ = 1; } ;
comma: | ',' ;

fields: { $$ = NULL; } | fields field { $$ = $1; if ($2) LAST($$, $2); } ;
field: type NAME ';' {
        $$ = new_node(sizeof(*$$));
        *$$ = (struct field){.place = at(@2.first_line, @2.first_column), .name = $2, .type = $1};
    }
    | type NAME '[' bound ']' ';' {
        $$ = new_node(sizeof(*$$));
        *$$ = (struct field){.place = at(@2.first_line, @2.first_column), .name = $2, .type = $1, .count_name = $4.name, .count = $4.value};
        if (!$4.name && !$4.value)
            complain(source, at(@4.first_line, @4.first_column), "give at least 1", "an array of nothing");
    }
    | error ';' { $$ = NULL; } ;

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
enumerator: NAME '=' NUMBER {
        $$ = new_node(sizeof(*$$));
        *$$ = (struct enumerator){.place = at(@1.first_line, @1.first_column), .name = $1, .value = $3};
    } ;

methods: { $$ = NULL; } | methods method { $$ = $1; if ($2) LAST($$, $2); } ;
method: attributes NAME '(' parameters ')' ';' {
        $$ = new_node(sizeof(*$$));
        *$$ = (struct method){.place = at(@2.first_line, @2.first_column), .name = $2, .attributes = $1, .parameters = $4};
    }
    | error ';' { $$ = NULL; } ;
attributes: { $$ = 0; } | attributes IDEMPOTENT { $$ = $1 | METHOD_IDEMPOTENT; } | attributes REPLAY { $$ = $1 | METHOD_REPLAY; } ;
parameters: { $$ = NULL; } | parameter_list { $$ = $1; } ;
parameter_list: parameter { $$ = $1; } | parameter_list ',' parameter { $$ = $1; LAST($$, $3); } ;
parameter: IN type NAME { $$ = new_node(sizeof(*$$)); *$$ = (struct parameter){.place = at(@3.first_line, @3.first_column), .kind = PARAMETER_IN, .name = $3, .type = $2}; }
    | OUT type NAME { $$ = new_node(sizeof(*$$)); *$$ = (struct parameter){.place = at(@3.first_line, @3.first_column), .kind = PARAMETER_OUT, .name = $3, .type = $2}; }
    | CAP type NAME { $$ = new_node(sizeof(*$$)); *$$ = (struct parameter){.place = at(@3.first_line, @3.first_column), .kind = PARAMETER_CAP, .name = $3, .type = $2}; }
    | MOVE type NAME { $$ = new_node(sizeof(*$$)); *$$ = (struct parameter){.place = at(@3.first_line, @3.first_column), .kind = PARAMETER_MOVE, .name = $3, .type = $2}; }
    | LEND type NAME { $$ = new_node(sizeof(*$$)); *$$ = (struct parameter){.place = at(@3.first_line, @3.first_column), .kind = PARAMETER_LEND, .name = $3, .type = $2}; } ;
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

static void yyerror(const char *message) {
    complain(source, at(yylloc.first_line, yylloc.first_column), NULL, "%s", message);
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
