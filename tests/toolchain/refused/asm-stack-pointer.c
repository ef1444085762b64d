// refused: 6: stack pointer
// SPDX-License-Identifier: MIT
void pivot(void *to);

void pivot(void *to) {
    __asm__ volatile("movq %0, %%rsp" : : "r"(to));
}
