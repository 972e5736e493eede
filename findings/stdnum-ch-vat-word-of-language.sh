#!/usr/bin/env bash
# Package:  PyPI python-stdnum 2.2, stdnum.ch.vat
# Input:    one Swiss VAT number, written with the word that each official language puts
#           behind it: MWST (German), TVA (French), IVA (Italian). The number is the same;
#           the word depends on the language of the invoice.
# Expected: one compact form, as stdnum.ch.uid has it for the number itself.
# Seen:     three compact forms. Whoever compares them finds three taxpayers.
# So:       compare Swiss VAT numbers without the word. The project does that itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check python-stdnum==2.2
"$folder/venv/bin/python" - <<'PY'
import stdnum
from stdnum.ch import uid, vat

print("python-stdnum", stdnum.__version__)
spellings = [f"CHE-107.787.577 {word}" for word in ("MWST", "TVA", "IVA")]
for text in spellings:
    print(text, vat.is_valid(text), vat.compact(text))
forms = {vat.compact(text) for text in spellings}
plain = {uid.compact(text.rpartition(" ")[0]) for text in spellings}
described = all(map(vat.is_valid, spellings)) and len(forms) == 3 and len(plain) == 1
print(
    "As described: one taxpayer has three compact forms."
    if described
    else "CHANGED: the word does not count any more."
)
raise SystemExit(0 if described else 1)
PY
