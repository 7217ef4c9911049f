#!/bin/sh
# libfaketime for the tests that set a process's clock. Debian and Ubuntu only; does nothing where it is there already or
# where there are no rights to install it (the tests then say why they are skipped; EVENHAND_CI=1 makes that a failure).
set -eu
if find /usr/lib -name 'libfaketimeMT.so.1' 2>/dev/null | grep -q .; then
  exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "no libfaketime, and no rights to install it: tests of jumping clocks will be skipped"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -y -qq --no-install-recommends libfaketime >/dev/null ||
  echo "libfaketime could not be installed: tests of jumping clocks will be skipped"
