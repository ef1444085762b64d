// SPDX-License-Identifier: MIT
//
// The script service: results, globals that last, errors with their line, output that is cut, programs in buffers, files, and a state that begins anew.
#include "script.h"

#include <stdio.h>
#include <string.h>

#include "customer.h"

static bh_cap service;

static void expect(const char *source, uint32_t failed_wanted, const char *wanted) {
    char output[BH_SCRIPT_TEXT_MAX];
    uint32_t size, failed;
    EXPECT_OK(script_eval(service, source, (uint32_t)strlen(source), &failed, output, &size));
    expect_answer(source, failed, output, size, failed_wanted, wanted);
}

void script_scenario(void) {
    char output[BH_SCRIPT_TEXT_MAX];
    uint32_t size, failed;
    service = find("script");
    AWAIT(script_reset(service));
    expect("print(6 * 7)", 0, "42\n");
    expect("x = 5; function twice(n) return 2 * n end", 0, "");
    expect("io.write(twice(x), ' ', #string.rep('ab', 1000))", 0, "10 2000");
    expect("print(pcall(error, 'caught'))", 0, "false\tcaught\n");
    expect("print('before')\nerror('thrown')", 1, "before\nscript:2: thrown");
    expect("x = = 1", 1, "script:1: unexpected symbol near '='");
    expect("local t = nil; t.x = 1", 1, "script:1: attempt to index a nil value (local 't')");
    expect("for w in ('one two'):gmatch('%a+') do print(w:upper()) end", 0, "ONE\nTWO\n");
    expect("f = io.open('note', 'w'); f:write('kept'); f:close()", 0, "");
    expect("for l in io.lines('note') do print(l) end", 0, "kept\n");
    expect("co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) print(co(), co(), co())", 0, "1\t2\t3\n");
    static const char cut[] = "io.write(string.rep('x', 100000))";
    EXPECT_OK(script_eval(service, cut, sizeof(cut) - 1, &failed, output, &size));
    EXPECT(size == BH_SCRIPT_TEXT_MAX && !failed, "long output: %u bytes", size);
    bh_cap buffer;
    void *address;
    EXPECT_OK(bh_buffer_alloc(65536, &buffer, &address));
    int length = sprintf(address, "local sum = 0\n");
    for (int i = 0; i < 2000; i++)
        length += sprintf((char *)address + length, "sum = sum + %d\n", i);
    length += sprintf((char *)address + length, "print(sum)");
    EXPECT_OK(script_run(service, buffer, (uint64_t)length, &failed, output, &size));
    EXPECT(!failed && size == 8 && memcmp(output, "1999000\n", 8) == 0, "a long program: %u `%.*s'", failed, (int)size, output);
    EXPECT_ERROR(script_run(service, buffer, 1 << 20, &failed, output, &size), BH_ERANGE);
    EXPECT_OK(script_reset(service));
    expect("print(x, twice)", 0, "nil\tnil\n");
}
