// SPDX-License-Identifier: MIT
//
// The called side of the call benchmark. Serves BenchServer behind the port "target" or "near", whichever the manifest gives it; needs
// "client" to move pages back. Does nothing with what it gets. When it dies the benchmark fails.
#include <bulkhead/domain.h>

#include "bench.h"

static bh_cap client, taken;

static enum bh_error nothing(void *object) {
    (void)object;
    return BH_OK;
}

static enum bh_error record(void *object, const struct bh_bench_record *record) {
    (void)object;
    return record->words[7] ? BH_OK : BH_EINVAL;
}

static enum bh_error take(void *object, bh_cap page) {
    (void)object;
    taken = page;
    return BH_OK;
}

static enum bh_error untake(void *object) {
    (void)object;
    return bench_client_give_back(client, taken);
}

int main(void) {
    static const struct bench_server_methods methods = {nothing, record, take, untake};
    // Only the server that gets pages to move back is given its client.
    const char *port = bh_cap_find("client", &client) == BH_OK ? "target" : "near";
    enum bh_error error = bench_server_serve(port, &methods, NULL);
    if (!error && port[0] == 'n')
        error = bench_server_serve("measured", &methods, NULL); // by way of another shadow
    if (error) {
        bh_error_log("cannot serve: %s", bh_strerror(error));
        return 1;
    }
    bh_thread_exit();
}
