// SPDX-License-Identifier: MIT
//
// The data stack pointer lives in word 0 of the thread's control block, at the base of the 64 KiB-aligned control stack. Domain code
// reaches it by one fixed sequence of three instructions, which the verifier knows.
#include <string.h>

#include "codegen/bhlower/lower.h"

static LLVMValueRef inline_asm(LLVMTypeRef type, const char *text, const char *constraints) {
    return LLVMGetInlineAsm(type, text, strlen(text), constraints, strlen(constraints), 1, 0, LLVMInlineAsmDialectATT, 0);
}

LLVMValueRef build_load_stack(struct lowering *lowering) {
    LLVMTypeRef word = LLVMInt64TypeInContext(lowering->context);
    LLVMTypeRef type = LLVMFunctionType(word, NULL, 0, 0);
    LLVMValueRef code = inline_asm(type, "movq %rsp, $0\n\tandq $$-65536, $0\n\tmovq ($0), $0",
                                   "=&r,~{memory},~{flags}");
    return LLVMBuildCall2(lowering->builder, type, code, NULL, 0, "");
}

void build_store_stack(struct lowering *lowering, LLVMValueRef value) {
    LLVMTypeRef word = LLVMInt64TypeInContext(lowering->context);
    LLVMTypeRef type = LLVMFunctionType(word, &word, 1, 0);
    LLVMValueRef code = inline_asm(type, "movq %rsp, $0\n\tandq $$-65536, $0\n\tmovq $1, ($0)",
                                   "=&r,r,~{memory},~{flags}");
    LLVMBuildCall2(lowering->builder, type, code, &value, 1, "");
}

LLVMValueRef build_move_down(struct lowering *lowering, LLVMValueRef pointer, LLVMValueRef size, uint64_t align) {
    LLVMTypeRef word = LLVMInt64TypeInContext(lowering->context);
    LLVMValueRef moved = LLVMBuildSub(lowering->builder, pointer, size, "");
    return LLVMBuildAnd(lowering->builder, moved, LLVMConstInt(word, ~(align - 1), 0), "");
}
