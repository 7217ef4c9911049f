#!/usr/bin/env bash
# llama-cpp-python's server, for the long tests. Its source takes tens of minutes to compile on two cores, so the wheel
# is built once and kept in .cache/wheels.
set -euo pipefail
cd "$(dirname "$0")/.."
VERSION=0.3.36
PYTHON=.venv/bin/python
"$PYTHON" -m pip install --quiet xllamacpp  # the engine itself, for the test that compares choices
if "$PYTHON" -c "import llama_cpp.server" 2>/dev/null; then exit 0; fi
mkdir -p .cache/wheels
if ! ls .cache/wheels/llama_cpp_python-"$VERSION"-*.whl >/dev/null 2>&1; then
  CMAKE_ARGS="-DGGML_NATIVE=OFF -DLLAVA_BUILD=OFF" \
    "$PYTHON" -m pip wheel --no-deps --wheel-dir .cache/wheels "llama-cpp-python==$VERSION"
fi
"$PYTHON" -m pip install "$(ls .cache/wheels/llama_cpp_python-"$VERSION"-*.whl)[server]"
