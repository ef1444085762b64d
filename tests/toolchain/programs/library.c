// SPDX-License-Identifier: MIT
//
// The C library: files in memory, streams over memory, formatted output and input, numbers from text, sorting, searching, time, constructors
// and atexit.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <regex.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "say.h"

static int constructed;
__attribute__((constructor)) static void construct(void) {
    constructed = 42;
}
static void at_end(void) {
    say("atexit");
}

static void write_text(const char *name, const char *text) {
    FILE *file = fopen(name, "w");
    fputs(text, file);
    fclose(file);
}

static int count_entries(const char *folder) {
    int count = 0;
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && (entry = readdir(listing));)
        count += entry->d_name[0] != '.';
    if (listing)
        closedir(listing);
    return listing ? count : -1;
}

// What is inside a folder goes with it.
static void folders(const char *folder) {
    char inner[300], outer[300], inside[320], moved[320], deep[320], slash[320], line[20];
    snprintf(inner, sizeof(inner), "%s/inner", folder);
    snprintf(outer, sizeof(outer), "%s/outer", folder);
    snprintf(inside, sizeof(inside), "%s/note", inner);
    snprintf(moved, sizeof(moved), "%s/note", outer);
    snprintf(deep, sizeof(deep), "%s/deep", inner);
    say("mkdir %d %d", mkdir(inner, 0700), mkdir(deep, 0700));
    write_text(inside, "moved along");
    snprintf(slash, sizeof(slash), "%s/", inner);
    say("listed: %d %d %d, no folder: %d", count_entries(inner), count_entries(slash), count_entries(deep), count_entries(inside));
    say("here: %d %d", access(".", F_OK), access("/", F_OK));
    int fd = open(inside, O_RDWR);
    struct flock other = {.l_type = F_WRLCK};
    say("locks: %d, free %d", fcntl(fd, F_GETLK, &other), other.l_type == F_UNLCK);
    close(fd);
    say("into itself: %d", rename(inner, deep) < 0 && errno == EINVAL);
    say("rename a folder %d, old name %d, new name %d", rename(inner, outer), access(inside, F_OK), access(moved, F_OK));
    FILE *file = fopen(moved, "r");
    say("inside: %s", file && fgets(line, sizeof(line), file) ? line : "?");
    fclose(file);
    say("mkdir %d", mkdir(inner, 0700));
    say("onto one that is not empty: %d", rename(inner, outer) < 0 && errno == ENOTEMPTY);
    say("onto one that is: %d, %d", rename(outer, inner), access(inside, F_OK));
    DIR *left = opendir(inner);
    say("removed %d %d %d", unlink(inside), rmdir(deep), rmdir(inner));
    say("nothing left in it: %d", left && !readdir(left));
    closedir(left);
}

// A file as standard input, until that is closed: its number is then nothing that a later file may be found by.
static void standard_streams(const char *folder) {
    char name[300], line[20];
    snprintf(name, sizeof(name), "%s/input", folder);
    write_text(name, "line");
    int first = open(name, O_RDONLY);
    say("as standard input: %d, read %d: %.4s", dup2(first, 0), (int)read(0, line, 4), line);
    say("closed: %d", close(0));
    int second = open(name, O_RDONLY);
    if (!second) { // the lowest number; a domain's standard streams are never free
        second = dup(0);
        close(0);
    }
    for (int number = 3; number < 9; number++)
        dup2(second, number);
    say("standard input is no file: %d", lseek(0, 0, SEEK_CUR) < 0);
    for (int number = 3; number < 9; number++)
        close(number);
    unlink(name);
}

static void files(const char *folder) {
    char name[300], other[300], line[100];
    struct stat status;
    snprintf(name, sizeof(name), "%s/numbers.txt", folder);
    snprintf(other, sizeof(other), "%s/other.txt", folder);
    FILE *file = fopen(name, "w+");
    for (int i = 0; i < 3000; i++)
        fprintf(file, "%d squared is %d\n", i, i * i);
    say("written %ld bytes", ftell(file));
    rewind(file);
    int number, square, good = 0;
    while (fscanf(file, "%d squared is %d", &number, &square) == 2)
        good += number * number == square;
    say("read %d lines, eof %d", good, feof(file) != 0);
    fseek(file, -20, SEEK_END);
    say("the end: %s", fgets(line, sizeof(line), file) ? strtok(line, "\n") : "?");
    fclose(file);
    file = fopen(name, "a");
    fputs("appended\n", file);
    fclose(file);
    say("stat %d, size %ld, file %d", stat(name, &status), (long)status.st_size, S_ISREG(status.st_mode));
    say("exclusive: %d", open(name, O_CREAT | O_EXCL | O_RDWR, 0600) < 0 && errno == EEXIST);
    say("rename %d, old name %d, new name %d", rename(name, other), access(name, F_OK), access(other, R_OK));
    int fd = open(other, O_RDWR);
    pwrite(fd, "PATCH", 5, 10);
    pread(fd, line, 20, 5);
    say("patched: %.18s", line);
    say("truncate %d, at the end %ld", ftruncate(fd, 12), (long)lseek(fd, 0, SEEK_END));
    say("unlink while open %d, read %ld", unlink(other), (long)pread(fd, line, 100, 0));
    close(fd);
    say("gone: %d", fopen(other, "r") == NULL && errno == ENOENT);
    say("closed: %d", (int)write(fd, "x", 1) < 0 && errno == EBADF);
    folders(folder);
    standard_streams(folder);
    say("remove the folder: %d", rmdir(folder));
    file = tmpfile();
    fprintf(file, "temporary");
    rewind(file);
    say("temporary file: %s", fgets(line, sizeof(line), file));
    fclose(file);
}

