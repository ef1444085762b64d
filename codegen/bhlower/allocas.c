// SPDX-License-Identifier: MIT
//
// Every object that would live on the stack moves to the data stack: fixed ones into one frame per function, dynamic ones below it as
// they come. Layout of a frame, from its lowest address: outgoing variadic arguments, then the objects. The pointer is put back at
// each return. A function that calls nobody only reads the pointer: nobody can see that it was not moved.
#include <stdlib.h>

#include "codegen/bhlower/lower.h"

#define STACK_ALIGN 16
#define QUIET_COPY_MAX 64 // bytes; the code generator expands copies up to 128 in place

static uint64_t align_up(uint64_t value, uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

static bool is_static(struct lowering *lowering, LLVMValueRef alloca) {
    LLVMValueRef count = LLVMGetOperand(alloca, 0);
    return LLVMIsAConstantInt(count) && LLVMGetInstructionParent(alloca) == LLVMGetEntryBasicBlock(lowering->function);
}

// Intrinsics that never become calls.
static bool is_quiet(LLVMValueRef call) {
    static const char *const names[] = {"llvm.lifetime", "llvm.dbg", "llvm.assume", "llvm.expect", "llvm.bswap", "llvm.ctpop",
                                        "llvm.ctlz", "llvm.cttz", "llvm.umax", "llvm.umin", "llvm.smax", "llvm.smin",
                                        "llvm.fshl", "llvm.fshr", "llvm.abs", "llvm.prefetch", "llvm.experimental.noalias",
                                        "llvm.invariant", "llvm.sideeffect", "llvm.trap", "llvm.va_end", "llvm.vector",
                                        "llvm.uadd", "llvm.usub", "llvm.sadd", "llvm.ssub", "llvm.x86"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (is_intrinsic(call, names[i]))
            return true;
    // Short copies of known length become plain moves.
    if (is_intrinsic(call, "llvm.memcpy") || is_intrinsic(call, "llvm.memset") || is_intrinsic(call, "llvm.memmove")) {
        LLVMValueRef size = LLVMGetOperand(call, 2);
        return LLVMIsAConstantInt(size) && LLVMConstIntGetZExtValue(size) <= QUIET_COPY_MAX;
    }
    return false;
}

struct found {
    LLVMValueRef *allocas, *variadics, *va_starts, *returns, *saves, *restores, *lifetimes;
    size_t alloca_count, variadic_count, va_start_count, return_count, save_count, restore_count, lifetime_count;
    bool calls; // something that may look at the data stack pointer
};

static void add(LLVMValueRef **list, size_t *count, LLVMValueRef value) {
    if ((*count & (*count + 1)) == 0) // grow at 0, 1, 3, 7, ...
        *list = realloc(*list, (2 * *count + 2) * sizeof(**list));
    (*list)[(*count)++] = value;
}

static void look_at_call(struct lowering *lowering, LLVMValueRef call, struct found *found) {
    if (is_intrinsic(call, "llvm.va_start"))
        add(&found->va_starts, &found->va_start_count, call);
    else if (is_intrinsic(call, "llvm.stacksave"))
        add(&found->saves, &found->save_count, call);
    else if (is_intrinsic(call, "llvm.stackrestore"))
        add(&found->restores, &found->restore_count, call);
    else if (is_intrinsic(call, "llvm.lifetime"))
        add(&found->lifetimes, &found->lifetime_count, call);
    else if (!is_quiet(call))
        found->calls = true;
    if (outgoing_size_of_call(lowering, call))
        add(&found->variadics, &found->variadic_count, call);
    else
        lower_byval_arguments(call);
}

static void look(struct lowering *lowering, struct found *found) {
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(lowering->function); block; block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i))
            switch (LLVMGetInstructionOpcode(i)) {
            case LLVMAlloca:
                add(&found->allocas, &found->alloca_count, i);
                lowering->has_dynamic |= !is_static(lowering, i);
                break;
            case LLVMRet:
                add(&found->returns, &found->return_count, i);
                break;
            case LLVMCall:
                look_at_call(lowering, i, found);
                break;
            default:
                break;
            }
    lowering->has_dynamic |= found->save_count > 0;
    for (size_t i = 0; i < found->variadic_count; i++) {
        uint64_t size = outgoing_size_of_call(lowering, found->variadics[i]);
        if (size > lowering->outgoing_size)
            lowering->outgoing_size = size;
    }
}

