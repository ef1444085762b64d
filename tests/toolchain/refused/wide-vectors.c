// refused: 7: AVX
// SPDX-License-Identifier: MIT
typedef double four __attribute__((vector_size(32)));
void scale(four *v);

void scale(four *v) {
    __asm__ volatile("vmovupd %0, %%ymm0\n\tvaddpd %%ymm0, %%ymm0, %%ymm0\n\tvmovupd %%ymm0, %0" : "+m"(*v) : : "xmm0");
}
