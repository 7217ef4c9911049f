#!/bin/sh
# Chromium for the tests marked `browser`. Debian and Ubuntu only; does nothing where a browser is there already or
# where there are no rights to install one (the tests then say why they are skipped; EVENHAND_CI=1 makes that a failure).
set -eu
if [ -x "${EVENHAND_CHROMIUM:-/usr/bin/chromium}" ]; then
  exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "no chromium, and no rights to install it: browser tests will be skipped"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null ||
  echo "chromium could not be installed: browser tests will be skipped"
