#!/usr/bin/env bash
# Installs R with the packages that the reference tests compare against (Debian and Ubuntu). Safe to run again.
set -euo pipefail

packages=(r-base-core r-cran-lme4 r-cran-lmertest r-cran-glmmtmb r-cran-jsonlite)

present() {
  command -v Rscript >/dev/null 2>&1 &&
    Rscript -e 'for (p in c("lme4", "lmerTest", "glmmTMB", "jsonlite")) if (!requireNamespace(p, quietly = TRUE)) quit(status = 1)' \
      >/dev/null 2>&1
}

if present; then
  echo "R with lme4, lmerTest, glmmTMB and jsonlite is there."
  exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "apt-get is not there; install R and its packages lme4, lmerTest, glmmTMB and jsonlite by hand." >&2
  exit 1
fi
run=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1 || ! sudo -n true 2>/dev/null; then
    echo "Installing R needs root: run 'sudo bash scripts/install-r.sh', or leave the R tests out with -m 'not r'." >&2
    exit 1
  fi
  run=(sudo)
fi
"${run[@]}" apt-get update
DEBIAN_FRONTEND=noninteractive "${run[@]}" apt-get install -y --no-install-recommends "${packages[@]}"
present || { echo "R was installed, but one of its packages cannot be loaded." >&2; exit 1; }
