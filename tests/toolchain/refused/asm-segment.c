// refused: 7: segment
// SPDX-License-Identifier: MIT
unsigned long other(unsigned long offset);

unsigned long other(unsigned long offset) {
    unsigned long value;
    __asm__("movq %%fs:(%1), %0" : "=r"(value) : "r"(offset));
    return value;
}
