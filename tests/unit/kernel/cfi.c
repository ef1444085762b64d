// SPDX-License-Identifier: MIT
//
// Unwind tables of a hostile image: the plain form is found, each lie is not handed to libunwind. What libunwind 1.6.2 makes of the lie
// stands beside it.
#include "kernel/debug/cfi.h"

#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "kernel/abi/slot.h"

#define HEADER 0x100u
#define CIE 0x140u
#define FDE 0x160u
#define CODE 0x10u // what the description is of
#define CODE_SIZE 0x40u
#define FILE_SIZE 0x400u

static uint8_t file[FILE_SIZE];
static struct verified_image image;

static void put(uint32_t at, uint64_t value, size_t size) {
    memcpy(file + at, &value, size);
}

static void put_program(uint32_t at, const uint8_t *program, size_t size) {
    memcpy(file + at, program, size);
}

static void make_good(void) {
    static const uint8_t cie[] = {0x14, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1, 0, 0};
    static const uint8_t program[] = {0x41, 0x0e, 16, 0x83, 2, 0x0a, 0x44, 0x0e, 8, 0x0b, 0xc3, 0x02, 9, 0, 0, 0};
    memset(file, 0, sizeof(file));
    image = (struct verified_image){.bytes = file, .size = sizeof(file), .segment_count = 1, .eh_frame_header = BH_SLOT_IMAGE + HEADER,
                                    .eh_frame_header_size = 20};
    image.segments[0] = (struct verified_segment){0, sizeof(file), BH_SLOT_IMAGE, sizeof(file), VERIFY_READ};
    put(HEADER, 0x3b031b01, 4);
    put(HEADER + 4, CIE - (HEADER + 4), 4);
    put(HEADER + 8, 1, 4);
    put(HEADER + 12, CODE - HEADER, 4);
    put(HEADER + 16, FDE - HEADER, 4);
    put_program(CIE, cie, sizeof(cie));
    put(FDE, 13 + sizeof(program), 4);
    put(FDE + 4, FDE + 4 - CIE, 4);
    put(FDE + 8, CODE - (FDE + 8), 4);
    put(FDE + 12, CODE_SIZE, 4);
    put(FDE + 16, 0, 1);
    put_program(FDE + 17, program, sizeof(program));
}

static bool found(uint32_t offset) {
    uint64_t entry = 0;
    bool plain = cfi_find(&image, BH_SLOT_IMAGE + offset, &entry);
    cr_assert(!plain || entry == BH_SLOT_IMAGE + HEADER + 12);
    return plain;
}

Test(cfi, the_plain_form_is_found_for_its_own_code_and_no_other) {
    make_good();
    cr_assert(found(CODE) && found(CODE + CODE_SIZE - 1));
    cr_assert(!found(CODE - 1) && !found(CODE + CODE_SIZE) && !found(0) && !found(FILE_SIZE));
}

Test(cfi, words_at_the_end_of_the_file_are_filled_with_zeros) {
    uint64_t word;
    make_good();
    put(FILE_SIZE - 4, 0x11223344, 4);
    cr_assert(cfi_word(&image, BH_SLOT_IMAGE + FILE_SIZE - 4, &word) && word == 0x11223344);
    cr_assert(cfi_word(&image, BH_SLOT_IMAGE - 4, &word) && word == 0);
    cr_assert(!cfi_word(&image, BH_SLOT_IMAGE + FILE_SIZE, &word) && !cfi_word(&image, BH_SLOT_IMAGE - 8, &word));
    cr_assert(!cfi_word(&image, ~0ull, &word) && !cfi_word(&image, 0, &word));
}

// A lie: bytes put somewhere. From offset 17 of the frame entry, or 17 of the common one, there are programs.
struct lie {
    char what[64], of_libunwind[48];
    uint32_t at;
    uint8_t size, bytes[12];
};

