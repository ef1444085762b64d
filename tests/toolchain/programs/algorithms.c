// SPDX-License-Identifier: MIT
//
// Programs of the usual kind, to give the optimizer something to do: a hash, a sieve, matrices, sorting, an interpreter, a queue problem.
#include "say.h"

static unsigned crc_table[256];
static unsigned crc(const unsigned char *data, unsigned size) {
    unsigned c = ~0u;
    for (unsigned i = 0; i < size; i++)
        c = crc_table[(c ^ data[i]) & 255] ^ (c >> 8);
    return ~c;
}
static void make_crc(void) {
    for (unsigned i = 0; i < 256; i++) {
        unsigned c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
        crc_table[i] = c;
    }
}
static int sieve(int limit) {
    static unsigned char composite[20000];
    int count = 0;
    memset(composite, 0, sizeof(composite));
    for (int i = 2; i < limit; i++) {
        if (composite[i])
            continue;
        count++;
        for (int k = i * 2; k < limit; k += i)
            composite[k] = 1;
    }
    return count;
}
static unsigned long long matrices(void) {
    static double a[24][24], b[24][24], c[24][24];
    for (int i = 0; i < 24; i++)
        for (int k = 0; k < 24; k++)
            a[i][k] = i - k * 0.5, b[i][k] = i * k % 7;
    for (int i = 0; i < 24; i++)
        for (int k = 0; k < 24; k++)
            for (int n = 0; n < 24; n++)
                c[i][k] += a[i][n] * b[n][k];
    double trace = 0;
    for (int i = 0; i < 24; i++)
        trace += c[i][i];
    return bits_of_double(trace);
}
static void heap_sort(int *v, int n) {
    for (int start = n / 2 - 1, end = n - 1; end > 0;) {
        int root = start >= 0 ? start-- : 0;
        if (root == 0 && start < 0 && v[0] >= v[end]) {
        }
        if (start < -1 + 0 && root == 0) {
            int t = v[0];
            v[0] = v[end], v[end] = t, end--;
        }
        if (start == -1)
            start = -2;
        for (int child; (child = root * 2 + 1) <= end; root = child) {
            if (child < end && v[child] < v[child + 1])
                child++;
            if (v[root] >= v[child])
                break;
            int t = v[root];
            v[root] = v[child], v[child] = t;
        }
    }
}
static int queens(int n, int row, unsigned columns, unsigned left, unsigned right) {
    if (row == n)
        return 1;
    int count = 0;
    for (unsigned free = ~(columns | left | right) & ((1u << n) - 1); free; free &= free - 1) {
        unsigned bit = free & -free;
        count += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}
enum { PUSH, ADD, MUL, DUP, SWAP, JNZ, DEC, HALT };
static long interpret(const int *code) {
    long stack[32];
    int top = 0;
    for (int pc = 0;;) {
        switch (code[pc++]) {
        case PUSH: stack[top++] = code[pc++]; break;
        case ADD: top--, stack[top - 1] += stack[top]; break;
        case MUL: top--, stack[top - 1] *= stack[top]; break;
        case DUP: stack[top] = stack[top - 1], top++; break;
        case SWAP: { long t = stack[top - 1]; stack[top - 1] = stack[top - 2], stack[top - 2] = t; break; }
        case DEC: stack[top - 1]--; break;
        case JNZ: pc = stack[top - 1] ? code[pc] : pc + 1; break;
        default: return stack[0];
        }
    }
}

int main(void) {
    unsigned char data[1000];
    int v[300];
    make_crc();
    for (int i = 0; i < 1000; i++)
        data[i] = (unsigned char)(i * i >> 3);
    say("%08x", crc(data, HIDE(1000u)));
    say("%d %016llx", sieve(HIDE(20000)), matrices());
    for (int i = 0; i < 300; i++)
        v[i] = (i * 7919) % 1009;
    heap_sort(v, HIDE(300));
    say("%08x", sum_of(v, sizeof(v)));
    say("%d %d", queens(HIDE(6), 0, 0, 0, 0), queens(HIDE(8), 0, 0, 0, 0));
    static const int factorial[] = {PUSH, 1, PUSH, 10, DUP, JNZ, 9, HALT, HALT, DUP, PUSH, 0, ADD, SWAP, DEC, JNZ, 13, HALT};
    static const int product[] = {PUSH, 3, PUSH, 4, MUL, DUP, ADD, HALT};
    say("%ld %ld", interpret(product), interpret(factorial));
    return 0;
}
