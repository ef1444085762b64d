// refused: 8: return twice
// SPDX-License-Identifier: MIT
int fork_quickly(void) __attribute__((returns_twice));
int start(void);

int start(void) {
    int child =
        fork_quickly();
    return child + 1;
}
