#!/usr/bin/env bash
# Package:  PyPI python-stdnum 2.2, stdnum.gs1_128
# Input:    a serial number (AI 21) or lot (AI 10) that contains parentheses. GS1's
#           character set 82 allows them, and a scanner sends them without the brackets
#           that people print around the identifiers.
# Expected: the serial number comes back as it was scanned.
# Seen:     every parenthesis is removed before anything else. The serial numbers "A(B)1"
#           and "AB1" of one product become equal. No error is raised.
# So:       read serial and lot numbers of a scanned label with biip, which keeps the
#           parentheses. Use stdnum only to check single keys such as the GTIN.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    python-stdnum==2.2 biip==5.2.0
"$folder/venv/bin/python" - <<'PY'
import biip
import stdnum
from stdnum import gs1_128

print("python-stdnum", stdnum.__version__, "and biip 5.2.0")
scanned = "21A(B)1"
by_stdnum = gs1_128.info(scanned)
by_biip = [part.value for part in biip.parse(scanned).gs1_message.element_strings]
print("stdnum reads", by_stdnum, "and biip reads", by_biip)
described = by_stdnum == gs1_128.info("21AB1") and by_biip == ["A(B)1"]
print(
    "As described: stdnum makes two serial numbers equal, biip keeps them apart."
    if described
    else "CHANGED: parentheses are read in another way now."
)
raise SystemExit(0 if described else 1)
PY
