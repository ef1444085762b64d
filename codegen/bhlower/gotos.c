// SPDX-License-Identifier: MIT
//
// Computed goto: the address of a label becomes a number, and the jump to it a switch over these, which the code generator makes a jump
// through a table of. Differences of addresses, which some programs keep, work as well. Interpreters fetch the address from a constant table
// of their own, by the operation: its labels get their numbers in that order, so that no fetch is needed.
#include <stdlib.h>

#include "codegen/bhlower/lower.h"

// Labels whose address is taken; a label's number is its place + 1, so that no address is NULL.
struct labels {
    LLVMBasicBlockRef *list;
    unsigned count;
};

static LLVMValueRef computed_goto(LLVMBasicBlockRef block) {
    LLVMValueRef end = LLVMGetBasicBlockTerminator(block);
    return end && LLVMGetInstructionOpcode(end) == LLVMIndirectBr ? end : NULL;
}

static LLVMValueRef address_of_label(LLVMBasicBlockRef block) {
    for (LLVMUseRef use = LLVMGetFirstUse(LLVMBasicBlockAsValue(block)); use; use = LLVMGetNextUse(use))
        if (LLVMIsABlockAddress(LLVMGetUser(use)))
            return LLVMGetUser(use);
    return NULL;
}

static unsigned number_of(const struct labels *labels, LLVMBasicBlockRef block) {
    for (unsigned i = 0; i < labels->count; i++)
        if (labels->list[i] == block)
            return i + 1;
    return 0;
}

// The index into a constant table of pointers that an instruction loads from; NULL: it does something else.
static LLVMValueRef index_of_load(LLVMValueRef load, LLVMValueRef *table) {
    LLVMValueRef place = LLVMIsALoadInst(load) ? LLVMGetOperand(load, 0) : NULL;
    if (!place || !LLVMIsAGetElementPtrInst(place) || LLVMGetTypeKind(LLVMTypeOf(load)) != LLVMPointerTypeKind)
        return NULL;
    LLVMTypeRef type = LLVMGetGEPSourceElementType(place);
    LLVMValueRef global = LLVMGetOperand(place, 0), first = LLVMGetOperand(place, 1);
    bool array = LLVMGetTypeKind(type) == LLVMArrayTypeKind;
    if (!LLVMIsAGlobalVariable(global) || !LLVMIsGlobalConstant(global) || LLVMIsDeclaration(global) ||
        (array ? LLVMGetElementType(type) : type) != LLVMTypeOf(load) || LLVMGetNumOperands(place) != (array ? 3 : 2) ||
        (array && (!LLVMIsAConstantInt(first) || LLVMConstIntGetZExtValue(first))))
        return NULL;
    LLVMValueRef index = LLVMGetOperand(place, array ? 2 : 1);
    *table = LLVMGetInitializer(global);
    return LLVMTypeOf(index) == LLVMInt64TypeInContext(LLVMGetTypeContext(LLVMTypeOf(index))) ? index : NULL;
}

// Numbers the labels in a table's order, if it holds nothing but labels of the function, each once, and none has a number yet.
static bool number_table(const struct lowering *lowering, struct labels *labels, LLVMValueRef table) {
    unsigned size = labels->count ? 0 : LLVMGetArrayLength2(LLVMTypeOf(table));
    for (unsigned i = 0; i < size; i++) {
        LLVMValueRef one = LLVMGetAggregateElement(table, i);
        LLVMBasicBlockRef block = one && LLVMIsABlockAddress(one) ? LLVMGetBlockAddressBasicBlock(one) : NULL;
        if (!block || LLVMGetBasicBlockParent(block) != lowering->function || number_of(labels, block)) {
            labels->count = 0;
            return false;
        }
        labels->list[labels->count++] = block;
    }
    return size > 0;
}

static void replace_load(struct lowering *lowering, LLVMValueRef load, LLVMValueRef index) {
    LLVMPositionBuilderBefore(lowering->builder, load);
    LLVMValueRef number = LLVMBuildAdd(lowering->builder, index, LLVMConstInt(LLVMTypeOf(index), 1, 0), "");
    LLVMReplaceAllUsesWith(load, LLVMBuildIntToPtr(lowering->builder, number, LLVMTypeOf(load), ""));
    LLVMInstructionEraseFromParent(load);
}

