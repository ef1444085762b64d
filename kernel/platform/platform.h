// SPDX-License-Identifier: MIT
//
// What a platform (pc: bare metal; hosted: a Linux process) owes the kernel core, one section per file
// of platform/<name>/. Errors: functions that can fail return enum bh_error and say why in the log.
// Everything here runs with interrupts disabled and the kernel's lock held unless it says otherwise. The kernel core is never preempted;
// only code inside slots (and the idle loop) runs with interrupts enabled, and proxies, during which no
// thread switch happens.
#ifndef BH_PLATFORM_H
#define BH_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/abi/manifest.h"

struct domain;

typedef uint64_t hpa; // host physical address (hosted: offset into the memory file)

// ---- boot.c: entry; what the machine gave us ------------------------------------------------------
// The platform's entry point prepares itself and calls kernel_main() on a boot stack.
void kernel_main(void);

struct platform_range {
    hpa start;
    uint64_t size; // bytes
};
// Usable memory that nothing occupies yet. Returns the number of ranges, at most `max`.
size_t platform_memory(struct platform_range *ranges, size_t max);
// The boot archive (kernel/abi/manifest.h). Borrowed for ever; false when none was given.
bool platform_archive(const void **bytes, size_t *size);
const char *platform_command_line(void); // never NULL

// ---- paging.c: the one address space ------------------------------------------------------------
enum map_flags : uint32_t {
    MAP_READ = 1,
    MAP_WRITE = 2,
    MAP_EXECUTE = 4, // never together with MAP_WRITE
    MAP_UNCACHED = 8,
};
// Map, unmap, change protection. Addresses and sizes are multiples of the page size. Unmapping what is
// not mapped is allowed. BH_ENOMEM when page tables run out.
enum bh_error platform_map(uint64_t va, hpa frame, uint64_t size, enum map_flags flags);
void platform_unmap(uint64_t va, uint64_t size);
// If nothing is mapped any more in the 2 MiB around `va`, their page table is free for other places. Without it tables stay where they are.
void platform_drop_table(uint64_t va);
enum bh_error platform_protect(uint64_t va, uint64_t size, enum map_flags flags);
// The frame behind a mapped page; BH_EFAULT when there is none.
enum bh_error platform_lookup(uint64_t va, hpa *frame);
// Kernel's own view of physical memory. Valid for all of platform_memory() and frames below 4 GiB on pc.
void *platform_direct(hpa address);
hpa platform_direct_to_hpa(const void *pointer);
// Frames that hold page tables, which are never given back, and the IOMMU's, and bytes that the kernel's malloc holds. hosted: 0, they are Linux's.
void platform_memory_use(uint64_t *table_frames, uint64_t *heap_bytes);
// Copy between kernel memory and slot memory; BH_EFAULT when an address is not accessible (never a crash).
enum bh_error platform_copy_guarded(void *to, const void *from, size_t size);

// ---- smp.c: processors, and the one lock of the kernel ----------------------------------------------------
#define CPU_COUNT_MAX 16
struct cpu;                      // kernel/sched/cpu.h
struct cpu *cpu_self(void);      // without the lock too
uint32_t cpu_count(void);        // how many run: cpus[0] to cpus[count - 1]
uint32_t cpu_hardware_id(uint32_t index);
// Start the others; each calls sched_join(), with the lock. One that does not start is told in the log and left out.
void cpus_start(void);
// The lock is held at boot. Taking it makes this processor no longer outside, releasing it makes it outside, unless it idles.
void kernel_lock(void);
void kernel_unlock(void);
// Bring all other processors in. When this returns, no domain's code, proxy or guest runs anywhere until the lock is released:
// the other threads that are running stand in domain code that was interrupted, at a gate, in a kernel call of a proxy, or in a fault
// of one.
void cpus_stop(void);
// Make processor `index` look for something better to run.
void cpu_poke(uint32_t index);

// ---- clock.c ----------------------------------------------------------------------------------------
uint64_t clock_now_ns(void);           // monotonic, callable with interrupts in any state
void clock_arm(uint64_t deadline_ns);  // one timer interrupt then, on this processor; the earliest call wins until it fires; 0: cancel
uint64_t clock_ticks(void);            // rdtsc

