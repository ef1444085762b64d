// SPDX-License-Identifier: MIT
//
// LLVM's disassembler and instruction tables. C++, because the C interface gives text only: here the operands, the registers written
// without being operands, and what kind of transfer it is come from the tables from which LLVM's assembler is made. The size of a
// memory access is not in them; it is what the printer of Intel's syntax says ("qword ptr"), once for each of LLVM's opcodes.
#include "tests/decoders/second.h"

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <llvm-c/Target.h>
#include <llvm/MC/MCAsmInfo.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCDisassembler/MCDisassembler.h>
#include <llvm/MC/MCInst.h>
#include <llvm/MC/MCInstPrinter.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/MCTargetOptions.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/raw_ostream.h>

using namespace llvm;

namespace {

constexpr const char *triple = "x86_64-unknown-linux-gnu";
constexpr int address_operands = 5; // base, scale, index, displacement, segment
constexpr unsigned stack_pointer = 4;

enum class Class : uint8_t { forbidden, harmless, general, instruction_pointer, none, segment };

struct Register {
    Class kind = Class::forbidden;
    uint8_t number = 0, width = 0; // of segments: the prefix byte
};

// What the printer of Intel's syntax makes of an opcode.
struct Opcode {
    bool known = false;
    bool varies = false; // the mnemonic holds a condition that is an operand
    uint16_t access = 0;
    char mnemonic[24] = "";
};

struct Decoder {
    MCTargetOptions options;
    std::unique_ptr<MCRegisterInfo> registers;
    std::unique_ptr<MCAsmInfo> assembler;
    std::unique_ptr<MCInstrInfo> instructions;
    std::unique_ptr<MCSubtargetInfo> subtarget;
    std::unique_ptr<MCContext> context;
    std::unique_ptr<MCDisassembler> disassembler;
    std::unique_ptr<MCInstPrinter> intel, att;
    std::vector<Register> table; // by LLVM's number
    std::vector<Opcode> opcodes;
};

Decoder *decoder;

bool starts(const char *text, const char *prefix) {
    return !strncmp(text, prefix, strlen(prefix));
}

bool is(const char *text, const char *other) {
    return !strcmp(text, other);
}

// Registers by name: the header with LLVM's numbers is not installed. What is not named here nobody may write.
Register describe(const char *name) {
    static const char *const harmless[] = {"EFLAGS", "FPSW", "XMM", "MM", "ST", "FP"};
    static const struct {
        const char *name;
        uint8_t prefix;
    } segments[] = {{"ES", 0x26}, {"CS", 0x2e}, {"SS", 0x36}, {"DS", 0x3e}, {"FS", 0x64}, {"GS", 0x65}};
    for (auto &segment : segments)
        if (is(name, segment.name))
            return {Class::segment, segment.prefix, 0};
    if (is(name, "RIZ") || is(name, "EIZ"))
        return {Class::none, 0, 0};
    if (is(name, "RIP") || is(name, "EIP"))
        return {Class::instruction_pointer, SECOND_IP, uint8_t(name[0] == 'R' ? 8 : 4)};
    for (const char *prefix : harmless) {
        const char *rest = name + strlen(prefix);
        if (starts(name, prefix) && (!*rest || (strspn(rest, "0123456789") == strlen(rest) && atoi(rest) < 16)))
            return {Class::harmless, 0, 0};
    }
    return {};
}

// The sixteen general registers and their parts. Widths from the names of LLVM's register classes.
void describe_general(Decoder &d) {
    static const char *const names[] = {"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
                                        "R8",  "R9",  "R10", "R11", "R12", "R13", "R14", "R15"};
    static const struct {
        const char *name;
        uint8_t width;
    } classes[] = {{"GR64", 8}, {"GR32", 4}, {"GR16", 2}, {"GR8", 1}};
    for (unsigned number = 0; number < 16; number++)
        for (unsigned reg = 1; reg < d.registers->getNumRegs(); reg++)
            if (is(d.registers->getName(reg), names[number]))
                for (MCPhysReg part : d.registers->subregs_inclusive(reg))
                    d.table[part] = {Class::general, uint8_t(number), 0};
    for (const MCRegisterClass &group : d.registers->regclasses())
        for (auto &wanted : classes)
            if (is(d.registers->getRegClassName(&group), wanted.name))
                for (MCPhysReg reg : group)
                    if (d.table[reg].kind == Class::general)
                        d.table[reg].width = wanted.width;
}

Register register_of(unsigned reg) {
    return reg ? decoder->table[reg] : Register{Class::none, 0, 0};
}

second_register address_register(const MCOperand &operand) {
    Register reg = register_of(operand.getReg());
    if (reg.kind == Class::none)
        return {0, 0};
    if (reg.kind == Class::general || reg.kind == Class::instruction_pointer)
        return {reg.number, reg.width};
    return {SECOND_UNKNOWN, 255};
}

uint8_t segment_of(const MCOperand &operand) {
    Register reg = register_of(operand.getReg());
    return reg.kind == Class::none ? 0 : reg.kind == Class::segment ? reg.number : 255;
}

void read_mnemonic(const char *text, char *to, size_t capacity) {
    size_t size = 0;
    for (;;) { // behind prefixes, which are words too
        text += strspn(text, " \t\n");
        size = strcspn(text, " \t\n");
        bool prefix = false;
        for (const char *name : {"lock", "rep", "repne", "xacquire", "xrelease", "data16", "addr32", "fs", "gs", "cs", "ds", "es", "ss"})
            prefix |= strlen(name) == size && starts(text, name);
        if (!prefix || !text[size])
            break;
        text += size;
    }
    snprintf(to, capacity, "%.*s", int(size), text);
}

const Opcode &opcode_of(const MCInst &inst, const char *name, uint64_t address) {
    static const struct {
        const char *name;
        uint16_t size;
    } sizes[] = {{"xmmword ptr", 16}, {"ymmword ptr", 32}, {"zmmword ptr", 64}, {"tbyte ptr", 10}, {"xword ptr", 10}, {"fword ptr", 6},
                 {"qword ptr", 8},    {"dword ptr", 4},    {"word ptr", 2},     {"byte ptr", 1}};
    Opcode &opcode = decoder->opcodes[inst.getOpcode()];
    if (opcode.known && !opcode.varies)
        return opcode;
    std::string text;
    raw_string_ostream stream(text);
    decoder->intel->printInst(&inst, address, "", *decoder->subtarget, stream);
    stream.flush();
    opcode.known = true;
    opcode.varies = starts(name, "CMP") || starts(name, "JCC") || starts(name, "SETCC") || starts(name, "CMOV");
    read_mnemonic(text.c_str(), opcode.mnemonic, sizeof(opcode.mnemonic));
    for (auto &size : sizes)
        if (text.find(size.name) != std::string::npos) {
            opcode.access = size.size;
            break;
        }
    return opcode;
}

void memory_operand(const MCInst &inst, const MCInstrDesc &desc, uint16_t access, second_view &view) {
    unsigned first = 0, count = 0;
    bool lea = starts(view.name, "LEA"); // its operand is not called one of memory
    if (lea) {
        first = 1;
        count = address_operands;
    }
    for (unsigned i = 0; !lea && i < desc.getNumOperands() && i < inst.getNumOperands(); i++) {
        if (desc.operands()[i].OperandType != MCOI::OPERAND_MEMORY)
            continue;
        first = count++ ? first : i;
    }
    if (!count)
        return;
    view.form = SECOND_OTHER;
    view.access = access;
    if (count != address_operands || !inst.getOperand(first + 3).isImm())
        return;
    view.form = SECOND_ADDRESS;
    view.base = address_register(inst.getOperand(first));
    view.scale = uint8_t(inst.getOperand(first + 1).getImm());
    view.index = address_register(inst.getOperand(first + 2));
    view.displacement = inst.getOperand(first + 3).getImm();
    view.segment = segment_of(inst.getOperand(first + 4));
    const char *last = view.name + strlen(view.name) - 2;
    view.reaches = (starts(view.name, "BT16") || starts(view.name, "BT32") || starts(view.name, "BT64") || starts(view.name, "BTS") ||
                    starts(view.name, "BTR") || starts(view.name, "BTC")) && is(last, "mr");
    view.touches = !lea && view.kind != SECOND_NOTHING;
}

// The general registers in a word of bits; others are harmless, or named in the view.
void written(second_view &view, unsigned reg, bool implicit) {
    Register what = register_of(reg);
    const char *name = decoder->registers->getName(reg);
    if (what.kind == Class::general)
        (implicit ? view.written_implicitly : view.written) |= uint16_t(1u << what.number);
    else if (what.kind == Class::forbidden && is(name, "DF") && is(view.name, "CLD"))
        return; // clears it, which is how it must be
    else if (what.kind != Class::harmless)
        view.forbidden = name;
}

void register_operands(const MCInst &inst, const MCInstrDesc &desc, second_view &view) {
    for (unsigned i = 0; i < inst.getNumOperands() && i < desc.getNumOperands(); i++) {
        const MCOperand &operand = inst.getOperand(i);
        bool address = desc.operands()[i].OperandType == MCOI::OPERAND_MEMORY || (i && starts(view.name, "LEA"));
        if (!operand.isReg() || address)
            continue;
        Register what = register_of(operand.getReg());
        if (what.kind == Class::general)
            view.named |= uint16_t(1u << what.number);
        if (i < desc.getNumDefs() && operand.getReg())
            written(view, operand.getReg(), false);
    }
    for (MCPhysReg reg : desc.implicit_defs())
        written(view, reg, true);
}

second_kind kind_of(const MCInst &inst, const MCInstrDesc &desc, const char *name) {
    if (is(name, "TRAP"))
        return SECOND_TRAP;
    if (is(name, "INT3"))
        return SECOND_BREAKPOINT;
    if (starts(name, "NOOP"))
        return SECOND_NOTHING;
    if (is(name, "JMP_1") || is(name, "JMP_4"))
        return SECOND_JUMP;
    if (is(name, "JCC_1") || is(name, "JCC_4"))
        return SECOND_BRANCH;
    if (is(name, "CALL64pcrel32"))
        return SECOND_CALL;
    if (is(name, "RET64"))
        return SECOND_RETURN;
    if (is(name, "JMP64m") || is(name, "JMP64r"))
        return SECOND_INDIRECT_JUMP;
    if (is(name, "CALL64m") || is(name, "CALL64r"))
        return SECOND_INDIRECT_CALL;
    if (desc.mayAffectControlFlow(inst, *decoder->registers) || desc.isTerminator() || desc.isTrap())
        return SECOND_TRANSFER;
    for (const char *string : {"MOVSB", "MOVSW", "MOVSL", "MOVSQ", "STOSB", "STOSW", "STOSL", "STOSQ"})
        if (is(name, string))
            return SECOND_STRING;
    return SECOND_PLAIN;
}

// Bytes used, 0 when it is no instruction. LLVM takes a lock or rep that stands first for an instruction of its own: one of them is taken
// together with what follows.
uint64_t decode(const uint8_t *bytes, size_t size, uint64_t address, MCInst &inst) {
    uint64_t used = 0, alone = 0;
    for (int part = 0; part < 2; part++) {
        inst = MCInst();
        if (decoder->disassembler->getInstruction(inst, used, ArrayRef<uint8_t>(bytes + alone, size - alone), address + alone, nulls()) !=
            MCDisassembler::Success)
            return 0;
        StringRef name = decoder->instructions->getName(inst.getOpcode());
        if (name != "LOCK_PREFIX" && name != "REP_PREFIX" && name != "REPNE_PREFIX")
            break;
        alone += used;
    }
    return used + alone;
}

// By how much %rsp moves, for the instructions by which a function may move it.
void stack_change(const MCInst &inst, second_view &view) {
    bool to_stack = inst.getNumOperands() && inst.getOperand(0).isReg() &&
                    is(decoder->registers->getName(inst.getOperand(0).getReg()), "RSP");
    view.moves_stack = true;
    if (is(view.name, "PUSH64r") || is(view.name, "PUSH64i8") || is(view.name, "PUSH64i32"))
        view.stack_change = 8;
    else if (is(view.name, "POP64r"))
        view.stack_change = -8;
    else if (to_stack && (is(view.name, "SUB64ri8") || is(view.name, "SUB64ri32")))
        view.stack_change = inst.getOperand(2).getImm();
    else if (to_stack && (is(view.name, "ADD64ri8") || is(view.name, "ADD64ri32")))
        view.stack_change = -inst.getOperand(2).getImm();
    else if (to_stack && is(view.name, "LEA64r") && view.base.number == stack_pointer && view.base.width == 8 && !view.index.width)
        view.stack_change = -view.displacement;
    else
        view.moves_stack = false;
}

} // namespace

