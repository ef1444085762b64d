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

// What the passes share about the function at hand.
struct lowering {
    LLVMModuleRef module;
    LLVMContextRef context;
    LLVMTargetDataRef layout;
    LLVMBuilderRef builder;
    LLVMValueRef function;
    bool has_dynamic;       // dynamic allocas or stacksave: the data stack pointer moves inside the function
    uint64_t outgoing_size; // bytes of the biggest area of variadic arguments
    bool needs_frame;
    LLVMValueRef entry_pointer; // data stack pointer on entry: also where the caller put variadic arguments
    unsigned errors;
};

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
// unreachable.c: ends every block that ends in `unreachable` with an undefined instruction
void close_unreachable(struct lowering *lowering);
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
