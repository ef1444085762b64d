// SPDX-License-Identifier: MIT
//
// Atomics of 1 to 8 bytes: all operations, compare and exchange, flags, fences.
#include <stdatomic.h>
#include <stdbool.h>

#include "say.h"

#define TRY(type, name)                                                                            \
    do {                                                                                           \
        static _Atomic type a = 5;                                                                 \
        type old = atomic_fetch_add(&a, (type)HIDE(250)), want = (type)(old + 250);                \
        atomic_fetch_or(&a, 64), atomic_fetch_and(&a, (type)~2), atomic_fetch_xor(&a, 0x11), atomic_fetch_sub(&a, 3); \
        atomic_fetch_or(&a, 0), atomic_fetch_add(&a, 0); /* fences, to a compiler */               \
        bool first = atomic_compare_exchange_strong(&a, &want, 1);                                 \
        bool second = atomic_compare_exchange_strong(&a, &want, (type)HIDE(77));                   \
        type last = atomic_exchange(&a, 9);                                                        \
        say("%s %lld %d %d %lld %lld %lld", name, (long long)old, first, second, (long long)want, (long long)last, (long long)atomic_load(&a)); \
    } while (0)

struct wide { long a, b; };
struct odd { char text[21]; };
static _Atomic struct wide both;
static _Atomic struct odd words;
static _Atomic __int128 huge;

static void big_ones(void) {
    atomic_store(&both, ((struct wide){1, HIDE(2)}));
    struct wide old = atomic_exchange(&both, ((struct wide){3, 4})), want = {9, 9};
    bool first = atomic_compare_exchange_strong(&both, &want, ((struct wide){5, 6}));
    bool second = atomic_compare_exchange_strong(&both, &want, ((struct wide){7, 8}));
    struct wide now = atomic_load(&both);
    say("%ld %ld %d %d %ld %ld", old.a, old.b, first, second, now.a, now.b);
    atomic_store(&words, ((struct odd){"twenty-one bytes"}));
    struct odd text = atomic_load(&words);
    say("%s", text.text);
    huge = HIDE(5), huge += ((__int128)1 << 100), huge ^= 0xff, huge -= 3;
    __int128 value = huge;
    say("%llx %llx", (unsigned long long)(value >> 64), (unsigned long long)value);
}

struct node { struct node *next; int value; };
static _Atomic(struct node *) head;
static void push(struct node *n) {
    n->next = atomic_load(&head);
    while (!atomic_compare_exchange_weak(&head, &n->next, n)) {
    }
}

int main(void) {
    TRY(char, "char");
    TRY(unsigned char, "unsigned char");
    TRY(short, "short");
    TRY(unsigned short, "unsigned short");
    TRY(int, "int");
    TRY(unsigned, "unsigned");
    TRY(long, "long");
    TRY(unsigned long long, "unsigned long long");
    struct node nodes[5];
    for (int i = 0; i < 5; i++) {
        nodes[i].value = i * i;
        push(&nodes[i]);
    }
    for (struct node *n = atomic_load_explicit(&head, memory_order_acquire); n; n = n->next)
        say("%d", n->value);
    static atomic_flag flag = ATOMIC_FLAG_INIT;
    say("%d %d", atomic_flag_test_and_set(&flag), atomic_flag_test_and_set(&flag));
    atomic_flag_clear(&flag);
    atomic_thread_fence(memory_order_seq_cst);
    _Atomic long local = 3;
    local += 4, local *= 5, local <<= 2;
    say("%d %ld", atomic_flag_test_and_set(&flag), (long)local);
    _Atomic double real = 1.5;
    real += 2.25;
    say("%016llx %d", bits_of_double(real), atomic_is_lock_free(&local));
    big_ones();
    static unsigned bits[4];
    __atomic_fetch_or(&bits[HIDE(2)], 1u << HIDE(9), __ATOMIC_RELAXED);
    say("%u %d", bits[2], (__atomic_fetch_and(&bits[2], ~(1u << 9), __ATOMIC_ACQ_REL) >> 9) & 1);
    return 0;
}