bool second_open(void) {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86Disassembler();
    std::string error;
    const Target *target = TargetRegistry::lookupTarget(triple, error);
    if (!target)
        return false;
    auto d = std::make_unique<Decoder>();
    d->registers.reset(target->createMCRegInfo(triple));
    d->assembler.reset(target->createMCAsmInfo(*d->registers, triple, d->options));
    d->instructions.reset(target->createMCInstrInfo());
    d->subtarget.reset(target->createMCSubtargetInfo(triple, "", ""));
    d->context = std::make_unique<MCContext>(Triple(triple), d->assembler.get(), d->registers.get(), d->subtarget.get());
    d->disassembler.reset(target->createMCDisassembler(*d->subtarget, *d->context));
    d->att.reset(target->createMCInstPrinter(Triple(triple), 0, *d->assembler, *d->instructions, *d->registers));
    d->intel.reset(target->createMCInstPrinter(Triple(triple), 1, *d->assembler, *d->instructions, *d->registers));
    if (!d->disassembler || !d->att || !d->intel)
        return false;
    d->table.resize(d->registers->getNumRegs());
    for (unsigned reg = 1; reg < d->registers->getNumRegs(); reg++)
        d->table[reg] = describe(d->registers->getName(reg));
    describe_general(*d);
    d->opcodes.resize(d->instructions->getNumOpcodes());
    decoder = d.release();
    return true;
}

