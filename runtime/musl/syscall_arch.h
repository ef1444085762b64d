/* SPDX-License-Identifier: MIT
 *
 * musl's door to the system: a function instead of an instruction. Calls that name files have a door of their own, so that domains which
 * never open one are not linked with the files (runtime/files.c). */
#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)
long bh_syscall(long, long, long, long, long, long, long) __attribute__((__visibility__("hidden")));
long bh_file_syscall(long, long, long, long, long, long, long) __attribute__((__visibility__("hidden")));

static inline __attribute__((__always_inline__)) int bh_names_file(long n)
{
	return n == SYS_open || n == SYS_openat || n == SYS_stat || n == SYS_lstat || n == SYS_newfstatat || n == SYS_access || n == SYS_faccessat ||
	       n == SYS_unlink || n == SYS_unlinkat || n == SYS_rename || n == SYS_renameat || n == SYS_mkdir || n == SYS_mkdirat || n == SYS_rmdir ||
	       n == SYS_truncate;
}

static inline __attribute__((__always_inline__)) long __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	return bh_names_file(n) ? bh_file_syscall(n, a, b, c, d, e, f) : bh_syscall(n, a, b, c, d, e, f);
}
static inline __attribute__((__always_inline__)) long __syscall5(long n, long a, long b, long c, long d, long e)
{
	return __syscall6(n, a, b, c, d, e, 0);
}
static inline __attribute__((__always_inline__)) long __syscall4(long n, long a, long b, long c, long d)
{
	return __syscall6(n, a, b, c, d, 0, 0);
}
static inline __attribute__((__always_inline__)) long __syscall3(long n, long a, long b, long c)
{
	return __syscall6(n, a, b, c, 0, 0, 0);
}
static inline __attribute__((__always_inline__)) long __syscall2(long n, long a, long b)
{
	return __syscall6(n, a, b, 0, 0, 0, 0);
}
static inline __attribute__((__always_inline__)) long __syscall1(long n, long a)
{
	return __syscall6(n, a, 0, 0, 0, 0, 0);
}
static inline __attribute__((__always_inline__)) long __syscall0(long n)
{
	return __syscall6(n, 0, 0, 0, 0, 0, 0);
}
