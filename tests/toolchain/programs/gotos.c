// SPDX-License-Identifier: MIT
//
// Computed goto: an interpreter that jumps by a table of labels, by differences of labels, with labels in variables and in structures, one that
// is left by a label alone, and two in one function.
#include <stdio.h>
#include <stdlib.h>

#include "say.h"

enum { ADD, SUBTRACT, MULTIPLY, TELL, REPEAT, END };

__attribute__((noinline)) static long interpret(const unsigned char *code, long value) {
    static const void *const places[] = {&&add, &&subtract, &&multiply, &&tell, &&repeat, &&end};
    const unsigned char *start = code;
    int rounds = 3;
#define NEXT goto *places[*code++]
    NEXT;
add:
    value += *code++;
    NEXT;
subtract:
    value -= *code++;
    NEXT;
multiply:
    value *= *code++;
    NEXT;
tell:
    say("value %ld behind %d", value, (int)(code - start));
    NEXT;
repeat:
    if (rounds--)
        code = start;
    NEXT;
end:
    return value;
#undef NEXT
}

// As programs for shared libraries do it: no address in the table.
__attribute__((noinline)) static unsigned by_distance(const unsigned char *text) {
    static const int distances[] = {&&other - &&other, &&digit - &&other, &&letter - &&other, &&stop - &&other};
    unsigned sum = 0;
next:;
    int kind = !*text ? 3 : *text >= '0' && *text <= '9' ? 1 : *text >= 'a' && *text <= 'z' ? 2 : 0;
    goto *(&&other + distances[kind]);
digit:
    sum = sum * 10 + *text++ - '0';
    goto next;
letter:
    sum ^= (unsigned)*text++ << 7;
    goto next;
other:
    sum = ~sum;
    text++;
    goto next;
stop:
    return sum;
}

struct task {
    void *place;
    int count;
};

// Labels as values that are kept and compared.
__attribute__((noinline)) static int state_machine(struct task *task, int steps) {
    int sum = 0;
    if (!task->place)
        task->place = &&first;
    while (steps--) {
        goto *task->place;
    first:
        sum += 1;
        task->place = task->count++ % 3 ? &&first : &&second;
        continue;
    second:
        sum += 10;
        task->place = task->count % 2 ? &&third : &&second;
        task->count++;
        continue;
    third:
        sum += 100;
        task->place = task->place == &&third ? &&first : &&second;
    }
    return sum;
}

__attribute__((noinline)) static int two_tables(int a, int b) {
    static void *const one[] = {&&a0, &&a1, &&a2};
    static void *const two[] = {&&b0, &&b1};
    int sum = 0;
    goto *one[a];
a0:
    sum += 1;
    goto *two[b];
a1:
    sum += 2;
    goto *two[!b];
a2:
    sum += 4;
b0:
    return sum + 8;
b1:
    return sum + 16;
}

int main(void) {
    static const unsigned char code[] = {ADD, 5, MULTIPLY, 7, TELL, SUBTRACT, 9, REPEAT, TELL, END};
    say("interpreted: %ld", interpret(code, HIDE(1)));
    say("by distance: %u %u", by_distance((const unsigned char *)"12ab-34"), by_distance((const unsigned char *)""));
    struct task task = {0};
    for (int i = 0; i < 6; i++)
        say("state machine: %d after %d", state_machine(&task, HIDE(7)), task.count);
    for (int a = 0; a < 3; a++)
        say("two tables: %d %d", two_tables(HIDE(a), 0), two_tables(HIDE(a), 1));
    return 0;
}
