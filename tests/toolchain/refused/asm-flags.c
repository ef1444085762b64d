// refused: 6: popf
// SPDX-License-Identifier: MIT
void set_flags(unsigned long flags);

void set_flags(unsigned long flags) {
    __asm__ volatile("pushq %0\n\tpopfq" : : "r"(flags) : "cc");
}
