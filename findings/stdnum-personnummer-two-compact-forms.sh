#!/usr/bin/env bash
# Package:  PyPI python-stdnum 2.2, stdnum.se.personnummer (and stdnum.nl.bsn beside it)
# Input:    one Swedish personal number, written with and without the century.
# Expected: compact() is the form to compare by, as for the Dutch BSN, where a missing
#           leading zero is put back.
# Seen:     both spellings are valid and have the same birth date, but compact() keeps
#           the century of one and its absence in the other. Two records are found for
#           one person by whoever compares compact forms.
# So:       both are brought to one form, with the century, before they are compared.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check python-stdnum==2.2
"$folder/venv/bin/python" - <<'PY'
import stdnum
from stdnum.nl import bsn
from stdnum.se import personnummer

print("python-stdnum", stdnum.__version__)
short, long = "880320-0016", "19880320-0016"
for text in (short, long):
    print(text, personnummer.get_birth_date(text), personnummer.compact(text))
print("BSN 12345672 and 012345672:", bsn.compact("12345672"), bsn.compact("012345672"))
described = (
    personnummer.is_valid(short)
    and personnummer.is_valid(long)
    and personnummer.get_birth_date(short) == personnummer.get_birth_date(long)
    and personnummer.compact(short) != personnummer.compact(long)
    and bsn.compact("12345672") == bsn.compact("012345672")
)
print(
    "As described: one person has two compact forms."
    if described
    else "CHANGED: the compact forms agree now."
)
raise SystemExit(0 if described else 1)
PY
