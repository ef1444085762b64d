// SPDX-License-Identifier: MIT
//
// A choice between values of which one came on the control stack: the code generator would rather choose between their addresses and load once, and
// the address of the control stack cannot be had. It does so only with a load that has no other use, so each such value gets one that costs nothing.
#include "codegen/bhlower/lower.h"

static LLVMValueRef argument_behind(LLVMValueRef value) {
    while (LLVMIsACastInst(value) || LLVMIsAFreezeInst(value))
        value = LLVMGetOperand(value, 0);
    return LLVMIsAArgument(value);
}

static bool comes_in_memory(struct lowering *lowering, LLVMValueRef argument) {
    struct passed passed = {0};
    unsigned kind = attribute_kind("byval");
    for (unsigned i = 0; i < LLVMCountParams(lowering->function); i++) {
        LLVMValueRef parameter = LLVMGetParam(lowering->function, i);
        LLVMAttributeRef by_value = LLVMGetEnumAttributeAtIndex(lowering->function, i + 1, kind);
        struct place place =
            place_next(lowering, &passed, LLVMTypeOf(parameter), by_value ? LLVMGetTypeAttributeValue(by_value) : NULL, 0);
        if (parameter == argument)
            return !by_value && place.offset >= SAVE_AREA_SIZE;
    }
    return false;
}

static void use(struct lowering *lowering, LLVMValueRef value) {
    LLVMTypeRef type = LLVMTypeOf(value);
    LLVMTypeKind kind = LLVMGetTypeKind(type);
    const char *where = kind == LLVMIntegerTypeKind || kind == LLVMPointerTypeKind ? "r" : kind == LLVMX86_FP80TypeKind ? "f" : "x";
    LLVMTypeRef nothing = LLVMFunctionType(LLVMVoidTypeInContext(lowering->context), &type, 1, 0);
    LLVMValueRef user = LLVMGetInlineAsm(nothing, "", 0, where, 1, 1, 0, LLVMInlineAsmDialectATT, 0);
    LLVMBuildCall2(lowering->builder, nothing, user, &value, 1, "");
}

// Arguments are loaded in the first block; in others they are in registers already.
void lower_selects(struct lowering *lowering) {
    for (LLVMValueRef i = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(lowering->function)); i; i = LLVMGetNextInstruction(i)) {
        if (!LLVMIsASelectInst(i))
            continue;
        LLVMPositionBuilderBefore(lowering->builder, i);
        for (unsigned operand = 1; operand <= 2; operand++) {
            LLVMValueRef value = LLVMGetOperand(i, operand), argument = argument_behind(value);
            if (argument && comes_in_memory(lowering, argument))
                use(lowering, value);
        }
    }
}
