#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The C library of domains: musl from Debian's source package, compiled by bhcc.
#
#   domain-libc.sh BUILD         -> BUILD/domain-lib/{libc.a,libc-hardened.a,include}
#   domain-libc.sh BUILD plain   -> BUILD/domain-lib/plain/libc.a, of the sources that the first one left
#
# Left out: what needs processes, sockets or another locale; of signals there is what says that there are none. libc-hardened.a has the objects that
# `bhcc --hardened' compiles differently. The door to the system is two functions, bh_syscall (runtime/libc.c) and
# bh_file_syscall (runtime/files.c); the thread pointer hangs on the data stack, since %fs belongs to the system.
set -euo pipefail
case "${1:-}" in -h | --help | "") sed -n '3,10s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
here=$(cd "$(dirname "$0")/.." && pwd)
flavour=${2:-confined}
mkdir -p "$1/domain-lib/plain"
build=$(cd "$1" && pwd)
work=$build/third-party/built/domain-musl
printf '  %-8s %s\n' BUILD "musl for domains, $flavour (once)"
prepare() {
    "$here/tools/third-party.sh" source "$build/third-party" musl
    rm -rf "$work"
    cp -a "$build/third-party/src/musl" "$work"
    cd "$work"

    # Our own parts: thread pointer, door, threads, TLS, start and end. No system call is a point of cancellation, since there are no signals.
    cp "$here"/runtime/musl/{pthread_arch,syscall_arch}.h arch/x86_64/
    mkdir -p src/bulkhead
    cp "$here"/runtime/musl/*.c src/bulkhead/
    sed -i '/^#define __syscall_cp[0-6](/d; s/^#define __syscall_cp(.*/#define __syscall_cp(...) __syscall(__VA_ARGS__)/; s/__syscall_cp\([23]\)(SYS_open/__syscall\1(SYS_open/' src/internal/syscall.h
    sed -i 's/lock ; orl $0,(%%rsp)/mfence/; s/"hlt"/"ud2"/' arch/x86_64/atomic_arch.h

    ./configure --disable-shared --with-malloc=oldmalloc CC=clang-19 >configure.log 2>&1 || { tail -5 configure.log >&2; exit 1; }
    env -u MAKEFLAGS make -s obj/include/bits/alltypes.h obj/include/bits/syscall.h obj/src/internal/version.h
}
if [ "$flavour" = confined ]; then prepare; else cd "$work"; fi

# Folders whole, then single files from folders that are mostly about processes.
files=$(ls src/{bulkhead,string,stdlib,ctype,errno,internal,multibyte,prng,search,regex,math,complex,fenv,stdio,locale,malloc/oldmalloc,temp,thread,fcntl,dirent,time}/*.c
        ls src/malloc/{calloc,free,posix_memalign,memalign,realloc,reallocarray,libc_calloc,lite_malloc,replaced}.c \
           src/exit/{assert,_Exit,atexit,abort_lock,at_quick_exit,quick_exit}.c src/env/{getenv,setenv,putenv,unsetenv,clearenv,secure_getenv,__environ}.c \
           src/signal/{setitimer,block,raise,signal,sigaction,sigaddset,sigdelset,sigemptyset,sigfillset,sigismember,sigprocmask}.c \
           src/stat/{__xstat,stat,fstat,fstatat,lstat,mkdir,chmod,fchmod,umask,utimensat,futimens,futimesat}.c \
           src/mman/{mmap,munmap,mremap,madvise}.c src/misc/{basename,dirname,getopt,getopt_long,a64l,ffs,ffsl,ffsll,issetugid}.c src/sched/sched_yield.c \
           src/unistd/{_exit,access,close,dup,dup2,dup3,readlink,alarm,fsync,fdatasync,ftruncate,getcwd,getpid,isatty,link,lseek,pread,pwrite,read,readv,rmdir,sleep,truncate,unlink,usleep,write,writev,chown,fchown,getuid,geteuid,getgid,getegid}.c \
           src/linux/{gettid,getdents,utimes,sysinfo}.c src/legacy/{valloc,getpagesize,getdtablesize}.c src/conf/{sysconf,pathconf,fpathconf,confstr}.c \
           src/select/{select,poll}.c src/misc/{getrlimit,getpriority,setpriority}.c src/unistd/chdir.c)
skip='/(memcpy|memmove|memset|popen|pclose|dcngettext|bind_textdomain_codeset|textdomain|iconv|iconv_close|__fopen_rb_ca|syscall_cp|__syscall_cp|vdso|defsysinfo|pthread_create|pthread_cancel|pthread_kill|pthread_getattr_np|pthread_getname_np|pthread_setname_np|pthread_atfork|pthread_sigmask|__tls_get_addr|__set_thread_area|__unmapself|clone|synccall|tls|sem_open|sem_unlink|pthread_getcpuclockid|pthread_[gs]etsched.*|timer_.*|clock_getcpuclockid|getdate)\.c$'
objects=objects
kind=--both
if [ "$flavour" = plain ]; then
    objects=objects-plain
    kind=--isolation=plain
    cp "$here"/runtime/musl/{pthread_arch,syscall_arch}.h arch/x86_64/
fi
rm -rf "$objects"
mkdir -p "$objects"
flags="-std=c99 -nostdinc -ffreestanding -D_XOPEN_SOURCE=700 -O2 -g1 -w -nostdlib -I./arch/x86_64 -I./arch/generic -Iobj/src/internal -I./src/include -I./src/internal -Iobj/include -I./include -I$here -fno-math-errno -frounding-math"
: >refused.log
export flags build objects kind
# shellcheck disable=SC2016
printf '%s\n' $files | grep -Ev "$skip" | xargs -P 2 -I{} sh -c '
    o=$objects/$(echo {} | tr / _ | sed "s/\.c$/.o/")
    "$build/bin/bhcc" $flags $kind -c {} -o "$o" 2>"$o.err" || { echo "{}: $(grep -m1 error "$o.err")" >>refused.log; rm -f "$o"; }'
if [ "$flavour" = plain ]; then
    rm -f "$build/domain-lib/plain/libc.a"
    llvm-ar-19 rcs "$build/domain-lib/plain/libc.a" "$objects"/*.o
    printf '  %-8s %s\n' '' "$(ls "$objects"/*.o | wc -l) files, $(wc -l <refused.log) refused (see $work/refused.log)"
    exit 0
fi
rm -f "$build/domain-lib/libc.a" "$build/domain-lib/libc-hardened.a"
llvm-ar-19 rcs "$build/domain-lib/libc.a" objects/*.o
llvm-ar-19 rcs "$build/domain-lib/libc-hardened.a" objects/*.o.hardened
rm -rf "$build/domain-lib/include"
mkdir -p "$build/domain-lib/include"
cp -r include/. arch/generic/. arch/x86_64/. obj/include/. "$build/domain-lib/include/" 2>/dev/null || :
rm -f "$build/domain-lib/include"/*_arch.h "$build/domain-lib/include"/*.in "$build/domain-lib/include"/reloc.h
printf '  %-8s %s\n' '' "$(ls objects/*.o | wc -l) files, $(wc -l <refused.log) refused (see $work/refused.log)"
