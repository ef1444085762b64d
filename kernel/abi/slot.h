// SPDX-License-Identifier: MIT
//
// A domain's address-space slot: 4 GiB of virtual addresses, 4 GiB aligned.
//
//   offset        contents                                   protection
//   0             unmapped: null guard, end of the neighbour  none
//   0x10000       table: slot base, run-time calls            R
//   0x12000       door: code by which domains of some mechanisms leave RX
//   0x20000       image: headers, rodata, text, data, bss     R / RX / RW
//   0x10000000    heap, grows upwards on request              RW
//   0x40000000    data stacks, each below a guard page        RW
//   0x60000000    device windows (MMIO), mapped on grant      RW, uncached
//   0x80000000    exchange window: buffers and rings          R or RW
//   0xffff0000    unmapped: end guard                         none
//
// The image is linked at BH_SLOT_IMAGE, so link addresses are slot offsets.
// Addresses inside a domain are ordinary 64-bit addresses; every access uses only the low 32 bits.
#ifndef BH_ABI_SLOT_H
#define BH_ABI_SLOT_H

#define BH_SLOT_SIZE 0x100000000ull
#define BH_SLOT_MASK 0xffffffffull
#define BH_SLOT_AREA 0x100000000000ull // address of slot 0; same on every platform
#define BH_SLOT_COUNT 64               // slots, and so domains, at most

#define BH_SLOT_GUARD 0x10000ull // unmapped at the start of each slot, and above the last one: end guard of the slot below
#define BH_SLOT_TABLE 0x10000ull
#define BH_SLOT_TABLE_SIZE 0x2000ull
#define BH_SLOT_DOOR 0x12000ull // one page, where the mechanism has one (docs/mechanisms.md)
#define BH_SLOT_IMAGE 0x20000ull
#define BH_SLOT_IMAGE_END 0x10000000ull
#define BH_SLOT_HEAP 0x10000000ull
#define BH_SLOT_HEAP_END 0x40000000ull
#define BH_SLOT_STACKS 0x40000000ull
#define BH_SLOT_STACKS_END 0x60000000ull
#define BH_SLOT_STACK_STRIDE 0x400000ull // one for each thread, at its upper end; the last 64 bytes, zero at first, are the domain's own
#define BH_SLOT_DEVICES 0x60000000ull
#define BH_SLOT_DEVICES_END 0x80000000ull
#define BH_SLOT_EXCHANGE 0x80000000ull
#define BH_SLOT_EXCHANGE_END 0xffff0000ull

#define BH_PAGE_SIZE 4096ull

// The table. Words below BH_TABLE_CALLS are facts; from there on, 8-byte call targets.
#define BH_TABLE_BASE 0x10000 // u64: slot base
#define BH_TABLE_DOMAIN 0x10008 // u64: domain identifier
#define BH_TABLE_DOOR 0x10010 // u64: plain images jump there with the number of an entry in %eax
#define BH_TABLE_CALLS 0x10080 // first call entry
#define BH_TABLE_END 0x12000
#define BH_CALLS_FIXED 48      // entries of call.def come first
#define BH_INTERFACE_METHODS 16 // then 16 entries for each interface identifier
#define BH_INTERFACE_COUNT 60
#define BH_TABLE_METHOD(interface, method)                                                         \
    (BH_TABLE_CALLS + 8 * (BH_CALLS_FIXED + BH_INTERFACE_METHODS * (interface) + (method)))

// The control stack: 64 KiB, 64 KiB aligned. The thread control block is at its base, then a guard
// page, then the stack, which grows down from the top.
#define BH_CONTROL_STACK_SIZE 0x10000ull
#define BH_CONTROL_BLOCK_SIZE 0x2000ull
#define BH_CONTROL_GUARD_SIZE 0x1000ull
#define BH_CONTROL_DATA_STACK 0 // offset in the control block: the current data stack pointer
#define BH_FRAME_MAX 4000       // deepest control-stack frame of one function, in bytes
#define BH_ANCHOR_BIAS_MAX 127  // bytes that a register used as the slot's base may be above it
#define BH_STACK_ARGS_MAX 256   // bytes above the return address that a function may load

#endif
