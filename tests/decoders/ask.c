// SPDX-License-Identifier: MIT
//
// The verifier asked about one instruction: its own decode_one(), in a text that consists of a context and the instruction. Only
// report.c of the verifier is replaced, by a refuse_code() that keeps the rule and writes no message.
#include <stdlib.h>
#include <string.h>

#include "tests/decoders/decoders.h"

enum { TEXT_MAX = 128, RECORDS_MAX = TEXT_MAX };

static struct verified_image image = {.end = BH_SLOT_IMAGE_END};
static struct verify_report report;
static struct record records[RECORDS_MAX];
static uint32_t index_of[TEXT_MAX];
static uint8_t text[TEXT_MAX];
static cs_insn *insn;
static uint32_t address_of_question;
static enum context known_context = CONTEXT_COUNT; // what stands in `text`; CONTEXT_COUNT: something else
static struct verification v = {.image = &image, .report = &report, .text = text, .text_start = TEXT_ADDRESS, .records = records,
                                .index = index_of};

enum bh_error refuse_code(struct verification *verification, enum verify_rule rule, uint32_t offset, const char *format, ...) {
    (void)format;
    verification->report->rule = rule;
    verification->report->offset = offset;
    return BH_EVERIFY;
}

bool ask_open(void) {
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &v.capstone) != CS_ERR_OK || cs_option(v.capstone, CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK)
        return false;
    insn = cs_malloc(v.capstone);
    return insn;
}

void ask_close(void) {
    cs_free(insn, 1);
    cs_close(&v.capstone);
    free(v.hashes);
}

// What stands in front, in the colour. Its size.
static size_t put_context(enum context context, enum bh_colour colour) {
    static const uint8_t string[] = {0x89, 0xf6, 0x65, 0x48, 0x03, 0x34, 0x25, 0x00, 0x00, 0x01, 0x00,
                                     0x89, 0xff, 0x65, 0x48, 0x03, 0x3c, 0x25, 0x00, 0x00, 0x01, 0x00};
    (void)context;
    memcpy(text, string, sizeof(string));
    text[2] = text[13] = colour == BH_COLOUR_GS ? 0x65 : 0x64;
    return sizeof(string);
}

// Decodes up to `size` bytes of the text; the verifier's error.
static enum bh_error decode_up_to(size_t size) {
    const uint8_t *code = text;
    size_t left = v.text_end - v.text_start;
    uint64_t address = TEXT_ADDRESS;
    enum bh_error error = BH_OK;
    v.record_count = 0;
    while (!error && address < TEXT_ADDRESS + size)
        error = decode_one(&v, insn, &code, &left, &address);
    return error;
}

void ask(const uint8_t *bytes, size_t size, enum context context, enum bh_colour colour, struct answer *answer) {
    static size_t front;
    static uint32_t front_records;
    if (context != known_context || colour != v.colour) { // decoded once, then kept
        v.colour = colour;
        v.text_end = TEXT_ADDRESS + TEXT_MAX;
        front = put_context(context, colour);
        known_context = decode_up_to(front) ? CONTEXT_COUNT : context;
        front_records = v.record_count;
    }
    memcpy(text + front, bytes, size);
    v.text_end = TEXT_ADDRESS + (uint32_t)(front + size);
    v.record_count = front_records;
    for (uint32_t i = 0; i < front_records; i++)
        records[i].flags = 0;
    const uint8_t *code = text + front;
    size_t left = size;
    uint64_t address = address_of_question = TEXT_ADDRESS + (uint32_t)front;
    report.rule = RULE_NONE;
    enum bh_error error = decode_one(&v, insn, &code, &left, &address);
    answer->accepted = !error;
    answer->rule = report.rule;
    answer->record = records[front_records];
    answer->insn = insn;
    answer->colour = colour;
    if (answer->rule != RULE_DECODE)
        answer->prefixes = prefixes_parse(bytes, answer->record.size);
}

uint32_t ask_text(const uint8_t *bytes, size_t size, enum bh_colour colour, const struct record **found) {
    static const uint8_t tail[16] = {0x0f, 0x0b, 0x0f, 0x0b, 0x0f, 0x0b, 0x0f, 0x0b, 0x0f, 0x0b, 0x0f, 0x0b, 0x0f, 0x0b, 0x0f, 0x0b};
    v.colour = colour;
    memcpy(text, bytes, size);
    memcpy(text + size, tail, sizeof(tail));
    v.text_end = TEXT_ADDRESS + (uint32_t)(size + sizeof(tail));
    enum bh_error error = decode_up_to(size);
    known_context = CONTEXT_COUNT;
    *found = records;
    return error ? 0 : v.record_count;
}

uint32_t ask_address(void) {
    return address_of_question;
}
