// SPDX-License-Identifier: MIT
//
// Structures by value in memory (`byval`): the caller would copy them to the control stack, where no C object may live. Instead the
// caller passes a pointer, and the callee makes its own copy before anything else.
#include "codegen/bhlower/lower.h"

void lower_byval_parameters(struct lowering *lowering) {
    unsigned kind = attribute_kind("byval");
    unsigned count = LLVMCountParams(lowering->function);
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(lowering->function);
    for (unsigned i = 0; i < count; i++) {
        LLVMAttributeRef attribute = LLVMGetEnumAttributeAtIndex(lowering->function, i + 1, kind);
        if (!attribute)
            continue;
        LLVMTypeRef type = LLVMGetTypeAttributeValue(attribute);
        LLVMValueRef parameter = LLVMGetParam(lowering->function, i);
        unsigned align = LLVMABIAlignmentOfType(lowering->layout, type);
        LLVMAttributeRef wanted = LLVMGetEnumAttributeAtIndex(lowering->function, i + 1, attribute_kind("align"));
        if (wanted && LLVMGetEnumAttributeValue(wanted) > align) // what C's alignas asks for is not in LLVM's type
            align = (unsigned)LLVMGetEnumAttributeValue(wanted);
        LLVMPositionBuilderBefore(lowering->builder, LLVMGetFirstInstruction(entry));
        LLVMSetCurrentDebugLocation2(lowering->builder, NULL);
        LLVMValueRef copy = LLVMBuildAlloca(lowering->builder, type, "");
        LLVMSetAlignment(copy, align < 8 ? 8 : align);
        LLVMReplaceAllUsesWith(parameter, copy);
        LLVMBuildMemCpy(lowering->builder, copy, align, parameter, align,
                        LLVMConstInt(LLVMInt64TypeInContext(lowering->context),
                                     LLVMABISizeOfType(lowering->layout, type), 0));
        LLVMRemoveEnumAttributeAtIndex(lowering->function, i + 1, kind);
    }
}

void lower_byval_arguments(LLVMValueRef call) {
    unsigned kind = attribute_kind("byval");
    for (unsigned i = 0; i < LLVMGetNumArgOperands(call); i++)
        LLVMRemoveCallSiteEnumAttribute(call, i + 1, kind);
}
