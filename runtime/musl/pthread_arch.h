/* SPDX-License-Identifier: MIT
 *
 * musl's thread pointer in a domain. %fs belongs to the system; every thread has a data stack of its own in each domain that it enters, and
 * the last word of that stack's stride (kernel/abi/slot.h), zero at first, points to what the C library knows of the thread. */
#include "kernel/abi/slot.h"

struct __pthread;
struct __pthread *bh_thread_adopt(void) __attribute__((__visibility__("hidden")));

static inline uintptr_t bh_data_stack(void)
{
	uintptr_t stack;
#ifdef __BULKHEAD_PLAIN__
	__asm__("movq %%rsp, %0" : "=r"(stack)); /* it is the ordinary stack */
#else
	__asm__("movq %%rsp, %0\n\tandq $-65536, %0\n\tmovq (%0), %0" : "=&r"(stack) : : "cc");
#endif
	return stack;
}

static inline struct __pthread **bh_thread_word(void)
{
	return (struct __pthread **)((bh_data_stack() | (BH_SLOT_STACK_STRIDE - 1)) - 7);
}

static inline uintptr_t __get_tp()
{
	struct __pthread *self = *bh_thread_word();
	return (uintptr_t)(self ? self : bh_thread_adopt());
}

#define MC_PC gregs[REG_RIP]