// ---- irq.c --------------------------------------------------------------------------------------------
bool irq_disable(void);         // returns whether they were enabled
void irq_restore(bool enabled);
void irq_window(void);          // take what is pending, then go on with interrupts disabled; without the lock
// hosted: the clock fired while interrupts were disabled; irq_replay() makes it fire again soon. pc: always 0.
extern uint8_t platform_irq_pending;
void irq_replay(void);
void irq_before_resume(void); // interrupted code is about to be resumed by switch_to_frame
// The fs base that the platform's C library needs while kernel code runs; 0: it needs none (pc).
extern uint64_t platform_host_fs_base;
// Device interrupts (pc): allocate a vector; the handler runs with interrupts disabled and may call event_raise().
typedef void irq_handler(void *context);
enum bh_error irq_allocate(irq_handler *handler, void *context, uint32_t *vector);
void irq_release(uint32_t vector);
// Message that raises `vector` on the boot CPU (for MSI and MSI-X).
void irq_message(uint32_t vector, uint64_t *address, uint32_t *data);
enum bh_error irq_legacy(uint32_t isa_irq, uint32_t vector); // route an ISA interrupt
void irq_legacy_mask(uint32_t isa_irq); // until it is routed again; one that was
void irq_raise(uint32_t vector);        // on the boot CPU, as a device would
extern uint64_t irq_cost_ns;            // of the boot CPU's time, about, that an interrupt takes from beginning to end

// ---- trap.c ---------------------------------------------------------------------------------------------
// Full register state of interrupted code; same on both platforms. Layout known to arch/x86_64.
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector; // x86 exception number, or TRAP_TIMER / TRAP_DEVICE
    uint64_t error;
    uint64_t rip, cs, rflags, rsp, ss;
    uint64_t fault_address;
    uint64_t gs_base, fs_base;
    uint8_t *fpu; // 512-byte FXSAVE image of the interrupted code, 16-byte aligned
    uint64_t key_rights, reserved; // pc: PKRS of code that protection keys isolate; 0 otherwise
};
// The platform saves everything, runs on its own trap stack, and calls these; each may replace
// the contents of *frame (and of *frame->fpu), and the platform resumes what it then finds there. It takes the lock before, then asks
// trap_settle() whether the interrupted thread is to leave its domain instead (an exception is then no longer of interest), and releases
// the lock unless trap_keeps_lock() says that kernel code is resumed.
bool trap_settle(struct trap_frame *frame);
bool trap_keeps_lock(const struct trap_frame *frame);
bool trap_in_proxy(const struct trap_frame *frame); // threads are not switched there, and cpus_stop() waits for its end
void trap_fault(struct trap_frame *frame);  // exceptions 0-31
void trap_timer(struct trap_frame *frame);  // the armed deadline has passed
void trap_device(struct trap_frame *frame); // after device handlers ran: a chance to switch threads

// ---- isolation.c: mechanisms other than sfi and none (kernel/domain/mechanism.h) ----------------------------
// Give a domain that is being made the mechanism, before anything is mapped in its slot. BH_ENOTSUP with a message that says what is missing.
enum bh_error platform_isolate(struct domain *domain, enum bh_isolation isolation);
// An instance is about to get its memory; it is dead, and its memory is about to go.
enum bh_error platform_isolation_start(struct domain *domain);
void platform_isolation_end(struct domain *domain);
// A thread that has not been in the domain for some time, or never, is about to enter it.
enum bh_error platform_isolation_enter(struct domain *domain, uint32_t thread);
// Is the frame's thread in a domain's code, or waits for it? Only there are threads switched, and is their time the domain's.
bool trap_in_domain(const struct trap_frame *frame);
// Is the frame one of the kernel's own code, proxies among it?
bool trap_in_kernel(const struct trap_frame *frame);
// Is the frame one of code without the kernel's rights? It is to go on in the kernel or in a proxy, with these segment bases.
bool trap_unprivileged(const struct trap_frame *frame);
// The same frame, or a copy of it where switch_to_frame() can resume it from; with interrupts off.
struct trap_frame *trap_resumable(struct trap_frame *frame);
void trap_into_kernel(struct trap_frame *frame, const uint64_t bases[2]);

// ---- console.c, power.c ---------------------------------------------------------------------------------
void console_output(const char *text, size_t size); // the kernel's log; callable from anywhere
void power_idle(void);                             // wait for an interrupt; enables and disables them around; without the lock
[[noreturn]] void power_off(int status);           // hosted: leaves kernel_main's caller with that status

#endif
