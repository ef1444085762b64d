// SPDX-License-Identifier: MIT
//
// The verifier asked about one instruction: its own decode_one(), in a text that consists of a context and the instruction. Only
// report.c of the verifier is replaced, by a refuse_code() that keeps the rule and writes no message.
#include <stdlib.h>
#include <string.h>

#include "tests/decoders/decoders.h"

enum { TEXT_MAX = 128, RECORDS_MAX = TEXT_MAX };

static struct verified_image image = {.end = BH_SLOT_IMAGE_END, .segment_count = 1};
static struct verify_report report;
static struct record records[RECORDS_MAX];
static uint32_t index_of[TEXT_MAX];
static uint8_t text[TEXT_MAX];
static cs_insn *insn;
static size_t front; // bytes in front of the instruction that is asked about
static uint32_t front_records;
static struct verification v = {.image = &image, .report = &report, .text = text, .text_start = TEXT_ADDRESS, .records = records,
                                .index = index_of};

enum bh_error refuse_code(struct verification *verification, enum verify_rule rule, uint32_t offset, const char *format, ...) {
    (void)format;
    verification->report->rule = rule;
    verification->report->offset = offset;
    return BH_EVERIFY;
}

// The text is an image of its own, whose jump tables lie in it.
bool ask_open(void) {
    v.size = sizeof(text);
    image.bytes = text;
    image.segments[0] = (struct verified_segment){0, sizeof(text), TEXT_ADDRESS, sizeof(text), VERIFY_READ | VERIFY_EXECUTE};
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

// Decodes up to `size` bytes of the text; the verifier's error.
static enum bh_error decode_up_to(size_t size) {
    const uint8_t *code = text;
    size_t left = v.text_end - v.text_start;
    uint64_t address = TEXT_ADDRESS;
    enum bh_error error = BH_OK;
    v.record_count = 0;
    v.table_entries = 0;
    while (!error && address < TEXT_ADDRESS + size)
        error = decode_one(&v, insn, &code, &left, &address);
    return error;
}

bool ask_behind(const uint8_t *bytes, size_t size, enum bh_colour colour) {
    v.colour = colour;
    memcpy(text, bytes, size);
    memset(text + size, 0x0b, TEXT_MAX - size);
    v.text_end = TEXT_ADDRESS + TEXT_MAX;
    front = size;
    bool good = !decode_up_to(size) && v.record_count && records[v.record_count - 1].offset + records[v.record_count - 1].size == TEXT_ADDRESS + size;
    front_records = v.record_count;
    return good;
}

bool ask_behind_strings(enum bh_colour colour) {
    uint8_t bytes[] = {0x89, 0xf6, 0x65, 0x48, 0x03, 0x34, 0x25, 0x00, 0x00, 0x01, 0x00,
                       0x89, 0xff, 0x65, 0x48, 0x03, 0x3c, 0x25, 0x00, 0x00, 0x01, 0x00};
    bytes[2] = bytes[13] = colour == BH_COLOUR_GS ? 0x65 : 0x64;
    return ask_behind(bytes, sizeof(bytes), colour);
}

void ask(const uint8_t *bytes, size_t size, struct answer *answer) {
    memcpy(text + front, bytes, size);
    v.text_end = TEXT_ADDRESS + (uint32_t)(front + size);
    v.record_count = front_records;
    for (uint32_t i = 0; i < front_records; i++)
        records[i].flags = 0;
    const uint8_t *code = text + front;
    size_t left = size;
    uint64_t address = TEXT_ADDRESS + front;
    report.rule = RULE_NONE;
    enum bh_error error = decode_one(&v, insn, &code, &left, &address);
    answer->accepted = !error;
    answer->rule = report.rule;
    answer->record = records[front_records];
    answer->insn = insn;
    answer->colour = v.colour;
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
    *found = records;
    return error ? 0 : v.record_count;
}

uint32_t ask_address(void) {
    return TEXT_ADDRESS + (uint32_t)front;
}

const uint8_t *ask_before(size_t *size, uint32_t *address) {
    const struct record *before = &records[front_records - 1];
    *size = before->size;
    *address = before->offset;
    return text + (before->offset - TEXT_ADDRESS);
}
