// refused: 6: bit test
// SPDX-License-Identifier: MIT
void mark(unsigned long *bitmap, unsigned long bit);

void mark(unsigned long *bitmap, unsigned long bit) {
    __asm__ volatile("lock btsq %1, %0" : "+m"(*bitmap) : "r"(bit) : "cc");
}
