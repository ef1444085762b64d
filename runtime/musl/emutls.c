/* SPDX-License-Identifier: MIT
 *
 * _Thread_local by emulation: clang calls __emutls_get_address() with a variable's control record, and the variable's copies live in a table of
 * each thread, made when first asked for. The table hangs where musl's own TLS would: dtv[0] is its length. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pthread_impl.h"
#include "lock.h"

/* As clang lays it out. */
struct control {
	size_t size, align;
	uintptr_t number; /* 0: none yet */
	const void *initial; /* 0: zeros */
};

static volatile int lock[1];
static uintptr_t last_number;

static uintptr_t number_of(struct control *control)
{
	uintptr_t number = __atomic_load_n(&control->number, __ATOMIC_ACQUIRE);
	if (number) return number;
	LOCK(lock);
	number = control->number;
	if (!number) {
		number = ++last_number;
		__atomic_store_n(&control->number, number, __ATOMIC_RELEASE);
	}
	UNLOCK(lock);
	return number;
}

static _Noreturn void no_memory(void)
{
	static const char text[] = "no memory for thread-local variables\n";
	bh_syscall(SYS_write, 2, (long)text, sizeof text - 1, 0, 0, 0);
	abort();
}

static uintptr_t *grow(struct pthread *self, uintptr_t number)
{
	uintptr_t length = self->dtv ? self->dtv[0] : 0, wanted = number + number / 2 + 7;
	uintptr_t *table = realloc(self->dtv, (wanted + 1) * sizeof *table);
	if (!table) no_memory();
	memset(table + 1 + length, 0, (wanted - length) * sizeof *table);
	table[0] = wanted;
	return self->dtv = table;
}

static void *new_copy(const struct control *control)
{
	size_t align = control->align < 16 ? 16 : control->align;
	void *copy = aligned_alloc(align, (control->size + align - 1) / align * align);
	if (!copy) no_memory();
	if (control->initial)
		memcpy(copy, control->initial, control->size);
	else
		memset(copy, 0, control->size);
	return copy;
}

void *__emutls_get_address(struct control *control)
{
	struct pthread *self = __pthread_self();
	uintptr_t number = number_of(control), *table = self->dtv;
	if (!table || table[0] < number) table = grow(self, number);
	if (!table[number]) table[number] = (uintptr_t)new_copy(control);
	return (void *)table[number];
}

void bh_emutls_free(struct pthread *self)
{
	if (!self->dtv) return;
	for (uintptr_t i = 1; i <= self->dtv[0]; i++)
		free((void *)self->dtv[i]);
	free(self->dtv);
	self->dtv = 0;
}
