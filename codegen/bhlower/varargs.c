// SPDX-License-Identifier: MIT
//
// Variadic calls. The caller stores the variable arguments in an area at the very bottom of its data stack, in the layout that the
// System V ABI gives the overflow area, and makes the call with the fixed arguments alone. The callee finds the area where
// its data stack pointer stands on entry, and its va_list starts with both register counts exhausted, so that clang's own code for
// va_arg reads nothing but the area.
#include <stdlib.h>

#include "codegen/bhlower/lower.h"

#define WORD 8
#define GP_EXHAUSTED 48
#define FP_EXHAUSTED 304

struct place {
    uint64_t offset, size;
    LLVMTypeRef by_value; // the type to copy when the argument is a pointer to it
};

static uint64_t align_up(uint64_t value, uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

// Where argument `i` goes when the area is filled up to `offset`.
static struct place place_of(struct lowering *lowering, LLVMValueRef call, unsigned i, uint64_t offset) {
    LLVMTypeRef type = LLVMTypeOf(LLVMGetOperand(call, i));
    LLVMAttributeRef byval = LLVMGetCallSiteEnumAttribute(call, i + 1, attribute_kind("byval"));
    LLVMTypeRef stored = byval ? LLVMGetTypeAttributeValue(byval) : type;
    uint64_t align = LLVMABIAlignmentOfType(lowering->layout, stored);
    if (byval) {
        // clang aligns structures in memory to 8 unless their own alignment asks for more.
        LLVMAttributeRef wanted = LLVMGetCallSiteEnumAttribute(call, i + 1, attribute_kind("align"));
        if (wanted && LLVMGetEnumAttributeValue(wanted) > align)
            align = LLVMGetEnumAttributeValue(wanted);
    }
    uint64_t size = LLVMABISizeOfType(lowering->layout, stored);
    if (align < WORD)
        align = WORD;
    if (align > 16)
        align = 16;
    return (struct place){align_up(offset, align), size, byval ? stored : NULL};
}

static unsigned fixed_count(LLVMValueRef call) {
    return LLVMCountParamTypes(LLVMGetCalledFunctionType(call));
}

uint64_t outgoing_size_of_call(struct lowering *lowering, LLVMValueRef call) {
    if (!LLVMIsFunctionVarArg(LLVMGetCalledFunctionType(call)))
        return 0;
    uint64_t offset = 0;
    for (unsigned i = fixed_count(call); i < LLVMGetNumArgOperands(call); i++) {
        struct place place = place_of(lowering, call, i, offset);
        offset = align_up(place.offset + place.size, WORD);
    }
    return align_up(offset, 16);
}

static void store_arguments(struct lowering *lowering, LLVMValueRef call, LLVMValueRef area) {
    LLVMTypeRef byte = LLVMInt8TypeInContext(lowering->context);
    LLVMTypeRef word = LLVMInt64TypeInContext(lowering->context);
    uint64_t offset = 0;
    for (unsigned i = fixed_count(call); i < LLVMGetNumArgOperands(call); i++) {
        struct place place = place_of(lowering, call, i, offset);
        LLVMValueRef index = LLVMConstInt(word, place.offset, 0);
        LLVMValueRef to = LLVMBuildGEP2(lowering->builder, byte, area, &index, 1, "");
        LLVMValueRef value = LLVMGetOperand(call, i);
        if (place.by_value)
            LLVMBuildMemCpy(lowering->builder, to, WORD, value, 1, LLVMConstInt(word, place.size, 0));
        else
            LLVMSetAlignment(LLVMBuildStore(lowering->builder, value, to), WORD);
        offset = align_up(place.offset + place.size, WORD);
    }
}

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

// The same call with the fixed arguments alone; `call` is replaced and erased.
static void shorten_call(struct lowering *lowering, LLVMValueRef call) {
    unsigned count = fixed_count(call), bundle_count = LLVMGetNumOperandBundles(call);
    LLVMValueRef *arguments = calloc(count + 1, sizeof(*arguments));
    LLVMOperandBundleRef *bundles = calloc(bundle_count + 1, sizeof(*bundles));
    for (unsigned i = 0; i < count; i++)
        arguments[i] = LLVMGetOperand(call, i);
    for (unsigned i = 0; i < bundle_count; i++)
        bundles[i] = LLVMGetOperandBundleAtIndex(call, i);
    LLVMValueRef new_call =
        LLVMBuildCallWithOperandBundles(lowering->builder, LLVMGetCalledFunctionType(call), LLVMGetCalledValue(call),
                                        arguments, count, bundles, bundle_count, "");
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

void lower_variadic_call(struct lowering *lowering, LLVMValueRef call, LLVMValueRef area) {
    LLVMPositionBuilderBefore(lowering->builder, call);
    LLVMSetCurrentDebugLocation2(lowering->builder, LLVMInstructionGetDebugLoc(call));
    uint64_t size = outgoing_size_of_call(lowering, call);
    if (area) {
        store_arguments(lowering, call, area);
        shorten_call(lowering, call);
        return;
    }
    // The data stack pointer has moved inside this function: make the area now, take it back behind the call.
    LLVMTypeRef word = LLVMInt64TypeInContext(lowering->context);
    LLVMValueRef old = build_load_stack(lowering);
    LLVMValueRef lower = build_move_down(lowering, old, LLVMConstInt(word, size, 0), 16);
    build_store_stack(lowering, lower);
    area = LLVMBuildIntToPtr(lowering->builder, lower, LLVMPointerTypeInContext(lowering->context, 0), "");
    store_arguments(lowering, call, area);
    LLVMValueRef next = LLVMGetNextInstruction(call);
    shorten_call(lowering, call);
    LLVMPositionBuilderBefore(lowering->builder, next);
    build_store_stack(lowering, old);
}

void lower_va_start(struct lowering *lowering, LLVMValueRef call) {
    LLVMTypeRef half = LLVMInt32TypeInContext(lowering->context);
    LLVMTypeRef word = LLVMInt64TypeInContext(lowering->context);
    LLVMTypeRef byte = LLVMInt8TypeInContext(lowering->context);
    LLVMValueRef list = LLVMGetOperand(call, 0);
    static const uint64_t offsets[] = {0, 4, 8, 16};
    LLVMValueRef values[] = {LLVMConstInt(half, GP_EXHAUSTED, 0), LLVMConstInt(half, FP_EXHAUSTED, 0),
                             lowering->entry_pointer, LLVMConstInt(word, 0, 0)};
    LLVMPositionBuilderBefore(lowering->builder, call);
    LLVMSetCurrentDebugLocation2(lowering->builder, LLVMInstructionGetDebugLoc(call));
    for (int i = 0; i < 4; i++) {
        LLVMValueRef index = LLVMConstInt(word, offsets[i], 0);
        LLVMValueRef to = LLVMBuildGEP2(lowering->builder, byte, list, &index, 1, "");
        LLVMSetAlignment(LLVMBuildStore(lowering->builder, values[i], to), i < 2 ? 4 : 8);
    }
    LLVMInstructionEraseFromParent(call);
}
