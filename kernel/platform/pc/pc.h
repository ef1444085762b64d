// SPDX-License-Identifier: MIT
//
// Among the files of this platform: what each offers to the others, in the order in which boot.c starts them.
#ifndef BH_PC_H
#define BH_PC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/platform/platform.h"

// The kernel's image, from kernel.ld.
extern const uint8_t kernel_start[], kernel_text_end[], kernel_rodata_start[], kernel_data_start[], kernel_end[];

// ---- boot.c, bootinfo.c
enum { BOOT_RANGES_MAX = 32 };
struct boot_info {
    struct platform_range ram[BOOT_RANGES_MAX]; // what is memory, whoever uses it
    size_t ram_count;
    struct platform_range free[BOOT_RANGES_MAX]; // page aligned, what nothing occupies
    size_t free_count;
    hpa archive;
    uint64_t archive_size; // 0: none
    bool has_rsdp;
    uint8_t rsdp[36];
    const char *loader;
    char command_line[1024];
};
extern struct boot_info boot_info;
// Fill boot_info from what the boot loader left at `info`; runs on the boot page tables (4 GiB, identity).
// Returns NULL, or a sentence that says what is wrong.
const char *bootinfo_read(uint32_t magic, uint64_t info);
void boot_occupy(struct boot_info *boot, hpa start, uint64_t size); // take it out of `free`
hpa boot_take_frame(void); // one frame, zeroed by nobody; only before kernel_main(); 0: none left below 4 GiB
bool boot_frames_given(void); // frames.c owns the memory now
// The value of `key=` on the command line, its length in *size; NULL when absent.
const char *boot_option(const char *key, size_t *size);
bool boot_has_keys(void); // for supervisor pages
void boot_start_processor(void); // control registers of this one; refuses one that is too old
[[noreturn]] void boot_refuse(const char *sentence); // the machine cannot run us: say it, stop with status 1

// ---- console.c
void console_start(void); // uses the command line
void console_text(const char *text);

// ---- paging.c
#define DIRECT_BASE 0xffff800000000000ull
void paging_start(void);
extern hpa paging_root;
// A page table for a domain in user mode: its slot, whose pages are user mode's from now on, and the kernel, whose pages are not. Nothing must be
// mapped in the slot yet. The table stays for ever.
enum bh_error paging_own_space(uint32_t slot, hpa *root);
// Pages that are mapped get another protection key; all that will be mapped in a slot gets one.
void paging_set_key(uint64_t va, uint64_t size, uint32_t key);
void paging_slot_key(uint32_t slot, uint32_t key);
// See to it that device registers or tables at any physical address can be reached through platform_direct().
enum bh_error paging_map_device(hpa address, uint64_t size);

// ---- libc.c
extern uint64_t libc_heap_bytes; // that malloc holds
void libc_start(void);

// ---- trap.c
#define TRAP_TIMER 0x100
#define TRAP_DEVICE 0x101
#define TRAP_STACKS_SIZE 0x30000ull
// Tables and stacks of processor `index`, this one; `stacks`: TRAP_STACKS_SIZE bytes, aligned to 16, for ever.
void trap_start(uint32_t index, uint64_t stacks);
uint32_t trap_cpu_index(void);
// Domains make system calls from now on; before the first such domain `syscall' is no instruction. The other processors follow at their next flush.
void trap_use_system_calls(void);
void trap_follow_system_calls(void);
void trap_use_keys(void); // once, before the first domain that keys isolate
extern uint8_t trap_boot_stacks[];

// ---- lapic.c, ioapic.c, hpet.c
#define VECTOR_DEVICE_FIRST 0x30
#define VECTOR_DEVICE_END 0xf0
#define VECTOR_TIMER 0xf0
#define VECTOR_COME 0xf1  // from another processor: come into the kernel
#define VECTOR_FLUSH 0xf2 // the same: empty the TLB
#define VECTOR_SPURIOUS 0xff
#define LAPIC_INIT 0x4500u
#define LAPIC_STARTUP 0x4600u // | page of the code
void lapic_start(hpa address); // this processor's own; `address` counts for the first
bool lapic_reaches(uint32_t to);
void lapic_send(uint32_t to, uint32_t message); // a vector, or one of the above
uint32_t lapic_id(void); // of the first processor: interrupts go there
void lapic_end_interrupt(void);
void lapic_end_stray(uint32_t vector); // of an interrupt that may be none of the APIC's
void lapic_hold(bool devices); // of this processor: let devices' interrupts wait, or take them
void lapic_timer_set(uint32_t count); // fires once after `count` timer ticks; 0 stops
uint32_t lapic_timer_count(void);     // ticks left
enum bh_error ioapic_route(uint32_t gsi, uint32_t vector, bool active_low, bool level);
void ioapic_mask(uint32_t gsi);
void ioapic_start(void);
bool hpet_start(hpa address); // false: it is not there or not sane
uint64_t hpet_now_ns(void);

// ---- clock.c
void clock_start(void);
bool clock_due(void); // from the timer interrupt: has the armed deadline passed?

// ---- irq.c
void irq_start(void);
void irq_measure(void); // irq_cost_ns; needs the clock
void irq_dispatch(struct trap_frame *frame);
void irq_postpone(uint64_t vector); // the kernel's lock was not to be had: let it come again soon

#endif
