// SPDX-License-Identifier: MIT
//
// bhlower: over LLVM bitcode, moves every object from the control stack to the data stack. Not trusted: what it gets wrong, the
// verifier refuses.
#include <llvm-c/Analysis.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/bhlower/lower.h"

#define FUNCTION_ALIGN 16
#define CALL_AS "--call-as="
#define NO_JUMP_TABLES "--no-jump-tables="

static const char usage[] = "usage: bhlower INPUT.bc -o OUTPUT.bc [--call-as=FUNCTION:LIKE]... [--no-jump-tables=FUNCTION,...]\n"
                            "Move all objects of the functions in INPUT from the control stack to the data stack.\n"
                            "Part of bhcc; see docs/verified-code.md.\n";

// Functions start 16-byte aligned, type label or not. For size the code generator would not; the passes over the IR have had their say.
static void align_function(LLVMValueRef function) {
    LLVMRemoveEnumAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute_kind("optsize"));
    LLVMRemoveEnumAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute_kind("minsize"));
    if (LLVMGetAlignment(function) < FUNCTION_ALIGN)
        LLVMSetAlignment(function, FUNCTION_ALIGN);
}

// "FUNCTION:LIKE": pointers to FUNCTION are called as if it had the type of LIKE, so it gets that type's label. A module without the two has
// nothing to change.
static void call_as(LLVMModuleRef module, const char *pair) {
    const char *colon = strchr(pair, ':');
    char *name = colon ? strndup(pair, (size_t)(colon - pair)) : NULL;
    LLVMValueRef function = name ? LLVMGetNamedFunction(module, name) : NULL;
    LLVMValueRef like = name ? LLVMGetNamedFunction(module, colon + 1) : NULL;
    unsigned kind = LLVMGetMDKindID("kcfi_type", 9);
    LLVMMetadataRef label = like ? label_of(like, kind) : NULL;
    if (function && label)
        LLVMGlobalSetMetadata(function, kind, label);
    free(name);
}

static void forbid_jump_tables(LLVMModuleRef module, const char *names) {
    static const char key[] = "no-jump-tables", value[] = "true";
    LLVMAttributeRef attribute =
        LLVMCreateStringAttribute(LLVMGetModuleContext(module), key, sizeof(key) - 1, value, sizeof(value) - 1);
    char *copy = strdup(names), *save = NULL;
    for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
        LLVMValueRef function = LLVMGetNamedFunction(module, name);
        if (function)
            LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute);
    }
    free(copy);
}

static unsigned lower_module(LLVMModuleRef module) {
    unsigned errors = 0;
    for (LLVMValueRef function = LLVMGetFirstFunction(module); function; function = LLVMGetNextFunction(function)) {
        struct lowering lowering = {.module = module, .context = LLVMGetModuleContext(module),
                                    .layout = LLVMGetModuleDataLayout(module), .function = function};
        if (LLVMIsDeclaration(function)) {
            for (unsigned i = 0; i < LLVMCountParams(function); i++)
                LLVMRemoveEnumAttributeAtIndex(function, i + 1, attribute_kind("byval"));
            continue;
        }
        lowering.builder = LLVMCreateBuilderInContext(lowering.context);
        lowering.fixed = passed_to_function(&lowering, false);
        align_function(function);
        check_function(&lowering);
        if (!lowering.errors) {
            lower_weak_calls(&lowering);
            lower_gotos(&lowering);
            lower_selects(&lowering);
            lower_byval_parameters(&lowering);
            lower_allocas(&lowering);
        }
        LLVMDisposeBuilder(lowering.builder);
        errors += lowering.errors;
    }
    return errors;
}

// The value of `option' if the argument is that option ("--name="), else NULL.
static const char *value_of(const char *argument, const char *option) {
    size_t length = strlen(option);
    return strncmp(argument, option, length) == 0 ? argument + length : NULL;
}

static int fail(const char *file, char *message) {
    fprintf(stderr, "bhlower: %s: %s\n", file, message ? message : "cannot be read or written");
    return 1;
}

int main(int argc, char **argv) {
    const char *input = NULL, *output = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
            output = argv[++i];
        else if (value_of(argv[i], CALL_AS) || value_of(argv[i], NO_JUMP_TABLES))
            continue; // when there is a module
        else if (argv[i][0] != '-' && !input)
            input = argv[i];
        else
            input = output = NULL, i = argc;
    }
    if (!input || !output) {
        fputs(usage, stderr);
        return 2;
    }
    LLVMMemoryBufferRef buffer;
    LLVMModuleRef module;
    char *message = NULL;
    if (LLVMCreateMemoryBufferWithContentsOfFile(input, &buffer, &message))
        return fail(input, message);
    if (LLVMParseBitcode2(buffer, &module))
        return fail(input, "not bitcode of this LLVM");
    for (int i = 1; i < argc; i++) {
        const char *value;
        if ((value = value_of(argv[i], CALL_AS)))
            call_as(module, value);
        if ((value = value_of(argv[i], NO_JUMP_TABLES)))
            forbid_jump_tables(module, value);
    }
    if (lower_module(module))
        return 1;
    if (LLVMVerifyModule(module, LLVMReturnStatusAction, &message))
        return fail(input, message);
    if (LLVMWriteBitcodeToFile(module, output))
        return fail(output, NULL);
    return 0;
}
