// SPDX-License-Identifier: MIT
//
// In front of each file of Tcl and of SQLite's tests: the types by which they call functions through casts (bhcc --call-as=FUNCTION:LIKE).
#ifndef LIKE_H
#define LIKE_H

struct Tcl_Interp;
#define LIKE __attribute__((unused)) static

LIKE int like_compare(const void *a, const void *b, unsigned long size) {
    return a == b && size;
}
LIKE void like_free(char *block) {
    (void)block;
}
LIKE void like_delete(void *data) {
    (void)data;
}
LIKE int like_command(void *data, struct Tcl_Interp *interpreter, int count, const char **words) {
    return data && interpreter && count && words;
}
LIKE void like_log(void *data, int code, const char *text) {
    (void)data, (void)code, (void)text;
}

// Of two functions that Tcl calls by their own type and by a cast as well: for the cast (build.sh).
int Tcl_UniCharNcmp(const unsigned short *a, const unsigned short *b, unsigned long count);
int Tcl_UniCharNcasecmp(const unsigned short *a, const unsigned short *b, unsigned long count);
LIKE int like_Ncmp(const void *a, const void *b, unsigned long count) {
    return Tcl_UniCharNcmp((const unsigned short *)a, (const unsigned short *)b, count);
}
LIKE int like_Ncasecmp(const void *a, const void *b, unsigned long count) {
    return Tcl_UniCharNcasecmp((const unsigned short *)a, (const unsigned short *)b, count);
}

// A function whose address nobody takes has no type.
__attribute__((used)) static void *const likes[] = {(void *)like_compare, (void *)like_free, (void *)like_delete, (void *)like_command,
                                                    (void *)like_log};

#endif
