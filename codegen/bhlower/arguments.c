// SPDX-License-Identifier: MIT
//
// Which arguments the x86-64 System V ABI passes in registers and which in memory, as clang counts (psABI 3.2.3): caller and callee of
// a variadic function must agree on it without seeing each other.
#include "codegen/bhlower/lower.h"

#define WORD 8

static uint64_t align_up(uint64_t value, uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

static struct place in_memory(struct lowering *lowering, struct passed *passed, LLVMTypeRef type, uint64_t wanted_align) {
    uint64_t align = LLVMABIAlignmentOfType(lowering->layout, type);
    align = wanted_align > align ? wanted_align : align;
    align = align < WORD ? WORD : align > 16 ? 16 : align;
    uint64_t size = LLVMABISizeOfType(lowering->layout, type), offset = align_up(passed->memory, align);
    passed->memory = align_up(offset + size, WORD);
    return (struct place){SAVE_AREA_SIZE + offset, size};
}

static bool is_general(LLVMTypeRef type) {
    LLVMTypeKind kind = LLVMGetTypeKind(type);
    return kind == LLVMPointerTypeKind || (kind == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) <= 64);
}

static bool is_vector(struct lowering *lowering, LLVMTypeRef type) {
    switch (LLVMGetTypeKind(type)) {
    case LLVMHalfTypeKind: case LLVMBFloatTypeKind: case LLVMFloatTypeKind: case LLVMDoubleTypeKind: case LLVMFP128TypeKind:
        return true;
    case LLVMVectorTypeKind:
        return LLVMABISizeOfType(lowering->layout, type) <= 16;
    default:
        return false;
    }
}

struct place place_next(struct lowering *lowering, struct passed *passed, LLVMTypeRef type, LLVMTypeRef by_value, uint64_t align) {
    if (by_value) // clang has seen that no registers are left for it, or that it may not go there
        return in_memory(lowering, passed, by_value, align);
    uint64_t size = LLVMABISizeOfType(lowering->layout, type);
    if (is_general(type) && passed->general < GENERAL_REGISTERS)
        return (struct place){8 * passed->general++, size};
    if (is_vector(lowering, type) && passed->vector < VECTOR_REGISTERS)
        return (struct place){8 * GENERAL_REGISTERS + 16 * passed->vector++, size};
    return in_memory(lowering, passed, type, 0);
}

struct passed passed_to_function(struct lowering *lowering, bool lowered) {
    struct passed passed = {0};
    unsigned kind = attribute_kind("byval");
    for (unsigned i = 0; i < LLVMCountParams(lowering->function); i++) {
        LLVMAttributeRef attribute = lowered ? NULL : LLVMGetEnumAttributeAtIndex(lowering->function, i + 1, kind);
        place_next(lowering, &passed, LLVMTypeOf(LLVMGetParam(lowering->function, i)),
                   attribute ? LLVMGetTypeAttributeValue(attribute) : NULL, 0);
    }
    return passed;
}
