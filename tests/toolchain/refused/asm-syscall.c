// refused: 7: syscall
// SPDX-License-Identifier: MIT
long get_pid(void);

long get_pid(void) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "0"(39) : "rcx", "r11", "memory");
    return result;
}
