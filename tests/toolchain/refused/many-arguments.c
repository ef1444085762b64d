// refused: 5: do not fit registers
// SPDX-License-Identifier: MIT
#define TEN(a) long a##0, long a##1, long a##2, long a##3, long a##4, long a##5, long a##6, long a##7, long a##8, long a##9
long sum(TEN(a), TEN(b), TEN(c), TEN(d));
long sum(TEN(a), TEN(b), TEN(c), TEN(d)) {
    return a0 + b1 + c2 + d9;
}
