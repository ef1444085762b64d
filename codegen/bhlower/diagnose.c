// SPDX-License-Identifier: MIT
//
// What verified code cannot express is refused here, where file and line are still known.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codegen/bhlower/lower.h"

void refuse_at(struct lowering *lowering, LLVMValueRef instruction, const char *format, ...) {
    unsigned length = 0, line = 0;
    const char *file = NULL;
    if (instruction && LLVMIsAInstruction(instruction)) {
        file = LLVMGetDebugLocFilename(instruction, &length);
        line = LLVMGetDebugLocLine(instruction);
    }
    size_t name_length;
    if (file && line)
        fprintf(stderr, "%.*s:%u: error: ", (int)length, file, line);
    else
        fprintf(stderr, "%s: error: (compile with -g for the line) ", LLVMGetSourceFileName(lowering->module, &name_length));
    if (lowering->function)
        fprintf(stderr, "in function %s: ", LLVMGetValueName2(lowering->function, &name_length));
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    lowering->errors++;
}

bool is_intrinsic(LLVMValueRef instruction, const char *name) {
    if (!LLVMIsACallInst(instruction))
        return false;
    LLVMValueRef callee = LLVMGetCalledValue(instruction);
    if (!LLVMIsAFunction(callee) || !LLVMGetIntrinsicID(callee))
        return false;
    size_t length, want = strlen(name);
    const char *text = LLVMGetValueName2(callee, &length);
    return length >= want && memcmp(text, name, want) == 0 && (length == want || text[want] == '.');
}

unsigned attribute_kind(const char *name) {
    return LLVMGetEnumAttributeKindForName(name, strlen(name));
}

static bool returns_twice(LLVMValueRef call) {
    unsigned kind = attribute_kind("returns_twice");
    LLVMValueRef callee = LLVMGetCalledValue(call);
    return LLVMGetCallSiteEnumAttribute(call, LLVMAttributeFunctionIndex, kind) ||
           (LLVMIsAFunction(callee) && LLVMGetEnumAttributeAtIndex(callee, LLVMAttributeFunctionIndex, kind));
}

static void check_instruction(struct lowering *lowering, LLVMValueRef instruction) {
    switch (LLVMGetInstructionOpcode(instruction)) {
    case LLVMIndirectBr:
        refuse_at(lowering, instruction, "computed goto has no checked form; use a switch");
        return;
    case LLVMInvoke:
    case LLVMLandingPad:
        refuse_at(lowering, instruction, "exceptions are not supported");
        return;
    case LLVMCall:
        break;
    default:
        return;
    }
    if (is_intrinsic(instruction, "llvm.frameaddress") || is_intrinsic(instruction, "llvm.returnaddress") ||
        is_intrinsic(instruction, "llvm.addressofreturnaddress") || is_intrinsic(instruction, "llvm.sponentry"))
        refuse_at(lowering, instruction, "a domain cannot look at its control stack (__builtin_frame_address, "
                                         "__builtin_return_address)");
    else if (is_intrinsic(instruction, "llvm.threadlocal.address"))
        refuse_at(lowering, instruction, "thread-local variables are not supported in domains; pass the data, or key it by thread");
    else if (is_intrinsic(instruction, "llvm.eh"))
        refuse_at(lowering, instruction, "exceptions are not supported");
    else if (returns_twice(instruction))
        refuse_at(lowering, instruction, "functions that return twice (setjmp, vfork) have no verified form; return an error instead");
}

void check_function(struct lowering *lowering) {
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(lowering->function); block; block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i))
            check_instruction(lowering, i);
}
