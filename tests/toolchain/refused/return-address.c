// refused: 6: control stack
// SPDX-License-Identifier: MIT
const void *caller(void);

const void *caller(void) {
    return __builtin_return_address(0);
}