// Finds the table that addresses are fetched from, and replaces all fetches from it.
static void number_fetched(struct lowering *lowering, struct labels *labels) {
    LLVMValueRef chosen = NULL, table = NULL;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(lowering->function); block; block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef i = LLVMGetFirstInstruction(block), next; i; i = next) {
            next = LLVMGetNextInstruction(i);
            LLVMValueRef index = index_of_load(i, &table);
            if (index && !chosen && LLVMGetTypeKind(LLVMTypeOf(table)) == LLVMArrayTypeKind && number_table(lowering, labels, table))
                chosen = table;
            if (index && table == chosen)
                replace_load(lowering, i, index);
        }
}

// A target that is listed twice is a case once, unless a phi counts the ways into it: then the others are cases of numbers that no label has.
static void add_cases(LLVMValueRef choice, LLVMValueRef jump, LLVMBasicBlockRef block, unsigned number, uint64_t *spare) {
    LLVMTypeRef word = LLVMTypeOf(LLVMGetOperand(choice, 0));
    bool counted = LLVMIsAPHINode(LLVMGetFirstInstruction(block)), first = true;
    for (unsigned i = 0; i < LLVMGetNumSuccessors(jump); i++) {
        if (LLVMGetSuccessor(jump, i) != block)
            continue;
        if (first || counted)
            LLVMAddCase(choice, LLVMConstInt(word, first ? number : --*spare, 0), block);
        first = false;
    }
}

static void jump_by_switch(struct lowering *lowering, const struct labels *labels, LLVMValueRef jump, LLVMBasicBlockRef nowhere) {
    uint64_t spare = 0;
    LLVMPositionBuilderBefore(lowering->builder, jump);
    LLVMSetCurrentDebugLocation2(lowering->builder, LLVMInstructionGetDebugLoc(jump));
    LLVMTypeRef word = LLVMInt64TypeInContext(lowering->context);
    LLVMValueRef number = LLVMBuildPtrToInt(lowering->builder, LLVMGetOperand(jump, 0), word, "");
    LLVMValueRef choice = LLVMBuildSwitch(lowering->builder, number, nowhere, LLVMGetNumSuccessors(jump));
    for (unsigned i = 0; i < labels->count; i++)
        add_cases(choice, jump, labels->list[i], i + 1, &spare);
    LLVMInstructionEraseFromParent(jump);
}

static void lower_labels(struct lowering *lowering, struct labels *labels) {
    number_fetched(lowering, labels);
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(lowering->function); block; block = LLVMGetNextBasicBlock(block))
        if (address_of_label(block) && !number_of(labels, block))
            labels->list[labels->count++] = block;
    LLVMBasicBlockRef nowhere = LLVMAppendBasicBlockInContext(lowering->context, lowering->function, "");
    LLVMPositionBuilderAtEnd(lowering->builder, nowhere);
    LLVMBuildUnreachable(lowering->builder);
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(lowering->function); block; block = LLVMGetNextBasicBlock(block))
        if (computed_goto(block))
            jump_by_switch(lowering, labels, computed_goto(block), nowhere);
    LLVMTypeRef word = LLVMInt64TypeInContext(lowering->context);
    for (unsigned i = 0; i < labels->count; i++) {
        LLVMValueRef address = address_of_label(labels->list[i]);
        LLVMReplaceAllUsesWith(address, LLVMConstIntToPtr(LLVMConstInt(word, i + 1, 0), LLVMTypeOf(address)));
    }
}

void lower_gotos(struct lowering *lowering) {
    bool any = false;
    unsigned blocks = 0;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(lowering->function); block; block = LLVMGetNextBasicBlock(block), blocks++)
        any |= computed_goto(block) != NULL;
    struct labels labels = {.list = any ? calloc(blocks, sizeof(*labels.list)) : NULL};
    if (labels.list)
        lower_labels(lowering, &labels);
    free(labels.list);
}
