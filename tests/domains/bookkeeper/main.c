// SPDX-License-Identifier: MIT
//
// A ledger in a database, while the database's domain and the driver of its disk die in the middle of transactions. Money goes from account to account;
// whatever dies, no transfer may be half done, lost or done twice, and the sum stays. What is on the disk already at the start is gone on with.
// Settings: "transfers", how many to make (0: without end); "deaths", how many of each domain to cause meanwhile; "seed". Powers off with status 0
// when all of it held.
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/crash.h"
#include "sql.h"
#include "tests/domains/expect.h"

#define ACCOUNTS 64
#define MONEY 1000 // in each account, at first
#define BULK_EVERY 8
#define BULK_ROWS 150
#define PATIENCE 2000
#define PAUSE_NS 5000000ull
#define TELL_EVERY 20

bh_cap system_cap;
static bh_cap service;
static _Atomic uint32_t deaths_of_driver, deaths_of_database;
static uint64_t deaths_wanted, dice;
static uint32_t interrupted; // transactions that did not come back

static uint64_t setting(const char *name) {
    uint64_t number = 0;
    EXPECT_OK(bh_setting_number(name, 0, UINT64_MAX, &number));
    return number;
}

static uint32_t throw(uint64_t *state, uint32_t sides) { // xorshift
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 11) % sides;
}

// ---- the ledger

// One text of statements. BH_EDEAD when the database died of it, or was dead: then it may be carried out or not.
static enum bh_error run(const char *text, char *rows) {
    uint32_t failed, size = 0;
    enum bh_error error = sql_exec(service, text, (uint32_t)strlen(text), &failed, rows, &size);
    if (error)
        return error;
    rows[size < BH_SQL_TEXT_MAX ? size : BH_SQL_TEXT_MAX - 1] = 0;
    EXPECT(!failed, "`%.200s' fails: %u %.200s", text, failed, rows);
    return BH_OK;
}

// Until somebody answers.
static void ask(const char *text, char *rows) {
    enum bh_error error = BH_EDEAD;
    for (int i = 0; i < PATIENCE && (error = run(text, rows)) == BH_EDEAD; i++)
        bh_sleep_for(PAUSE_NS);
    EXPECT(!error, "`%.200s': %s", text, bh_strerror(error));
}

static uint64_t number(const char *question) {
    char rows[BH_SQL_TEXT_MAX];
    ask(question, rows);
    return strtoull(rows, NULL, 10);
}

static void check(void) {
    char rows[BH_SQL_TEXT_MAX], wanted[100];
    snprintf(wanted, sizeof(wanted), "%d|0\n", ACCOUNTS * MONEY);
    ask("SELECT sum(balance), (SELECT sum(value) FROM entry) FROM account", rows);
    EXPECT(strcmp(rows, wanted) == 0 || strcmp(rows, "64000|\n") == 0, "the books say `%s', not `%s'", rows, wanted);
    ask("SELECT count(*) FROM account WHERE balance != 1000 + ifnull((SELECT sum(value) FROM entry WHERE entry.account = account.id), 0)",
        rows);
    EXPECT(strcmp(rows, "0\n") == 0, "accounts that do not follow from the entries: %s", rows);
    ask("SELECT count(*) FROM (SELECT batch, count(*) AS c FROM bulk GROUP BY batch HAVING c != 150)", rows);
    EXPECT(strcmp(rows, "0\n") == 0, "batches that are not whole: %s", rows);
    ask("PRAGMA integrity_check", rows);
    EXPECT(strcmp(rows, "ok\n") == 0, "the database is damaged: %.300s", rows);
}

static void open_books(void) {
    char rows[BH_SQL_TEXT_MAX];
    ask("BEGIN; CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY, balance INTEGER);"
        "CREATE TABLE IF NOT EXISTS entry (transfer INTEGER, account INTEGER, value INTEGER, PRIMARY KEY (transfer, account));"
        "CREATE TABLE IF NOT EXISTS bulk (batch INTEGER, text TEXT); CREATE INDEX IF NOT EXISTS by_batch ON bulk (batch);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 64) INSERT OR IGNORE INTO account SELECT i, 1000 FROM n; "
        "COMMIT",
        rows);
    check();
}

