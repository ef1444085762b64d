// SPDX-License-Identifier: MIT
//
// The kernel interface Trace. What else the kernel must tell it.
#ifndef BH_TRACING_H
#define BH_TRACING_H

struct domain;

// The domain that switched the trace on is gone: so nobody pays for it any more.
void tracing_domain_died(const struct domain *domain);

#endif
