// SPDX-License-Identifier: MIT
//
// Variadic calls. The caller stores the variable arguments in an area at the very bottom of its data stack and makes the call with the
// fixed arguments alone. The area is what the System V ABI calls the register save area, as a native callee would fill it, and behind it
// the overflow area. The callee finds it where its data stack pointer stands on entry; its va_list starts behind the fixed
// arguments, so that clang's own code for va_arg finds each argument where the ABI has it.
#include <stdlib.h>

#include "codegen/bhlower/lower.h"

struct argument {
    struct place place;
    LLVMTypeRef by_value; // the type to copy when the argument is a pointer to it
};

static unsigned fixed_count(LLVMValueRef call) {
    return LLVMCountParamTypes(LLVMGetCalledFunctionType(call));
}

// The place of argument `i`, after those in front of it.
static struct argument next_argument(struct lowering *lowering, LLVMValueRef call, unsigned i, struct passed *passed) {
    LLVMAttributeRef byval = LLVMGetCallSiteEnumAttribute(call, i + 1, attribute_kind("byval"));
    LLVMAttributeRef align = LLVMGetCallSiteEnumAttribute(call, i + 1, attribute_kind("align"));
    LLVMTypeRef by_value = byval ? LLVMGetTypeAttributeValue(byval) : NULL;
    struct place place = place_next(lowering, passed, LLVMTypeOf(LLVMGetOperand(call, i)), by_value,
                                    align ? LLVMGetEnumAttributeValue(align) : 0);
    return (struct argument){place, by_value};
}

static struct passed fixed_arguments(struct lowering *lowering, LLVMValueRef call) {
    struct passed passed = {0};
    for (unsigned i = 0; i < fixed_count(call); i++)
        next_argument(lowering, call, i, &passed);
    passed.memory = 0; // the area holds the variable ones only
    return passed;
}

uint64_t outgoing_size_of_call(struct lowering *lowering, LLVMValueRef call) {
    if (!LLVMIsFunctionVarArg(LLVMGetCalledFunctionType(call)))
        return 0;
    struct passed passed = fixed_arguments(lowering, call);
    uint64_t end = 0;
    for (unsigned i = fixed_count(call); i < LLVMGetNumArgOperands(call); i++) {
        struct place place = next_argument(lowering, call, i, &passed).place;
        end = place.offset + place.size > end ? place.offset + place.size : end;
    }
    return (end + 15) / 16 * 16;
}

// A small integer fills its whole place, as a register would be filled: much C ends a list of pointers with 0.
static LLVMValueRef widened(struct lowering *lowering, LLVMValueRef value) {
    LLVMTypeRef type = LLVMTypeOf(value), word = LLVMInt64TypeInContext(lowering->context);
    bool is_small = LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) < 64;
    return is_small ? LLVMBuildZExt(lowering->builder, value, word, "") : value;
}

static void store_arguments(struct lowering *lowering, LLVMValueRef call, LLVMValueRef area) {
    LLVMTypeRef byte = LLVMInt8TypeInContext(lowering->context);
    LLVMTypeRef word = LLVMInt64TypeInContext(lowering->context);
    struct passed passed = fixed_arguments(lowering, call);
    for (unsigned i = fixed_count(call); i < LLVMGetNumArgOperands(call); i++) {
        struct argument argument = next_argument(lowering, call, i, &passed);
        LLVMValueRef index = LLVMConstInt(word, argument.place.offset, 0);
        LLVMValueRef to = LLVMBuildGEP2(lowering->builder, byte, area, &index, 1, "");
        LLVMValueRef value = LLVMGetOperand(call, i);
        if (argument.by_value)
            LLVMBuildMemCpy(lowering->builder, to, 8, value, 1, LLVMConstInt(word, argument.place.size, 0));
        else
            LLVMSetAlignment(LLVMBuildStore(lowering->builder, widened(lowering, value), to), 8);
    }
}

void lower_variadic_call(struct lowering *lowering, LLVMValueRef call, LLVMValueRef area) {
    LLVMPositionBuilderBefore(lowering->builder, call);
    LLVMSetCurrentDebugLocation2(lowering->builder, LLVMInstructionGetDebugLoc(call));
    uint64_t size = outgoing_size_of_call(lowering, call);
    if (area) {
        store_arguments(lowering, call, area);
        remake_call(lowering, call, LLVMGetCalledValue(call), fixed_count(call), NULL);
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
    remake_call(lowering, call, LLVMGetCalledValue(call), fixed_count(call), NULL);
    LLVMPositionBuilderBefore(lowering->builder, next);
    build_store_stack(lowering, old);
}

void lower_va_start(struct lowering *lowering, LLVMValueRef call) {
    LLVMTypeRef half = LLVMInt32TypeInContext(lowering->context);
    LLVMTypeRef word = LLVMInt64TypeInContext(lowering->context);
    LLVMTypeRef byte = LLVMInt8TypeInContext(lowering->context);
    LLVMValueRef list = LLVMGetOperand(call, 0), overflow = LLVMConstInt(word, SAVE_AREA_SIZE, 0);
    LLVMPositionBuilderBefore(lowering->builder, call);
    LLVMSetCurrentDebugLocation2(lowering->builder, LLVMInstructionGetDebugLoc(call));
    // struct __va_list_tag: gp_offset, fp_offset, overflow_arg_area, reg_save_area
    static const uint64_t offsets[] = {0, 4, 8, 16};
    LLVMValueRef values[] = {LLVMConstInt(half, 8 * lowering->fixed.general, 0),
                             LLVMConstInt(half, 8 * GENERAL_REGISTERS + 16 * lowering->fixed.vector, 0),
                             LLVMBuildAdd(lowering->builder, lowering->entry_pointer, overflow, ""), lowering->entry_pointer};
    for (int i = 0; i < 4; i++) {
        LLVMValueRef index = LLVMConstInt(word, offsets[i], 0);
        LLVMValueRef to = LLVMBuildGEP2(lowering->builder, byte, list, &index, 1, "");
        LLVMSetAlignment(LLVMBuildStore(lowering->builder, values[i], to), i < 2 ? 4 : 8);
    }
    LLVMInstructionEraseFromParent(call);
}
