// SPDX-License-Identifier: MIT
#ifndef CONTROL_CALL_H
#define CONTROL_CALL_H

// port NAME: which interface a capability leads to.
void do_port(const char *name);
// call PORT INTERFACE FINGERPRINT METHOD DATA: DATA are the arguments in hexadecimal, `-' for none.
void do_call(const char *port, const char *interface, const char *fingerprint, const char *method, const char *data);

#endif
