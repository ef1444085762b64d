// refused at link: 9: INSTRUCTION
// SPDX-License-Identifier: MIT
typedef char bytes __attribute__((vector_size(16)));
bytes turn(bytes v, bytes order);
static volatile bytes place;

// An instruction that the compiler driver does not know to be forbidden.
bytes turn(bytes v, bytes order) {
    __asm__("pshufb %1, %0" : "+x"(v) : "x"(order));
    return v;
}

int main(void) {
    place = turn(place, place);
    return 0;
}
