// SPDX-License-Identifier: MIT
//
// What verified code cannot express is refused here, where file and line are still known.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codegen/bhlower/lower.h"
#include "kernel/abi/slot.h"

struct source_place {
    const char *file;
    unsigned length, line;
};

static bool place_of_instruction(LLVMValueRef instruction, struct source_place *place) {
    place->file = LLVMGetDebugLocFilename(instruction, &place->length);
    place->line = LLVMGetDebugLocLine(instruction);
    return place->file && place->line;
}

// The instruction's own line, or that of what stands in front of it.
static bool place_of_block(LLVMValueRef instruction, struct source_place *place) {
    for (LLVMValueRef i = instruction; i; i = LLVMGetPreviousInstruction(i))
        if (place_of_instruction(i, place))
            return true;
    return false;
}

static bool place_of_function(LLVMValueRef function, struct source_place *place) {
    LLVMMetadataRef program = LLVMGetSubprogram(function);
    if (!program)
        return false;
    place->line = LLVMDISubprogramGetLine(program);
    place->file = LLVMDIFileGetFilename(LLVMDIScopeGetFile(program), &place->length);
    return place->file && place->line;
}

void refuse_at(struct lowering *lowering, LLVMValueRef instruction, const char *format, ...) {
    struct source_place place = {0};
    size_t name_length;
    bool known = instruction && LLVMIsAInstruction(instruction) && place_of_block(instruction, &place);
    if (known || (lowering->function && place_of_function(lowering->function, &place)))
        fprintf(stderr, "%.*s:%u: error: ", (int)place.length, place.file, place.line);
    else
        fprintf(stderr, "%s: error: ", LLVMGetSourceFileName(lowering->module, &name_length));
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

static bool is_setjmp(LLVMValueRef callee) {
    static const char *const names[] = {"setjmp", "_setjmp", "sigsetjmp", "__sigsetjmp"};
    size_t length;
    const char *name = LLVMIsAFunction(callee) ? LLVMGetValueName2(callee, &length) : "";
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

// The runtime has setjmp, with the kernel's help; nothing else can.
static bool returns_twice(LLVMValueRef call) {
    unsigned kind = attribute_kind("returns_twice");
    LLVMValueRef callee = LLVMGetCalledValue(call);
    if (is_setjmp(callee))
        return false;
    return LLVMGetCallSiteEnumAttribute(call, LLVMAttributeFunctionIndex, kind) ||
           (LLVMIsAFunction(callee) && LLVMGetEnumAttributeAtIndex(callee, LLVMAttributeFunctionIndex, kind));
}

static void check_instruction(struct lowering *lowering, LLVMValueRef instruction) {
    switch (LLVMGetInstructionOpcode(instruction)) {
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
    else if (is_intrinsic(instruction, "llvm.eh"))
        refuse_at(lowering, instruction, "exceptions are not supported");
    else if (returns_twice(instruction))
        refuse_at(lowering, instruction, "functions that return twice, but for setjmp, have no verified form");
}

void check_function(struct lowering *lowering) {
    struct passed passed = passed_to_function(lowering, true);
    if (passed.memory > BH_STACK_ARGS_MAX)
        refuse_at(lowering, NULL, "%llu bytes of its arguments do not fit registers, at most %d may; pass a pointer to a structure",
                  (unsigned long long)passed.memory, BH_STACK_ARGS_MAX);
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(lowering->function); block; block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i))
            check_instruction(lowering, i);
}
