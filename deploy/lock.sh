#!/usr/bin/env bash
# Writes requirements.lock from pyproject.toml: exact versions with hashes, for Python 3.11 and newer on Linux, whatever the
# processor. Versions that still fit are kept.
#
#   ./deploy/lock.sh                             after a change in pyproject.toml
#   ./deploy/lock.sh --upgrade                   the newest versions that fit
#   ./deploy/lock.sh --upgrade-package NAME      the newest version of one package
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/machine.sh
. "$ROOT/deploy/machine.sh"
cd "$ROOT"

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

compile() {
    "$WORK/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate "$@" pyproject.toml >/dev/null
}

need_python
"$PYTHON" -m venv "$WORK/venv"
"$WORK/venv/bin/pip" install --quiet --disable-pip-version-check uv
# uv keeps the versions that its output file has already.
sed "$WITH_TEST_TOOLS" requirements.lock >"$WORK/all.txt" 2>/dev/null || true
compile --extra test --extra build --generate-hashes --output-file "$WORK/all.txt" "$@"
compile --extra build --constraints "$WORK/all.txt" --output-file "$WORK/product.txt"
{
    echo "# Written by deploy/lock.sh from pyproject.toml: do not edit."
    echo "# Install with: pip install --require-hashes -r requirements.lock && pip install --no-deps --no-build-isolation ."
    echo "# pip leaves out the lines with extra == 'test', the tools of the tests; tests/run.sh installs them too."
    # A package that neither hookserver nor its installation needs gets the marker `extra == 'test'`.
    awk -v test="extra == 'test'" '
        /^[a-z0-9]/ { name = $1; sub(/==.*/, "", name) }
        NR == FNR { product[name]; next }
        /^[a-z0-9]/ && !(name in product) {
            sub(/ \\$/, "")
            if (marker = index($0, " ; ")) $0 = substr($0, 1, marker + 2) "(" substr($0, marker + 3) ") and " test " \\"
            else $0 = $0 " ; " test " \\"
        }
        { print }' "$WORK/product.txt" "$WORK/all.txt"
} >"$WORK/requirements.lock"
mv "$WORK/requirements.lock" requirements.lock
