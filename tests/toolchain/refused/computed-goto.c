// refused: 9: computed goto
// SPDX-License-Identifier: MIT
int run(const int *code);

int run(const int *code) {
    static const void *const places[] = {&&one, &&two, &&end};
    int sum = 0;
next:
    goto *places[*code++];
one:
    sum++;
    goto next;
two:
    sum += 2;
    goto next;
end:
    return sum;
}
