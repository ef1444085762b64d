// SPDX-License-Identifier: MIT
//
// The smallest domain: says hello and ends. Serves nothing, needs nothing; when it dies nobody notices.
// docs/writing-a-domain.md starts here.
#include <bulkhead/domain.h>

int main(void) {
    bh_info("hello from a domain");
    return 0;
}