ParameterizedTestParameters(cfi, a_lie_is_not_handed_on) {
    static struct lie lies[] = {
        {"frame address by an expression", "runs it without end", FDE + 17, 6, {0x0f, 4, 0x30, 0x2f, 0xfc, 0xff}},
        {"register by an expression that divides the least number by -1", "division trap", FDE + 17, 4, {0x10, 3, 1, 0x1b}},
        {"register kept by a value expression", "runs it", FDE + 17, 4, {0x16, 3, 1, 0x30}},
        {"register kept in register 127", "reads behind its array", FDE + 17, 3, {0x09, 3, 0x7f}},
        {"return address in column 127", "reads behind its array", CIE + 14, 1, {0x7f}},
        {"no frame address at all", "asserts, or reads at 0", CIE + 17, 3, {0, 0, 0}},
        {"frame address from a register other than the stack pointer", "believes it", CIE + 18, 1, {6}},
        {"frame below the stack pointer", "believes it", CIE + 19, 1, {0}},
        {"frame address far away", "believes it", FDE + 17, 5, {0x0e, 0xff, 0xff, 0xff, 0x7f}},
        {"stack pointer said to be saved", "believes it", FDE + 17, 2, {0x87, 1}},
        {"register 17", "refuses it", FDE + 17, 2, {0x91, 1}},
        {"number without an end", "shifts for ever", FDE + 17, 7, {0x0e, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}},
        {"state restored that was not remembered", "refuses it", FDE + 17, 1, {0x0b}},
        {"place set by a pointer", "believes it", FDE + 17, 5, {0x01, 0, 0, 0, 0}},
        {"unknown operation", "ignores it", FDE + 17, 1, {0x3f}},
        {"operation cut off by the end", "reads on", FDE + 32, 1, {0x0e}},
        {"place advanced in the common entry", "believes it", CIE + 22, 1, {0x41}},
        {"state remembered in the common entry", "keeps memory", CIE + 22, 1, {0x0a}},
        {"augmentation without an end", "reads on", CIE + 11, 1, {'L'}},
        {"signal frame", "reads a signal's registers", CIE + 10, 1, {'S'}},
        {"personality, indirect", "follows it", CIE + 10, 1, {'P'}},
        {"another version", "refuses it", CIE + 8, 1, {4}},
        {"another code unit", "multiplies by it", CIE + 12, 1, {2}},
        {"another data unit", "multiplies by it", CIE + 13, 1, {0x7f}},
        {"another form of pointers", "reads them", CIE + 16, 1, {0x9b}},
        {"common entry that is a frame entry", "refuses it", CIE + 4, 1, {1}},
        {"common entry without a length", "reads on", CIE, 1, {0}},
        {"64-bit common entry", "reads a far length", CIE, 4, {0xff, 0xff, 0xff, 0xff}},
        {"64-bit frame entry", "reads a far length", FDE, 4, {0xff, 0xff, 0xff, 0xff}},
        {"frame entry longer than the file", "reads on", FDE, 2, {0x00, 0x04}},
        {"frame entry without a length", "takes it for the end", FDE, 4, {0, 0, 0, 0}},
        {"frame entry that is its own common entry", "refuses it", FDE + 4, 4, {4, 0, 0, 0}},
        {"common entry outside the file", "asks for it", FDE + 4, 4, {0, 0, 0, 0x70}},
        {"code of another place", "finds nothing and guesses", FDE + 8, 4, {0, 0, 1, 0}},
        {"code without a place", "takes it for address 0", FDE + 8, 4, {0, 0, 0, 0}},
        {"code of negative size", "finds nothing and guesses", FDE + 12, 4, {0, 0, 0, 0x80}},
        {"extra data longer than the entry", "runs what comes behind", FDE + 16, 1, {0x7f}},
        {"frame entry outside the file", "asks for it", HEADER + 16, 4, {0, 0, 0, 0x70}},
        {"search table that is longer than its segment", "reads on", HEADER + 8, 4, {2, 0, 0, 0}},
        {"search table of 4 billion lines", "reads on", HEADER + 8, 4, {0xff, 0xff, 0xff, 0xff}},
        {"empty search table", "finds nothing and guesses", HEADER + 8, 4, {0, 0, 0, 0}},
        {"search table of another form", "misreads it", HEADER + 3, 1, {0x33}},
    };
    return cr_make_param_array(struct lie, lies, sizeof(lies) / sizeof(*lies));
}

ParameterizedTest(struct lie *lie, cfi, a_lie_is_not_handed_on) {
    make_good();
    cr_assert(found(CODE));
    memcpy(file + lie->at, lie->bytes, lie->size);
    cr_assert(!found(CODE), "%s was found plain; libunwind %s", lie->what, lie->of_libunwind);
}

Test(cfi, states_are_remembered_only_so_deep) {
    make_good();
    put(FDE, 13 + 20, 4);
    memset(file + FDE + 17, 0, 20);
    memset(file + FDE + 17, 0x0a, 8);
    cr_assert(found(CODE));
    put(FDE + 17 + 8, 0x0a, 1);
    cr_assert(!found(CODE));
}

Test(cfi, a_header_that_is_cut_short_is_not_read) {
    for (uint32_t size = 0; size < 20; size++) {
        make_good();
        image.eh_frame_header_size = size;
        cr_assert(!found(CODE), "%u bytes", size);
    }
    make_good();
    image.eh_frame_header = BH_SLOT_IMAGE + FILE_SIZE - 8;
    cr_assert(!found(CODE));
}
