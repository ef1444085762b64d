#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The C library of domains: musl from Debian's source package, compiled by bhcc.
#
#   domain-libc.sh BUILD      -> BUILD/domain-lib/{libc.a,include}
#
# Left out: what needs processes, files, signals, sockets or threads of musl's own. The door to the system is one function,
# bh_syscall (runtime/libc.c); the thread pointer is a variable, since %fs belongs to the system.
set -euo pipefail
case "${1:-}" in -h | --help | "") sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1/domain-lib"
build=$(cd "$1" && pwd)
work=$build/third-party/built/domain-musl
printf '  %-8s %s\n' BUILD "musl for domains (once)"
"$here/tools/third-party.sh" source "$build/third-party" musl
rm -rf "$work"
cp -a "$build/third-party/src/musl" "$work"
cd "$work"

cat >arch/x86_64/pthread_arch.h <<'END'
extern char bh_libc_thread[] __attribute__((__visibility__("hidden")));
static inline uintptr_t __get_tp() { return (uintptr_t)bh_libc_thread; }
#define MC_PC gregs[REG_RIP]
END
cat >arch/x86_64/syscall_arch.h <<'END'
#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)
long bh_syscall(long, long, long, long, long, long, long);
static __inline long __syscall0(long n) { return bh_syscall(n, 0, 0, 0, 0, 0, 0); }
static __inline long __syscall1(long n, long a) { return bh_syscall(n, a, 0, 0, 0, 0, 0); }
static __inline long __syscall2(long n, long a, long b) { return bh_syscall(n, a, b, 0, 0, 0, 0); }
static __inline long __syscall3(long n, long a, long b, long c) { return bh_syscall(n, a, b, c, 0, 0, 0); }
static __inline long __syscall4(long n, long a, long b, long c, long d) { return bh_syscall(n, a, b, c, d, 0, 0); }
static __inline long __syscall5(long n, long a, long b, long c, long d, long e) { return bh_syscall(n, a, b, c, d, e, 0); }
static __inline long __syscall6(long n, long a, long b, long c, long d, long e, long f) { return bh_syscall(n, a, b, c, d, e, f); }
END
sed -i 's/lock ; orl $0,(%%rsp)/mfence/; s/"hlt"/"ud2"/' arch/x86_64/atomic_arch.h
cat >src/internal/bh_glue.c <<'END'
#include "libc.h"
#include "pthread_impl.h"
#include <stdlib.h>
#include "syscall.h"
static struct __pthread thread __attribute__((__used__));
extern struct __pthread bh_libc_thread __attribute__((__alias__("thread")));
void bh_libc_need_locks(void)
{
	thread.self = &thread;
	thread.tid = 1;
	thread.locale = &libc.global_locale;
	libc.page_size = 4096;
	libc.need_locks = 1;
}
void __funcs_on_exit(void);
void __stdio_exit(void);
_Noreturn void abort(void)
{
	bh_syscall(SYS_kill, 0, 6, 0, 0, 0, 0);
	__builtin_trap();
}
_Noreturn void exit(int code)
{
	__funcs_on_exit();
	__stdio_exit();
	_Exit(code);
}
END
sed -i 's/extern char bh_libc_thread\[\]/extern struct __pthread bh_libc_thread/; s/return (uintptr_t)bh_libc_thread/return (uintptr_t)\&bh_libc_thread/; 1i struct __pthread;' arch/x86_64/pthread_arch.h

./configure --disable-shared --with-malloc=oldmalloc CC=clang-19 >configure.log 2>&1 || { tail -5 configure.log >&2; exit 1; }
make -s obj/include/bits/alltypes.h obj/include/bits/syscall.h obj/src/internal/version.h

# Folders whole, then single files from folders that are mostly about processes.
files=$(ls src/{string,stdlib,ctype,errno,internal,multibyte,prng,search,regex,math,complex,stdio,locale,malloc/oldmalloc,temp}/*.c 2>/dev/null
        ls src/malloc/{calloc,free,malloc_usable_size,posix_memalign,memalign,realloc,reallocarray,libc_calloc,lite_malloc,replaced}.c \
           src/thread/{__lock,__wait,default_attr,lock_ptc,vmlock}.c src/exit/{assert,_Exit,atexit,abort_lock}.c src/signal/block.c src/env/{getenv,__environ}.c \
           src/time/{__month_to_secs,__secs_to_tm,__tm_to_secs,__year_to_secs,asctime,asctime_r,clock_gettime,difftime,gmtime,gmtime_r,time,strftime,timegm}.c \
           src/mman/{mmap,munmap,mremap,madvise}.c src/misc/{basename,dirname,getopt,getopt_long,a64l,ffs,ffsl,ffsll}.c src/unistd/{lseek,write,_exit}.c 2>/dev/null || :)
skip='/(memcpy|memmove|memset|popen|pclose|tempnam|tmpfile|tmpnam|mkdtemp|mkostemp|mkostemps|mkstemp|mkstemps|mktemp|__randname|remove|rename|setvbuf_unused|getopt_msg|dcngettext|bind_textdomain_codeset|textdomain|iconv|iconv_close|__fopen_rb_ca|fopen|freopen|syscall_cp|procfdname|vdso|defsysinfo|emulate_wait4|fma_asm)\.c$'
mkdir -p objects
flags="-std=c99 -nostdinc -ffreestanding -D_XOPEN_SOURCE=700 -O2 -g1 -w -nostdlib -I./arch/x86_64 -I./arch/generic -Iobj/src/internal -I./src/include -I./src/internal -Iobj/include -I./include -fno-math-errno -frounding-math"
: >refused.log
export flags build
# shellcheck disable=SC2016
printf '%s\n' $files | grep -Ev "$skip" | xargs -P 2 -I{} sh -c '
    o=objects/$(echo {} | tr / _ | sed "s/\.c$/.o/")
    "$build/bin/bhcc" $flags -c {} -o "$o" 2>"$o.err" || { echo "{}: $(grep -m1 error "$o.err")" >>refused.log; rm -f "$o"; }'
rm -f "$build/domain-lib/libc.a"
llvm-ar-19 rcs "$build/domain-lib/libc.a" objects/*.o
rm -rf "$build/domain-lib/include"
mkdir -p "$build/domain-lib/include"
cp -r include/. arch/generic/. arch/x86_64/. obj/include/. "$build/domain-lib/include/" 2>/dev/null || :
rm -f "$build/domain-lib/include"/*_arch.h "$build/domain-lib/include"/*.in "$build/domain-lib/include"/reloc.h
printf '  %-8s %s\n' '' "$(ls objects/*.o | wc -l) files, $(wc -l <refused.log) refused (see $work/refused.log)"