static void memory_streams(void) {
    char buffer[64], *text;
    size_t size;
    FILE *file = fmemopen(buffer, sizeof(buffer), "w");
    fprintf(file, "%s %5.2f %-6s|%+d|%#x|%e", "fmemopen", 3.14159, "left", 7, 255, 12345.678);
    fclose(file);
    say("%s", buffer);
    file = open_memstream(&text, &size);
    for (int i = 0; i < 500; i++)
        fprintf(file, "%d,", i);
    fclose(file);
    say("open_memstream: %zu bytes, %.10s...%s", size, text, text + size - 8);
    free(text);
    file = fmemopen((char[]){"12 0x1f -3.5e2 word"}, 19, "r");
    int a, b;
    double c;
    char d[20];
    say("scanned %d", fscanf(file, "%d %i %lf %19s", &a, &b, &c, d));
    say("%d %d %g %s", a, b, c, d);
    fclose(file);
}

static int by_value(const void *a, const void *b) {
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static void numbers(void) {
    static const char *const texts[] = {"1e400", "0x1.8p3", "-0", "nan", "  42abc", "1.7976931348623157e308", "4.9e-324", "0.1"};
    double values[32];
    char *end;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        double value = strtod(texts[i], &end);
        say("strtod %s: %016llx, rest `%s'", texts[i], bits_of_double(value), end);
    }
    say("strtol %ld %ld %lu", strtol("-0x7f", NULL, 0), strtol("99999999999999999999", NULL, 10), strtoul("777", NULL, 8));
    for (int i = 0; i < 32; i++)
        values[i] = sin(i * 1.7) * pow(i, 1.5);
    qsort(values, 32, sizeof(*values), by_value);
    for (int i = 0; i < 32; i += 5)
        say("%.12g %a", values[i], floor(values[i]));
    double key = values[17];
    say("bsearch: %ld", (long)((double *)bsearch(&key, values, 32, sizeof(key), by_value) - values));
    say("%Lf %.3Lg %5.1f%% %'d %lc", 1.5L, 123456.0L, 99.5, 1000, L'x');
}

static void text_and_time(void) {
    regex_t pattern;
    regmatch_t where[2];
    struct tm when;
    char text[64];
    time_t moment = 1234567890;
    say("regcomp %d", regcomp(&pattern, "([a-z]+)@([a-z.]+)", REG_EXTENDED));
    say("match %d at %d", regexec(&pattern, "mail to someone@example.org now", 2, where, 0), (int)where[1].rm_so);
    regfree(&pattern);
    gmtime_r(&moment, &when);
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %a %j", &when);
    say("%s, back %ld", text, (long)timegm(&when));
    clock_t start = clock();
    say("clock %d, time %d", start != (clock_t)-1, time(NULL) != (time_t)-1);
    setenv("COLOUR", "green", 1);
    say("environment %s %d", getenv("COLOUR"), getenv("NOTHING") == NULL);
    say("wide %ls %d", L"text", (int)wcslen(L"four"));
}

// Of what a program may ask, that which has one answer everywhere.
static void questions(void) {
    struct pollfd ready[] = {{.fd = 1, .events = POLLOUT}, {.fd = -1, .events = POLLIN}, {.fd = 60, .events = POLLIN}};
    struct timeval moment = {.tv_usec = 1000}, none = {0};
    struct rlimit files;
    fd_set set;
    char **walk = environ;
    while (*walk)
        walk++;
    say("page %ld, processors %d, files %d", sysconf(_SC_PAGESIZE), sysconf(_SC_NPROCESSORS_ONLN) > 0, sysconf(_SC_OPEN_MAX) >= 20);
    say("memory %d, limit %d", sysconf(_SC_PHYS_PAGES) > 0, getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur >= 20);
    say("poll %d: %d %d %d", poll(ready, 3, 1000), ready[0].revents == POLLOUT, ready[1].revents, ready[2].revents == POLLNVAL);
    say("poll in vain %d, select %d", poll(ready, 0, 2), select(0, NULL, NULL, NULL, &moment));
    FD_ZERO(&set);
    FD_SET(1, &set);
    say("writable %d", select(2, NULL, &set, NULL, &none) == 1 && FD_ISSET(1, &set));
    FD_SET(61, &set);
    say("closed %d", select(62, &set, NULL, NULL, &none) < 0 && errno == EBADF);
    say("root %d, nowhere %d", chdir("/"), chdir("/no such folder") < 0 && errno == ENOENT);
}

int main(void) {
    char folder[] = "/tmp/library-XXXXXX"; // for the host, where this program runs, too: in a domain any place is in its own memory
    atexit(at_end);
    say("constructed %d", constructed);
    say("mkdtemp %d", mkdtemp(folder) == folder);
    files(folder);
    memory_streams();
    numbers();
    text_and_time();
    questions();
    return 0;
}
