/* SPDX-License-Identifier: MIT
 *
 * Threads as musl sees them: who the current one is, and how one begins and ends. A thread that the library did not make (the domain's first, one
 * of bh_thread_create(), one that came in by a call) is adopted the first time it is asked about; its record stays with its data stack's
 * number, and begins anew when another thread gets that stack. The rest of pthreads is musl's own, over the futex call. */
#define _GNU_SOURCE
#include <string.h>

#include "pthread_impl.h"
#include "stdio_impl.h"
#include "libc.h"
#include "kernel/abi/call.h"

#define STACKS ((BH_SLOT_STACKS_END - BH_SLOT_STACKS) / BH_SLOT_STACK_STRIDE)
#define RECORD_SIZE 4096

int bh_call_thread_create(void *entry, uint64_t argument, uint32_t priority);
void bh_call_thread_exit(void);
void bh_emutls_free(struct pthread *self);

struct record {
	struct pthread thread;
	void *(*start)(void *);
	void *argument;
	int is_c11;
	void *tsd[PTHREAD_KEYS_MAX];
};
_Static_assert(sizeof(struct record) <= RECORD_SIZE, "one page each");

volatile int __thread_list_lock;
static struct record first;
static struct record *adopted[STACKS];
static volatile int first_taken;
static int list_depth, list_waiters;

static FILE *volatile no_file = 0;
weak_alias(no_file, __stdin_used);
weak_alias(no_file, __stdout_used);
weak_alias(no_file, __stderr_used);
static void no_destructors(void) {}
weak_alias(no_destructors, __pthread_tsd_run_dtors);
static void no_emutls(struct pthread *self) {}
weak_alias(no_emutls, bh_emutls_free);
static void no_orphans(void) {}
weak_alias(no_orphans, __do_orphaned_stdio_locks);

static int stack_number(void)
{
	return (bh_data_stack() - BH_SLOT_STACKS) / BH_SLOT_STACK_STRIDE % STACKS;
}

