// SPDX-License-Identifier: MIT
//
// Between the passes of bhlower. Each pass rewrites one function in place; diagnostics name file and line.
#ifndef BHLOWER_H
#define BHLOWER_H

#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Target.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How far the arguments of a call have used up registers and memory.
struct passed {
    unsigned general, vector;
    uint64_t memory; // bytes
};
enum { GENERAL_REGISTERS = 6, VECTOR_REGISTERS = 8, SAVE_AREA_SIZE = 8 * GENERAL_REGISTERS + 16 * VECTOR_REGISTERS };

// Where an argument goes in the area that variadic calls make.
struct place {
    uint64_t offset, size;
};

// What the passes share about the function at hand.
struct lowering {
    LLVMModuleRef module;
    LLVMContextRef context;
    LLVMTargetDataRef layout;
    LLVMBuilderRef builder;
    LLVMValueRef function;
    bool has_dynamic;       // dynamic allocas or stacksave: the data stack pointer moves inside the function
    uint64_t outgoing_size; // bytes of the biggest area of variadic arguments
    LLVMValueRef entry_pointer; // data stack pointer on entry: also where the caller put variadic arguments
    struct passed fixed;        // what the function's own fixed arguments use
    unsigned errors;
};

// arguments.c
// The next argument's place, of a type or, when by_value is not NULL, a copy of what the pointer points to, with an alignment or 0.
struct place place_next(struct lowering *lowering, struct passed *passed, LLVMTypeRef type, LLVMTypeRef by_value, uint64_t align);
// What the function's parameters use: as C passes them, or `lowered`, with pointers instead of structures by value.
struct passed passed_to_function(struct lowering *lowering, bool lowered);

// diagnose.c
void refuse_at(struct lowering *lowering, LLVMValueRef instruction, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void check_function(struct lowering *lowering); // constructs that verified code cannot express

// stack.c: the data stack pointer, in word 0 of the thread's control block
LLVMValueRef build_load_stack(struct lowering *lowering);
void build_store_stack(struct lowering *lowering, LLVMValueRef value);
LLVMValueRef build_move_down(struct lowering *lowering, LLVMValueRef pointer, LLVMValueRef size, uint64_t align);

// allocas.c
void lower_allocas(struct lowering *lowering);
// gotos.c: computed goto becomes a switch
void lower_gotos(struct lowering *lowering);
// calls.c
LLVMMetadataRef label_of(LLVMValueRef function, unsigned kind); // of the function's type; NULL: it has none
// The same call of `callee', with the first `count' arguments, and one operand bundle more or NULL, which it frees. `call' is erased.
void remake_call(struct lowering *lowering, LLVMValueRef call, LLVMValueRef callee, unsigned count, LLVMOperandBundleRef more);
void lower_weak_calls(struct lowering *lowering);
// selects.c
void lower_selects(struct lowering *lowering); // between arguments that came on the control stack
// byval.c
void lower_byval_parameters(struct lowering *lowering); // of the definition: makes a copy in an alloca
void lower_byval_arguments(LLVMValueRef call);
// varargs.c
uint64_t outgoing_size_of_call(struct lowering *lowering, LLVMValueRef call); // 0: not variadic, or nothing passed
void lower_variadic_call(struct lowering *lowering, LLVMValueRef call, LLVMValueRef area);
void lower_va_start(struct lowering *lowering, LLVMValueRef call);

// Is it a call of the intrinsic `name` (without type suffix)?
bool is_intrinsic(LLVMValueRef instruction, const char *name);
unsigned attribute_kind(const char *name);

#endif
