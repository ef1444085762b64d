// SPDX-License-Identifier: MIT
//
// Behind each call that does not return stands an undefined instruction: the verifier does not believe that functions never return, and
// without it control would seem to run into whatever block comes next. Not where a switch goes by default: the code generator makes no jump
// to such a block.
#include "codegen/bhlower/lower.h"

static bool is_impossible_default(LLVMBasicBlockRef block) {
    LLVMUseRef use = LLVMGetFirstUse(LLVMBasicBlockAsValue(block));
    if (LLVMGetInstructionOpcode(LLVMGetFirstInstruction(block)) != LLVMUnreachable || !use)
        return false;
    for (; use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (!LLVMIsASwitchInst(user) || LLVMGetSwitchDefaultDest(user) != block)
            return false;
    }
    return true;
}

void close_unreachable(struct lowering *lowering) {
    unsigned id = LLVMLookupIntrinsicID("llvm.trap", 9);
    LLVMValueRef trap = LLVMGetIntrinsicDeclaration(lowering->module, id, NULL, 0);
    LLVMTypeRef type = LLVMIntrinsicGetType(lowering->context, id, NULL, 0);
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(lowering->function); block; block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef end = LLVMGetBasicBlockTerminator(block);
        if (!end || LLVMGetInstructionOpcode(end) != LLVMUnreachable || is_impossible_default(block))
            continue;
        LLVMValueRef before = LLVMGetPreviousInstruction(end);
        if (before && is_intrinsic(before, "llvm.trap"))
            continue;
        LLVMPositionBuilderBefore(lowering->builder, end);
        LLVMSetCurrentDebugLocation2(lowering->builder, LLVMInstructionGetDebugLoc(end));
        LLVMBuildCall2(lowering->builder, type, trap, NULL, 0, "");
    }
}
