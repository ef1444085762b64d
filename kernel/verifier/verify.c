// SPDX-License-Identifier: MIT
//
// The verifier's order of work: parse the file, partition the text, decode every byte once, check labels, walk every function.
// Everything is allocated from the heap and given back, but for the tables that the image keeps.
#include "kernel/verifier/verify.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/verifier/internal.h"

void (*verify_pause)(void);

void pause_now(void) {
    if (verify_pause)
        verify_pause();
}

static enum bh_error open_capstone(struct verification *v, bool detail) {
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &v->capstone) != CS_ERR_OK)
        return BH_ENOMEM;
    cs_option(v->capstone, CS_OPT_DETAIL, detail ? CS_OPT_ON : CS_OPT_OFF);
    return BH_OK;
}

static void close_verification(struct verification *v) {
    if (v->capstone)
        cs_close(&v->capstone);
    free(v->records);
    free(v->index);
    free(v->hashes);
}

static enum bh_error run_rules(struct verification *v) {
    enum bh_error error = elf_parse(v);
    if (!error)
        error = functions_read(v);
    if (!error)
        error = open_capstone(v, true);
    if (!error)
        error = decode_text(v);
    if (!error)
        error = functions_mark(v);
    if (!error)
        error = labels_check(v);
    if (!error)
        error = depth_check(v);
    return error;
}

enum bh_error verify_image(const uint8_t *bytes, size_t size, enum bh_colour colour, struct verified_image *image,
                           struct verify_report *report) {
    struct verification v = {.bytes = bytes, .size = size, .colour = colour, .image = image, .report = report};
    *image = (struct verified_image){.bytes = bytes, .size = size};
    *report = (struct verify_report){0};
    enum bh_error error = run_rules(&v);
    close_verification(&v);
    if (error)
        verified_image_free(image);
    return error;
}

enum bh_error verify_plain(const uint8_t *bytes, size_t size, struct verified_image *image, struct verify_report *report) {
    struct verification v = {.bytes = bytes, .size = size, .image = image, .report = report};
    *image = (struct verified_image){.bytes = bytes, .size = size};
    *report = (struct verify_report){0};
    enum bh_error error = elf_parse(&v);
    if (!error && !image->plain)
        error = BH_EIMAGE;
    close_verification(&v);
    if (error)
        verified_image_free(image);
    return error;
}

void verified_image_free(struct verified_image *image) {
    free(image->relocations);
    free(image->functions);
    free(image->labels);
    free(image->calls);
    free(image->symbols);
    image->relocations = image->functions = image->labels = NULL;
    image->calls = NULL;
    image->symbols = NULL;
    image->relocation_count = image->function_count = image->call_count = image->symbol_count = 0;
}

enum bh_error verify_recolour(uint8_t *bytes, size_t size, enum bh_colour from, enum bh_colour to,
                              struct verify_report *report) {
    struct verified_image image = {.bytes = bytes, .size = size};
    struct verification v = {.bytes = bytes, .size = size, .colour = from, .image = &image, .report = report};
    uint8_t old = from == BH_COLOUR_GS ? 0x65 : 0x64, new = to == BH_COLOUR_GS ? 0x65 : 0x64;
    *report = (struct verify_report){0};
    enum bh_error error = elf_parse(&v);
    if (!error)
        error = open_capstone(&v, false);
    cs_insn *insn = error ? NULL : cs_malloc(v.capstone);
    size_t left = v.text_end - v.text_start;
    uint64_t address = v.text_start;
    const uint8_t *code = v.text;
    while (!error && insn && left) {
        uint8_t *start = bytes + (code - bytes);
        pause_now();
        if (!cs_disasm_iter(v.capstone, &code, &left, &address, insn)) {
            error = refuse_code(&v, RULE_DECODE, (uint32_t)address, "byte 0x%02x", *start);
            break;
        }
        struct prefixes prefixes = prefixes_parse(start, insn->size);
        for (int i = 0; i < prefixes.count; i++)
            if (start[i] == old)
                start[i] = new;
    }
    if (insn)
        cs_free(insn, 1);
    close_verification(&v);
    verified_image_free(&image);
    return error;
}

int64_t functions_find(const struct verified_image *image, uint64_t offset) {
    int64_t low = 0, high = (int64_t)image->function_count - 1;
    while (low <= high) {
        int64_t middle = (low + high) / 2;
        if (image->functions[middle] <= offset)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return high;
}

// Number of the function that starts at `offset`, -1 when none does.
static int64_t function_at(const struct verified_image *image, uint64_t offset) {
    int64_t found = functions_find(image, offset);
    return found >= 0 && image->functions[found] == offset ? found : -1;
}

bool verified_is_function(const struct verified_image *image, uint64_t offset) {
    return function_at(image, offset) >= 0;
}

uint32_t verified_label(const struct verified_image *image, uint64_t offset) {
    int64_t found = function_at(image, offset);
    return found >= 0 ? image->labels[found] : 0;
}

static int compare_call(const void *offset, const void *call) {
    uint64_t wanted = *(const uint64_t *)offset, resume = ((const struct verified_call *)call)->resume;
    return wanted < resume ? -1 : wanted > resume;
}

const struct verified_call *verified_call_at(const struct verified_image *image, uint64_t offset) {
    return image->call_count ? bsearch(&offset, image->calls, image->call_count, sizeof(*image->calls), compare_call) : NULL;
}

const char *verified_symbol(const struct verified_image *image, uint64_t offset, uint64_t *within) {
    int64_t low = 0, high = (int64_t)image->symbol_count - 1;
    while (low <= high) {
        int64_t middle = (low + high) / 2;
        if (image->symbols[middle].start <= offset)
            low = middle + 1;
        else
            high = middle - 1;
    }
    if (high < 0 || offset < image->text_start || offset >= image->text_end)
        return NULL;
    *within = offset - image->symbols[high].start;
    return image->symbols[high].name;
}