// One transaction in one call. It counts as made when its entries are there, whether or not the answer came.
static void transfer(uint64_t n) {
    char text[1000], question[100], rows[BH_SQL_TEXT_MAX];
    uint32_t from = throw(&dice, ACCOUNTS) + 1, to = from % ACCOUNTS + 1, value = throw(&dice, 500) + 1;
    int length = snprintf(text, sizeof(text),
                          "BEGIN; UPDATE account SET balance = balance - %u WHERE id = %u; INSERT INTO entry VALUES (%llu, %u, -%u);",
                          value, from, (unsigned long long)n, from, value);
    if (n % BULK_EVERY == 0) // many pages, so that it takes a while
        length += snprintf(text + length, sizeof(text) - (size_t)length,
                           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO bulk "
                           "SELECT %llu, printf('%%0200d', i * 7919 %% 1000) FROM n; DELETE FROM bulk WHERE batch < %lld;",
                           BULK_ROWS, (unsigned long long)n, (long long)n - 3 * BULK_EVERY);
    snprintf(text + length, sizeof(text) - (size_t)length,
             "UPDATE account SET balance = balance + %u WHERE id = %u; INSERT INTO entry VALUES (%llu, %u, %u); COMMIT", value, to,
             (unsigned long long)n, to, value);
    snprintf(question, sizeof(question), "SELECT count(*) FROM entry WHERE transfer = %llu", (unsigned long long)n);
    for (int tries = 0; tries < PATIENCE; tries++) {
        enum bh_error error = run(text, rows);
        if (!error)
            return;
        EXPECT_ERROR(error, BH_EDEAD);
        interrupted++;
        uint64_t entries = number(question);
        EXPECT(entries == 0 || entries == 2, "transfer %llu is half there: %llu entries", (unsigned long long)n,
               (unsigned long long)entries);
        if (entries)
            return;
    }
    fail(__FILE__, __LINE__, "transfer %llu never comes through", (unsigned long long)n);
}

// ---- deaths

// Break or kill it, and wait until the supervisor has started it again.
static void end_life(const char *name, uint32_t kind) {
    struct bh_domain_info info = {0};
    uint32_t id;
    EXPECT_OK(system_domain_find(system_cap, name, &id));
    EXPECT_OK(system_domain_info(system_cap, id, &info));
    uint32_t restarts = info.restarts;
    EXPECT_OK(kind ? system_inject(system_cap, id, kind) : system_kill(system_cap, id));
    for (int i = 0; i < PATIENCE && !(info.restarts > restarts && info.state == BH_DOMAIN_STATE_RUNNING); i++) {
        bh_sleep_for(PAUSE_NS);
        EXPECT_OK(system_domain_info(system_cap, id, &info));
    }
    EXPECT(info.restarts > restarts, "%s does not come back", name);
}

static void killer(uint64_t seed) {
    static const uint32_t kinds[] = {0, BH_INJECT_NULL, BH_INJECT_UNDEFINED, BH_INJECT_PANIC};
    uint64_t chance = seed;
    while (deaths_of_driver < deaths_wanted || deaths_of_database < deaths_wanted) {
        bh_sleep_for((5 + throw(&chance, 100)) * 1000000ull);
        uint32_t kind = kinds[throw(&chance, sizeof(kinds) / sizeof(*kinds))];
        if (throw(&chance, 2) && deaths_of_driver < deaths_wanted) {
            end_life("virtio-blk", kind);
            deaths_of_driver++;
        } else if (deaths_of_database < deaths_wanted) {
            end_life("sqlite", 0);
            deaths_of_database++;
        }
    }
}

int main(void) {
    EXPECT_OK(bh_cap_find("system", &system_cap));
    EXPECT_OK(bh_cap_find("sql", &service));
    uint64_t wanted = setting("transfers");
    uint64_t seed = setting("seed");
    deaths_wanted = setting("deaths");
    dice = seed * 2654435761u + 88172645463325252ull;
    open_books();
    uint64_t first = number("SELECT count(*) / 2 FROM entry"), n = first;
    bh_info("found %llu transfers", (unsigned long long)first);
    if (deaths_wanted)
        EXPECT_OK(bh_thread_create(killer, dice ^ 0x5555, 2));
    for (; !wanted || n < first + wanted || deaths_of_driver < deaths_wanted || deaths_of_database < deaths_wanted; n++) {
        transfer(n);
        if ((n + 1) % TELL_EVERY == 0) {
            check();
            bh_info("made %llu transfers", (unsigned long long)n + 1);
        }
    }
    check();
    EXPECT(number("SELECT count(*) / 2 FROM entry") == n, "transfers are missing");
    bh_info("ok: %llu transfers; the driver died %u times, the database %u times; %u transactions were interrupted", (unsigned long long)n,
            deaths_of_driver, deaths_of_database, interrupted);
    (void)system_power_off(system_cap, 0);
    bh_thread_exit();
}
