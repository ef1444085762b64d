// SPDX-License-Identifier: MIT
//
// memcpy, memmove and memset. Short blocks by two overlapping moves, longer ones by 16-byte moves, long copies by the string
// instruction. Compiled free-standing, so that no loop here becomes a call of itself.
#include <emmintrin.h>
#include <stddef.h>
#include <stdint.h>

#define STRING_MIN 1024 // bytes from which `rep movsq` pays

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);

typedef uint16_t __attribute__((aligned(1), may_alias)) word16;
typedef uint32_t __attribute__((aligned(1), may_alias)) word32;
typedef uint64_t __attribute__((aligned(1), may_alias)) word64;

static __m128i load(const uint8_t *from) {
    return _mm_loadu_si128((const __m128i *)from);
}

static void store(uint8_t *to, __m128i value) {
    _mm_storeu_si128((__m128i *)to, value);
}

// Up to 32 bytes: everything is read before anything is written, so overlap does not matter.
static void move_short(uint8_t *to, const uint8_t *from, size_t size) {
    if (size > 16) {
        __m128i head = load(from), tail = load(from + size - 16);
        store(to, head);
        store(to + size - 16, tail);
    } else if (size >= 8) {
        uint64_t head = *(const word64 *)from, tail = *(const word64 *)(from + size - 8);
        *(word64 *)to = head;
        *(word64 *)(to + size - 8) = tail;
    } else if (size >= 4) {
        uint32_t head = *(const word32 *)from, tail = *(const word32 *)(from + size - 4);
        *(word32 *)to = head;
        *(word32 *)(to + size - 4) = tail;
    } else if (size >= 2) {
        uint16_t head = *(const word16 *)from, tail = *(const word16 *)(from + size - 2);
        *(word16 *)to = head;
        *(word16 *)(to + size - 2) = tail;
    } else if (size) {
        *to = *from;
    }
}

static void copy_up(uint8_t *to, const uint8_t *from, size_t size) {
    __m128i tail = load(from + size - 16);
    uint8_t *end = to + size - 16;
    while (to < end) {
        __m128i one = load(from);
        store(to, one);
        to += 16;
        from += 16;
    }
    store(end, tail);
}

static void copy_down(uint8_t *to, const uint8_t *from, size_t size) {
    __m128i head = load(from);
    size_t left = size;
    while (left > 16) {
        left -= 16;
        store(to + left, load(from + left));
    }
    store(to, head);
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    if (size <= 32) {
        move_short(to, from, size);
    } else if (size < STRING_MIN) {
        copy_up(to, from, size);
    } else {
        void *destination = to;
        const void *source = from;
        size_t words = size / 8;
        uint64_t tail = *(const word64 *)((const uint8_t *)from + size - 8);
        __asm__ volatile("rep movsq" : "+D"(destination), "+S"(source), "+c"(words) : : "memory", "cc");
        *(word64 *)((uint8_t *)to + size - 8) = tail;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    if (size <= 32)
        move_short(to, from, size);
    else if ((uintptr_t)to - (uintptr_t)from >= size)
        copy_up(to, from, size);
    else
        copy_down(to, from, size);
    return to;
}

void *memset(void *to, int value, size_t size) {
    uint8_t *byte = to;
    if (size < 16) {
        for (size_t i = 0; i < size; i++)
            ((volatile uint8_t *)byte)[i] = (uint8_t)value;
        return to;
    }
    __m128i all = _mm_set1_epi8((char)value);
    store(byte + size - 16, all);
    for (size_t i = 0; i + 16 <= size; i += 16)
        store(byte + i, all);
    return to;
}