void second_decode(const uint8_t *bytes, size_t size, uint64_t address, second_view *view) {
    MCInst inst;
    *view = {};
    view->name = view->mnemonic = "";
    uint64_t used = decode(bytes, size, address, inst);
    if (!used)
        return;
    const MCInstrDesc &desc = decoder->instructions->get(inst.getOpcode());
    view->valid = true;
    view->size = uint8_t(used);
    view->name = decoder->instructions->getName(inst.getOpcode()).data();
    view->kind = kind_of(inst, desc, view->name);
    view->loads = desc.mayLoad();
    view->stores = desc.mayStore();
    if ((view->kind == SECOND_JUMP || view->kind == SECOND_BRANCH || view->kind == SECOND_CALL) && inst.getOperand(0).isImm())
        view->target = int64_t(address + used) + inst.getOperand(0).getImm();
    const Opcode &opcode = opcode_of(inst, view->name, address);
    view->mnemonic = opcode.mnemonic;
    memory_operand(inst, desc, opcode.access, *view);
    register_operands(inst, desc, *view);
    stack_change(inst, *view);
}

const char *second_text(const uint8_t *bytes, size_t size, uint64_t address, char *to, size_t capacity) {
    MCInst inst;
    std::string text = "no instruction";
    if (decode(bytes, size, address, inst)) {
        text.clear();
        raw_string_ostream stream(text);
        decoder->att->printInst(&inst, address, "", *decoder->subtarget, stream);
        stream.flush();
    }
    for (char &c : text)
        c = c == '\t' ? ' ' : c;
    snprintf(to, capacity, "%s", text.c_str() + (text[0] == ' '));
    return to;
}
