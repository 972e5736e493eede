#!/usr/bin/env bash
# Package:  PyPI hl7conv2 0.2.5 (HL7 v2 to JSON)
# Input:    an ordinary MSH segment.
# Expected: fields are numbered as HL7 v2 numbers them: MSH-1 is the field separator
#           itself, so the sending application is MSH-3 and the version is MSH-12.
# Seen:     MSH is counted like any other segment. The sending application is "2", the
#           control id "9" and the version "11": each one too low. Fields of other
#           segments have their right numbers, so nothing points at the shift.
# So:       a map that was written against its JSON reads the wrong MSH fields as soon as
#           another parser takes over. Test a map with MSH-10 and MSH-12.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hl7conv2==0.2.5 2>/dev/null
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

from hl7conv2 import Hl7Json

message = (
    "MSH|^~\\&|WARD|A|ERP|B|20240102030405||ADT^A08|ID-17|P|2.5\r"
    "PID|1||4711^^^H^MR||DOE^JOHN||19800101\r"
)
msh, pid = Hl7Json(message).hl7_json[:2]
print("hl7conv2", version("hl7conv2"))
print("sending application:", [key for key, value in msh.items() if value == "WARD"])
print("control id:", [key for key, value in msh.items() if value == "ID-17"])
print("version:", [key for key, value in msh.items() if value == "2.5"])
print("birth date in PID:", [key for key, value in pid.items() if value == "19800101"])
described = (
    msh["2"] == "WARD" and msh["9"] == "ID-17" and msh["11"] == "2.5"
) and pid["7"] == "19800101"
print(
    "As described: MSH is numbered one too low, PID is right."
    if described
    else "CHANGED: MSH is numbered in another way now."
)
raise SystemExit(0 if described else 1)
PY
