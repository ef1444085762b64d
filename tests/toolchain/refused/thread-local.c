// refused: 8: thread-local
// SPDX-License-Identifier: MIT
int next(void);

static _Thread_local int counter;

int next(void) {
    return ++counter;
}
