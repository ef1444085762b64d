// refused: 7: control stack
// SPDX-License-Identifier: MIT
unsigned long stack(void);

unsigned long stack(void) {
    unsigned long value;
    __asm__("leaq 8(%%rsp), %0" : "=r"(value));
    return value;
}