// Offset of each fixed object; returns the frame's size and its alignment.
static uint64_t lay_out(struct lowering *lowering, const struct found *found, uint64_t *offsets, uint64_t *align) {
    uint64_t end = lowering->has_dynamic ? 0 : lowering->outgoing_size;
    *align = STACK_ALIGN;
    for (size_t i = 0; i < found->alloca_count; i++) {
        LLVMValueRef alloca = found->allocas[i];
        if (!is_static(lowering, alloca))
            continue;
        uint64_t unit = LLVMGetAlignment(alloca);
        uint64_t size = LLVMABISizeOfType(lowering->layout, LLVMGetAllocatedType(alloca)) *
                        LLVMConstIntGetZExtValue(LLVMGetOperand(alloca, 0));
        offsets[i] = align_up(end, unit);
        end = offsets[i] + size;
        if (unit > *align)
            *align = unit;
    }
    return align_up(end, *align);
}

static void lower_dynamic(struct lowering *lowering, LLVMValueRef alloca) {
    LLVMTypeRef word = LLVMInt64TypeInContext(lowering->context);
    LLVMPositionBuilderBefore(lowering->builder, alloca);
    LLVMSetCurrentDebugLocation2(lowering->builder, LLVMInstructionGetDebugLoc(alloca));
    uint64_t unit = LLVMABISizeOfType(lowering->layout, LLVMGetAllocatedType(alloca));
    uint64_t align = LLVMGetAlignment(alloca) > STACK_ALIGN ? LLVMGetAlignment(alloca) : STACK_ALIGN;
    LLVMValueRef count = LLVMBuildZExtOrBitCast(lowering->builder, LLVMGetOperand(alloca, 0), word, "");
    LLVMValueRef size = LLVMBuildMul(lowering->builder, count, LLVMConstInt(word, unit, 0), "");
    LLVMValueRef pointer = build_move_down(lowering, build_load_stack(lowering), size, align);
    build_store_stack(lowering, pointer);
    LLVMValueRef object =
        LLVMBuildIntToPtr(lowering->builder, pointer, LLVMPointerTypeInContext(lowering->context, 0), "");
    LLVMReplaceAllUsesWith(alloca, object);
    LLVMInstructionEraseFromParent(alloca);
}

static void lower_saves(struct lowering *lowering, const struct found *found) {
    LLVMTypeRef pointer = LLVMPointerTypeInContext(lowering->context, 0);
    for (size_t i = 0; i < found->save_count; i++) {
        LLVMPositionBuilderBefore(lowering->builder, found->saves[i]);
        LLVMSetCurrentDebugLocation2(lowering->builder, NULL);
        LLVMValueRef now = LLVMBuildIntToPtr(lowering->builder, build_load_stack(lowering), pointer, "");
        LLVMReplaceAllUsesWith(found->saves[i], now);
        LLVMInstructionEraseFromParent(found->saves[i]);
    }
    for (size_t i = 0; i < found->restore_count; i++) {
        LLVMPositionBuilderBefore(lowering->builder, found->restores[i]);
        LLVMSetCurrentDebugLocation2(lowering->builder, NULL);
        build_store_stack(lowering, LLVMBuildPtrToInt(lowering->builder, LLVMGetOperand(found->restores[i], 0),
                                                      LLVMInt64TypeInContext(lowering->context), ""));
        LLVMInstructionEraseFromParent(found->restores[i]);
    }
}