static struct record *new_record(void)
{
	void *page = (void *)bh_syscall(SYS_mmap, 0, RECORD_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	return (uintptr_t)page > -4096UL ? 0 : page;
}

static void set_up(struct record *record)
{
	record->thread.self = &record->thread;
	record->thread.tsd = record->tsd;
	record->thread.locale = &libc.global_locale;
	record->thread.robust_list.head = &record->thread.robust_list.head;
}

static void link_record(struct pthread *thread)
{
	struct pthread *all = &first.thread;
	thread->next = all->next;
	thread->prev = all;
	thread->next->prev = thread;
	all->next = thread;
}

struct __pthread *bh_thread_adopt(void)
{
	int number = stack_number();
	struct record *record = adopted[number];
	if (!record) {
		record = a_cas(&first_taken, 0, 1) ? new_record() : &first;
		if (!record)
			bh_syscall(SYS_kill, 0, 6, 0, 0, 0, 0);
		adopted[number] = record;
		set_up(record);
		record->thread.tid = number + 1;
		*bh_thread_word() = &record->thread;
		if (record != &first) {
			__tl_lock();
			link_record(&record->thread);
			__tl_unlock();
		}
		return &record->thread;
	}
	*bh_thread_word() = &record->thread;
	bh_emutls_free(&record->thread);
	memset(record->tsd, 0, sizeof record->tsd);
	record->thread.errno_val = 0;
	record->thread.locale = &libc.global_locale;
	return &record->thread;
}

void bh_libc_threads(void)
{
	first.thread.next = first.thread.prev = &first.thread;
	libc.can_do_threads = libc.threaded = 1;
	libc.need_locks = 1;
	libc.page_size = 4096;
	if (__stdin_used) __stdin_used->lock = 0;
	if (__stdout_used) __stdout_used->lock = 0;
	if (__stderr_used) __stderr_used->lock = 0;
}

void __tl_lock(void)
{
	int tid = __pthread_self()->tid, holder = __thread_list_lock;
	if (holder == tid) {
		list_depth++;
		return;
	}
	while ((holder = a_cas(&__thread_list_lock, 0, tid)))
		__wait(&__thread_list_lock, &list_waiters, holder, 0);
}

void __tl_unlock(void)
{
	if (list_depth) {
		list_depth--;
		return;
	}
	a_store(&__thread_list_lock, 0);
	if (list_waiters) __wake(&__thread_list_lock, 1, 0);
}

void __tl_sync(pthread_t thread) {}

void __do_cleanup_push(struct __ptcb *cleanup)
{
	struct pthread *self = __pthread_self();
	cleanup->__next = self->cancelbuf;
	self->cancelbuf = cleanup;
}

void __do_cleanup_pop(struct __ptcb *cleanup)
{
	__pthread_self()->cancelbuf = cleanup->__next;
}

static void run_cleanup(struct pthread *self)
{
	while (self->cancelbuf) {
		void (*function)(void *) = self->cancelbuf->__f;
		void *argument = self->cancelbuf->__x;
		self->cancelbuf = self->cancelbuf->__next;
		function(argument);
	}
	__pthread_tsd_run_dtors();
	__do_orphaned_stdio_locks();
	bh_emutls_free(self);
}

_Noreturn void __pthread_exit(void *result)
{
	struct pthread *self = __pthread_self();
	self->result = result;
	run_cleanup(self);
	if (!self->map_base) { /* adopted: nobody waits for it, and its record stays */
		for (;;) bh_call_thread_exit();
	}
	int state = a_cas(&self->detach_state, DT_JOINABLE, DT_EXITING);
	__tl_lock();
	self->next->prev = self->prev;
	self->prev->next = self->next;
	self->prev = self->next = self;
	libc.threads_minus_1--;
	__tl_unlock();
	*bh_thread_word() = &first.thread; /* from here on the record is the joiner's, or nobody's */
	if (state == DT_DETACHED) {
		bh_syscall(SYS_munmap, (long)self->map_base, self->map_size, 0, 0, 0, 0);
	} else {
		a_store(&self->detach_state, DT_EXITED);
		bh_syscall(SYS_futex, (long)&self->detach_state, FUTEX_WAKE, INT_MAX, 0, 0, 0);
	}
	for (;;) bh_call_thread_exit();
}

static void begin(uint64_t argument)
{
	struct record *record = (struct record *)argument;
	*bh_thread_word() = &record->thread;
	record->thread.tid = stack_number() + 1;
	if (record->is_c11)
		__pthread_exit((void *)(long)((int (*)(void *))record->start)(record->argument));
	__pthread_exit(record->start(record->argument));
}

int __pthread_create(pthread_t *restrict result, const pthread_attr_t *restrict attributes, void *(*start)(void *), void *restrict argument)
{
	int is_c11 = attributes == __ATTRP_C11_THREAD;
	struct record *record = new_record();
	if (!record) return EAGAIN;
	set_up(record);
	record->thread.map_base = (void *)record;
	record->thread.map_size = RECORD_SIZE;
	record->thread.detach_state = !is_c11 && attributes && attributes->_a_detach ? DT_DETACHED : DT_JOINABLE;
	record->start = start;
	record->argument = argument;
	record->is_c11 = is_c11;
	__tl_lock();
	*result = &record->thread;
	int failed = bh_call_thread_create((void *)begin, (uintptr_t)record, BH_PRIORITY_SAME);
	if (!failed) {
		link_record(&record->thread);
		libc.threads_minus_1++;
	}
	__tl_unlock();
	if (failed) bh_syscall(SYS_munmap, (long)record, RECORD_SIZE, 0, 0, 0, 0);
	return failed ? EAGAIN : 0;
}

int pthread_cancel(pthread_t thread)
{
	return ENOSYS; /* no signals */
}

weak_alias(__pthread_exit, pthread_exit);
weak_alias(__pthread_create, pthread_create);
