// SPDX-License-Identifier: MIT
//
// What Tcl asks of a system and a domain does not have, as far as the C library leaves it out: processes, sockets, terminals, users. Each says so
// by its error. Calls are by name, so the real functions' parameters do not matter here.
#include <errno.h>
#include <sys/select.h>
#include <time.h>

#define ABSENT(name)                                                                                                                       \
    long name(void);                                                                                                                       \
    long name(void) {                                                                                                                      \
        errno = ENOSYS;                                                                                                                    \
        return -1;                                                                                                                         \
    }
ABSENT(accept)
ABSENT(bind)
ABSENT(cfgetospeed)
ABSENT(cfsetispeed)
ABSENT(cfsetospeed)
ABSENT(connect)
ABSENT(getaddrinfo)
ABSENT(execvp)
ABSENT(fork)
ABSENT(gethostname)
ABSENT(pipe)
ABSENT(symlink)
ABSENT(getnameinfo)
ABSENT(getpeername)
ABSENT(getrlimit)
ABSENT(getrusage)
ABSENT(getsockname)
ABSENT(getsockopt)
ABSENT(ioctl)
ABSENT(listen)
ABSENT(mkfifo)
ABSENT(mknod)
ABSENT(recv)
ABSENT(send)
ABSENT(setrlimit)
ABSENT(setsockopt)
ABSENT(shutdown)
ABSENT(socket)
ABSENT(tcgetattr)
ABSENT(tcsetattr)
ABSENT(waitpid)

#define NOBODY(name)                                                                                                                       \
    void *name(void);                                                                                                                      \
    void *name(void) {                                                                                                                     \
        return 0;                                                                                                                          \
    }
NOBODY(freeaddrinfo)
NOBODY(gai_strerror)
NOBODY(getgrgid)
NOBODY(getgrnam)
NOBODY(getpwnam)
NOBODY(getpwuid)
NOBODY(getservbyname)
NOBODY(inet_ntoa)

const unsigned char in6addr_any[16];

unsigned short htons(unsigned short number);
unsigned short htons(unsigned short number) {
    return __builtin_bswap16(number);
}

unsigned short ntohs(unsigned short number);
unsigned short ntohs(unsigned short number) {
    return __builtin_bswap16(number);
}

// There is one folder.
int chdir(const char *path);
int chdir(const char *path) {
    if (path[0] && (path[1] || (path[0] != '.' && path[0] != '/'))) {
        errno = ENOENT;
        return -1;
    }
    return 0;
}

// Nothing to wait for but the time.
int select(int count, fd_set *reads, fd_set *writes, fd_set *others, struct timeval *limit) {
    (void)count, (void)reads, (void)writes, (void)others;
    if (limit)
        nanosleep(&(struct timespec){limit->tv_sec, limit->tv_usec * 1000}, 0);
    return 0;
}