// Put the pointer back before each return. A tail call that must stay one gets it back before the call.
static void restore_at_returns(struct lowering *lowering, const struct found *found) {
    for (size_t i = 0; i < found->return_count; i++) {
        LLVMValueRef at = found->returns[i];
        LLVMValueRef previous = LLVMGetPreviousInstruction(at);
        if (previous && LLVMIsACallInst(previous) && LLVMGetTailCallKind(previous) == LLVMTailCallKindMustTail)
            LLVMSetTailCallKind(previous, LLVMTailCallKindNone);
        LLVMPositionBuilderBefore(lowering->builder, at);
        LLVMSetCurrentDebugLocation2(lowering->builder, LLVMInstructionGetDebugLoc(at));
        build_store_stack(lowering, lowering->entry_pointer);
    }
}

static void replace_static(struct lowering *lowering, const struct found *found, const uint64_t *offsets,
                           LLVMValueRef frame) {
    LLVMTypeRef word = LLVMInt64TypeInContext(lowering->context);
    for (size_t i = 0; i < found->alloca_count; i++) {
        if (!is_static(lowering, found->allocas[i]))
            continue;
        LLVMValueRef index = LLVMConstInt(word, offsets[i], 0);
        LLVMPositionBuilderBefore(lowering->builder, found->allocas[i]);
        LLVMValueRef object =
            LLVMBuildGEP2(lowering->builder, LLVMInt8TypeInContext(lowering->context), frame, &index, 1, "");
        LLVMReplaceAllUsesWith(found->allocas[i], object);
        LLVMInstructionEraseFromParent(found->allocas[i]);
        found->allocas[i] = NULL;
    }
}

static void release(struct found *found) {
    free(found->allocas);
    free(found->variadics);
    free(found->va_starts);
    free(found->returns);
    free(found->saves);
    free(found->restores);
    free(found->lifetimes);
}

void lower_allocas(struct lowering *lowering) {
    struct found found = {0};
    look(lowering, &found);
    for (size_t i = 0; i < found.lifetime_count; i++)
        LLVMInstructionEraseFromParent(found.lifetimes[i]);
    if (!found.alloca_count && !found.variadic_count && !found.va_start_count && !found.save_count) {
        release(&found);
        return;
    }
    uint64_t align, *offsets = calloc(found.alloca_count + 1, sizeof(*offsets));
    uint64_t size = lay_out(lowering, &found, offsets, &align);
    bool moves = lowering->has_dynamic || (size && found.calls);
    LLVMPositionBuilderBefore(lowering->builder,
                              LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(lowering->function)));
    LLVMSetCurrentDebugLocation2(lowering->builder, NULL);
    lowering->entry_pointer = build_load_stack(lowering);
    LLVMValueRef bottom = lowering->entry_pointer;
    if (size)
        bottom = align > STACK_ALIGN
                     ? build_move_down(lowering, bottom, LLVMConstInt(LLVMInt64TypeInContext(lowering->context), size, 0), align)
                     : LLVMBuildSub(lowering->builder, bottom,
                                    LLVMConstInt(LLVMInt64TypeInContext(lowering->context), size, 0), "");
    if (moves && size)
        build_store_stack(lowering, bottom);
    LLVMValueRef frame = LLVMBuildIntToPtr(lowering->builder, bottom, LLVMPointerTypeInContext(lowering->context, 0), "");
    replace_static(lowering, &found, offsets, frame);
    for (size_t i = 0; i < found.alloca_count; i++)
        if (found.allocas[i])
            lower_dynamic(lowering, found.allocas[i]);
    lower_saves(lowering, &found);
    for (size_t i = 0; i < found.va_start_count; i++)
        lower_va_start(lowering, found.va_starts[i]);
    for (size_t i = 0; i < found.variadic_count; i++)
        lower_variadic_call(lowering, found.variadics[i], lowering->has_dynamic ? NULL : frame);
    if (moves)
        restore_at_returns(lowering, &found);
    free(offsets);
    release(&found);
}
