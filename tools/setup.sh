#!/bin/sh
# Make .venv and install the labs into it, once for each version of pyproject.toml. One line says what went wrong.
set -u
cd "$(dirname "$0")/.." || exit 1
stamp=.venv/installed
wanted=$(cksum < pyproject.toml)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && .venv/bin/python -c "" 2> /dev/null && exit 0

fail() { echo "Set-up failed: $*" >&2; exit 1; }
fits() { "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' > /dev/null 2>&1; }

if .venv/bin/python -c "" > /dev/null 2>&1; then  # it may be yours: it is never deleted
    fits .venv/bin/python || fail ".venv has $(.venv/bin/python --version 2>&1); the labs need Python 3.10 to 3.13; delete .venv and run the command again"
    .venv/bin/python -m pip --version > /dev/null 2>&1 || .venv/bin/python -m ensurepip > /dev/null 2>&1 ||
        fail ".venv has no pip; install it there (uv pip install pip), or delete .venv, and run the command again"
else
    if [ -n "${PYTHON:-}" ]; then
        python=$PYTHON
        fits "$python" || fail "PYTHON=$python is $("$python" --version 2>&1 | head -n 1); the labs need Python 3.10 to 3.13"
    else
        for python in python3 python3.13 python3.12 python3.11 python3.10; do fits "$python" && break; done
    fi
    fits "$python" || fail "no Python 3.10 to 3.13 found (python3 is $(python3 --version 2>&1 | head -n 1)); install one, or name it: make setup PYTHON=/path/to/python"
    "$python" -c "import venv, ensurepip" 2> /dev/null ||
        fail "$python has no venv module; install it (Debian, Ubuntu: sudo apt install python3-venv) and run the command again"
    echo "Making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv > /dev/null 2>&1 || fail ".venv could not be made here; is the disk full or the folder read-only?"
fi

echo "Installing packages into .venv; the first time takes some minutes"
[ -t 1 ] && quiet= || quiet=-q
rm -f "$stamp"
.venv/bin/python -m pip install $quiet --disable-pip-version-check -e ".[lab,test]" 2> .venv/errors.txt ||
    fail "packages could not be installed; check the network and run the command again (details: .venv/errors.txt)"
echo "$wanted" > "$stamp"
