// refused: 7: string instruction
// SPDX-License-Identifier: MIT
unsigned long length(const char *text);

unsigned long length(const char *text) {
    unsigned long left = ~0ul;
    __asm__ volatile("repne scasb" : "+D"(text), "+c"(left) : "a"(0) : "memory", "cc");
    return ~left - 1;
}
