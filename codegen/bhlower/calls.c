// SPDX-License-Identifier: MIT
//
// Calls made anew. One of a function that may not exist (weak, and defined nowhere) is made through its address, with the check of its type that
// any call through a pointer has: the verifier does not believe that the program looks at the address first, and a call of address 0 leads out of the image.
#include <stdlib.h>

#include "codegen/bhlower/lower.h"

static void copy_attributes(LLVMValueRef from, LLVMValueRef to, unsigned arguments) {
    for (int index = -1; index <= (int)arguments; index++) {
        LLVMAttributeIndex at = index < 0 ? (LLVMAttributeIndex)LLVMAttributeFunctionIndex : (LLVMAttributeIndex)index;
        unsigned count = LLVMGetCallSiteAttributeCount(from, at);
        if (!count)
            continue;
        LLVMAttributeRef *list = calloc(count, sizeof(*list));
        LLVMGetCallSiteAttributes(from, at, list);
        for (unsigned i = 0; i < count; i++)
            LLVMAddCallSiteAttribute(to, at, list[i]);
        free(list);
    }
}

LLVMMetadataRef label_of(LLVMValueRef function, unsigned kind) {
    LLVMMetadataRef found = NULL;
    size_t count;
    LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(function, &count);
    for (size_t i = 0; i < count; i++)
        if (LLVMValueMetadataEntriesGetKind(entries, (unsigned)i) == kind)
            found = LLVMValueMetadataEntriesGetMetadata(entries, (unsigned)i);
    LLVMDisposeValueMetadataEntries(entries);
    return found;
}

void remake_call(struct lowering *lowering, LLVMValueRef call, LLVMValueRef callee, unsigned count, LLVMOperandBundleRef more) {
    unsigned bundle_count = LLVMGetNumOperandBundles(call);
    LLVMValueRef *arguments = calloc(count + 1, sizeof(*arguments));
    LLVMOperandBundleRef *bundles = calloc(bundle_count + 1, sizeof(*bundles));
    for (unsigned i = 0; i < count; i++)
        arguments[i] = LLVMGetOperand(call, i);
    for (unsigned i = 0; i < bundle_count; i++)
        bundles[i] = LLVMGetOperandBundleAtIndex(call, i);
    if (more)
        bundles[bundle_count++] = more;
    LLVMValueRef new_call =
        LLVMBuildCallWithOperandBundles(lowering->builder, LLVMGetCalledFunctionType(call), callee, arguments, count, bundles, bundle_count, "");
    copy_attributes(call, new_call, count);
    LLVMSetInstructionCallConv(new_call, LLVMGetInstructionCallConv(call));
    lower_byval_arguments(new_call);
    LLVMReplaceAllUsesWith(call, new_call);
    LLVMInstructionEraseFromParent(call);
    for (unsigned i = 0; i < bundle_count; i++)
        LLVMDisposeOperandBundle(bundles[i]);
    free(arguments);
    free(bundles);
}

static LLVMValueRef label_value(struct lowering *lowering, LLVMValueRef function) {
    LLVMMetadataRef label = label_of(function, LLVMGetMDKindID("kcfi_type", 9));
    LLVMValueRef number = NULL;
    if (label)
        LLVMGetMDNodeOperands(LLVMMetadataAsValue(lowering->context, label), &number);
    return number;
}

// The address in a register of which the compiler does not know what it is.
static LLVMValueRef hidden_address(struct lowering *lowering, LLVMValueRef function) {
    LLVMTypeRef pointer = LLVMTypeOf(function), type = LLVMFunctionType(pointer, &pointer, 1, 0);
    LLVMValueRef copy = LLVMGetInlineAsm(type, "", 0, "=r,0", 4, 0, 0, LLVMInlineAsmDialectATT, 0);
    return LLVMBuildCall2(lowering->builder, type, copy, &function, 1, "");
}

static void call_by_address(struct lowering *lowering, LLVMValueRef call, LLVMValueRef function) {
    LLVMValueRef label = label_value(lowering, function);
    if (!label)
        return;
    LLVMPositionBuilderBefore(lowering->builder, call);
    LLVMSetCurrentDebugLocation2(lowering->builder, LLVMInstructionGetDebugLoc(call));
    LLVMOperandBundleRef check = LLVMCreateOperandBundle("kcfi", 4, &label, 1);
    remake_call(lowering, call, hidden_address(lowering, function), LLVMGetNumArgOperands(call), check);
}

void lower_weak_calls(struct lowering *lowering) {
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(lowering->function); block; block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef i = LLVMGetFirstInstruction(block), next; i; i = next) {
            next = LLVMGetNextInstruction(i);
            LLVMValueRef function = LLVMIsACallInst(i) ? LLVMIsAFunction(LLVMGetCalledValue(i)) : NULL;
            if (function && LLVMGetLinkage(function) == LLVMExternalWeakLinkage)
                call_by_address(lowering, i, function);
        }
}
