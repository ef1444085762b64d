// SPDX-License-Identifier: MIT
//
// What Tcl asks of a system and a domain does not have, as far as the C library leaves it out: processes, sockets, terminals, users. Each says so
// by its error. Calls are by name, so the real functions' parameters do not matter here.
#include <errno.h>

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
