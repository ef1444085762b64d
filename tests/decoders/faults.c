// SPDX-License-Identifier: MIT
//
// Lies: what the second decoder would say if one of the two were wrong. Each must be noticed by the check that is there for it.
#include "tests/decoders/decoders.h"

const char *lie_name(enum lie lie) {
#define LIE_STRING(name, check) #name,
    static const char *const names[] = {"NONE", LIES(LIE_STRING)};
    return names[lie];
}

enum check lie_check(enum lie lie) {
#define LIE_CHECK(name, check) CHECK_##check,
    static const enum check checks[] = {CHECK_NONE, LIES(LIE_CHECK)};
    return checks[lie];
}

static void lie_about_operand(enum lie lie, struct second_view *view) {
    switch (lie) {
    case LIE_OPERAND: view->form = SECOND_NO_MEMORY; break;
    case LIE_SEGMENT: view->segment ^= 1; break;
    case LIE_BASE: view->base.number ^= 1; break;
    case LIE_WIDTH: view->base.width ^= 12; break;
    case LIE_INDEX: view->index.number ^= 1; break;
    case LIE_SCALE: view->scale ^= 12; break;
    case LIE_DISPLACEMENT: view->displacement++; break;
    case LIE_ACCESS: view->access *= 2; break;
    case LIE_STORE: view->stores |= view->base.number == 4; break;
    default: break;
    }
}

void lie_about(enum lie lie, struct second_view *view) {
    switch (lie) {
    case LIE_LENGTH: view->size++; break;
    case LIE_INVALID: view->valid = false; break;
    case LIE_NAME: view->mnemonic = "another"; break;
    case LIE_CLASS: view->kind = view->kind == SECOND_CALL ? SECOND_JUMP : view->kind; break;
    case LIE_TARGET: view->target++; break;
    case LIE_IMPLICIT: view->loads = true; break;
    case LIE_STACK: view->stack_change += view->moves_stack; break;
    case LIE_POP: view->written_implicitly |= 1u << 4; break;
    case LIE_WRITTEN: view->written_implicitly |= 1u << 13; break;
    case LIE_FORBIDDEN: view->forbidden = "GS"; break;
    default:
        if (view->form == SECOND_ADDRESS)
            lie_about_operand(lie, view);
    }
}
