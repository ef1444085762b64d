// SPDX-License-Identifier: MIT
//
// bench/verifier: how fast images are verified, on one processor, beside capstone decoding the same text with details and nothing else.
//
//   verifier IMAGE OUT.json [REPEATS]
#include "bench/harness/harness.h"

#include <capstone/capstone.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/verifier/verify.h"

#define REPEATS_DEFAULT 15
#define REPEATS_MAX 1000

static const uint8_t *image_bytes;
static size_t image_size;

static bool open_image(const char *path) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) < 0) {
        perror(path);
        return false;
    }
    image_size = (size_t)info.st_size;
    image_bytes = mmap(NULL, image_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    return image_bytes != MAP_FAILED;
}

static const uint8_t *text_of(const struct verified_image *image) {
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct verified_segment *segment = &image->segments[i];
        if (image->text_start >= segment->start && image->text_end <= segment->start + segment->file_size)
            return image->bytes + segment->file_offset + (image->text_start - segment->start);
    }
    return NULL;
}

// Nanoseconds for one pass of capstone over the text.
static double decode(const uint8_t *text, size_t size, uint64_t *instructions) {
    csh handle;
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
        return 0;
    cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
    cs_insn *one = cs_malloc(handle);
    uint64_t start = cpu_time_ns(), address = 0;
    *instructions = 0;
    while (size) {
        if (cs_disasm_iter(handle, &text, &size, &address, one)) {
            ++*instructions;
        } else {
            text++;
            size--;
        }
    }
    double took = (double)(cpu_time_ns() - start);
    cs_free(one, 1);
    cs_close(&handle);
    return took;
}

static bool measure(const char *path, uint32_t repeats, FILE *out) {
    double verify[REPEATS_MAX], alone[REPEATS_MAX];
    size_t text_size = 0;
    uint64_t instructions = 0;
    for (uint32_t i = 0; i < repeats; i++) {
        struct verified_image image;
        struct verify_report report;
        char text[480];
        uint64_t start = cpu_time_ns();
        if (verify_image(image_bytes, image_size, BH_COLOUR_GS, &image, &report) != BH_OK) {
            fprintf(stderr, "%s\n", verify_report_format(&report, path, text, sizeof(text)));
            return false;
        }
        double took = (double)(cpu_time_ns() - start);
        const uint8_t *bytes = text_of(&image);
        text_size = image.text_end - image.text_start;
        verify[i] = text_size / took * 1e3;
        alone[i] = bytes ? text_size / decode(bytes, text_size, &instructions) * 1e3 : 0;
        verified_image_free(&image);
    }
    fprintf(out, "{\"benchmark\": \"verifier\", \"image\": \"%s\", \"text_bytes\": %zu, \"instructions\": %llu, \"repeats\": %u, ", path,
            text_size, (unsigned long long)instructions, repeats);
    print_samples(out, "verifier_mb_s", verify, repeats, 1);
    fputs(", ", out);
    print_samples(out, "capstone_mb_s", alone, repeats, 1);
    fputs("}\n", out);
    return true;
}

int main(int argc, char **argv) {
    uint32_t repeats = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : REPEATS_DEFAULT;
    if (argc < 3 || argc > 4 || !repeats || repeats > REPEATS_MAX) {
        fprintf(stderr, "usage: verifier IMAGE OUT.json [REPEATS]   (REPEATS: 1 to %d)\n", REPEATS_MAX);
        return 2;
    }
    FILE *out = fopen(argv[2], "w");
    if (!out) {
        perror(argv[2]);
        return 1;
    }
    pin_to_processor();
    bool good = open_image(argv[1]) && measure(argv[1], repeats, out);
    return fclose(out) == 0 && good ? 0 : 1;
}
