/* SPDX-License-Identifier: MIT
 *
 * How a domain's C program begins and ends. */
#include <stdlib.h>

#include "libc.h"
#include "pthread_impl.h"

extern weak hidden void (*const __init_array_start)(void), (*const __init_array_end)(void);
extern weak hidden void (*const __fini_array_start)(void), (*const __fini_array_end)(void);
void bh_libc_threads(void);
extern char **__environ;
void __funcs_on_exit(void);
void __stdio_exit(void);

/* Library, then constructors. The environment is empty, but programs may walk through it. */
void bh_libc_init(void)
{
	static char *nothing[1];
	__environ = nothing;
	bh_libc_threads();
	for (uintptr_t a = (uintptr_t)&__init_array_start; a < (uintptr_t)&__init_array_end; a += sizeof(void (*)(void)))
		(*(void (**)(void))a)();
}

_Noreturn void abort(void)
{
	bh_syscall(SYS_kill, 0, 6, 0, 0, 0, 0);
	__builtin_trap();
}

_Noreturn void exit(int code)
{
	__funcs_on_exit();
	for (uintptr_t a = (uintptr_t)&__fini_array_end; a > (uintptr_t)&__fini_array_start; a -= sizeof(void (*)(void)))
		(*(void (**)(void))(a - sizeof(void (*)(void))))();
	__stdio_exit();
	_Exit(code);
}

/* Where handlers of signals would return to: there are none. */
void __restore_rt(void) {}
void __restore(void) {}
