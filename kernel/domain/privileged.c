// SPDX-License-Identifier: MIT
//
// Two looks at a plain text. The first decodes it from its start: no instruction that the compiler or the author put there may be privileged, or
// enter the kernel by another way than the door. The second looks at each byte, since nothing keeps the code from jumping between instructions: the
// bytes of wrmsr (which writes PKRS) and of moves to control registers occur nowhere. What else a jump into the middle of an
// instruction may find (a halt, a port) can stop the machine or disturb devices, but opens no memory.
#include "kernel/domain/privileged.h"

#include <capstone/capstone.h>

#include "kernel/base.h"

static bool is_privileged(const cs_insn *insn) {
    switch (insn->id) {
    case X86_INS_CLI: case X86_INS_STI: case X86_INS_HLT: case X86_INS_IN: case X86_INS_OUT: case X86_INS_INSB: case X86_INS_INSW: case X86_INS_INSD:
    case X86_INS_OUTSB: case X86_INS_OUTSW: case X86_INS_OUTSD: case X86_INS_IRET: case X86_INS_IRETD: case X86_INS_IRETQ: case X86_INS_SYSCALL:
    case X86_INS_SYSRET: case X86_INS_SYSENTER: case X86_INS_SYSEXIT: case X86_INS_INT: case X86_INS_POPFQ: case X86_INS_POPF: case X86_INS_LGDT:
    case X86_INS_LIDT: case X86_INS_LLDT: case X86_INS_LTR: case X86_INS_LMSW: case X86_INS_CLTS: case X86_INS_SWAPGS: case X86_INS_WRMSR:
    case X86_INS_RDMSR: case X86_INS_INVLPG: case X86_INS_INVD: case X86_INS_WBINVD: case X86_INS_XRSTORS: case X86_INS_XRSTORS64: case X86_INS_XSETBV:
    case X86_INS_VMRUN: case X86_INS_VMLOAD: case X86_INS_VMSAVE: case X86_INS_STGI: case X86_INS_CLGI: case X86_INS_LFS: case X86_INS_LGS:
    case X86_INS_LSS: case X86_INS_LJMP: case X86_INS_LCALL: case X86_INS_RETF: case X86_INS_RETFQ:
        return true;
    default:
        return false;
    }
}

static bool has_register_of_kernel(const cs_insn *insn) {
    const cs_x86 *x86 = &insn->detail->x86;
    for (int i = 0; i < x86->op_count; i++) {
        x86_reg reg = x86->operands[i].type == X86_OP_REG ? x86->operands[i].reg : X86_REG_INVALID;
        if ((reg >= X86_REG_CR0 && reg <= X86_REG_CR15) || (reg >= X86_REG_DR0 && reg <= X86_REG_DR15) || reg == X86_REG_FS || reg == X86_REG_GS)
            return true;
    }
    return false;
}

static enum bh_error refuse_at(const char *name, const struct verified_image *image, uint64_t offset, const char *what) {
    uint64_t within = 0;
    const char *function = verified_symbol(image, offset, &within);
    return refuse(BH_EVERIFY, "domain %s: %s at 0x%llx, in %s; code that runs in the kernel's mode (isolation pks) must not contain it", name, what,
                  (unsigned long long)offset, function ? function : "no function");
}

static enum bh_error look_at_bytes(const char *name, const struct verified_image *image, const uint8_t *text, uint64_t size) {
    for (uint64_t i = 0; i + 1 < size; i++)
        if (text[i] == 0x0f && (text[i + 1] == 0x30 || text[i + 1] == 0x22))
            return refuse_at(name, image, image->text_start + i, text[i + 1] == 0x30 ? "the bytes of wrmsr" : "the bytes of a move to a control register");
    return BH_OK;
}

enum bh_error privileged_check(const char *name, const struct verified_image *image) {
    size_t size = image->text_end - image->text_start;
    const uint8_t *text = verified_bytes(image, image->text_start, size), *code = text;
    uint64_t address = image->text_start;
    csh capstone;
    enum bh_error error = look_at_bytes(name, image, text, size);
    if (error)
        return error;
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &capstone) != CS_ERR_OK)
        return BH_ENOMEM;
    cs_option(capstone, CS_OPT_DETAIL, CS_OPT_ON);
    cs_insn *insn = cs_malloc(capstone);
    while (insn && size && !error) {
        if (verify_pause)
            verify_pause();
        if (!cs_disasm_iter(capstone, &code, &size, &address, insn))
            error = refuse_at(name, image, address, "no instruction");
        else if (is_privileged(insn) || has_register_of_kernel(insn))
            error = refuse_at(name, image, insn->address, insn->mnemonic);
    }
    if (insn)
        cs_free(insn, 1);
    cs_close(&capstone);
    return insn ? error : BH_ENOMEM;
}
