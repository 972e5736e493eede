#!/usr/bin/env bash
# Packages: PyPI jsonschema 4.26.0 and jsonschema-rs 0.60.3
# Input:    two schemas of JSON Schema 2020-12. One has the keyword "dependencies" of
#           draft 7, which 2020-12 does not know. The other has the pattern ^\cC$, an
#           escape of ECMAScript for the control character U+0003.
# Expected: both validators ignore the unknown keyword, as the standard lets them, and
#           both take the pattern.
# Seen:     jsonschema ignores "dependencies" and calls {"a": 1} valid. jsonschema-rs
#           checks it, also as a Draft202012Validator, and calls it not valid. The test of
#           the pattern is the other way round: check_schema of jsonschema refuses the
#           schema, because it asks Python whether the pattern compiles. jsonschema-rs
#           takes it and matches U+0003.
# So:       a check by one of them is not a check by the other. Refuse keywords that
#           2020-12 does not know, and translate patterns before either gets them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    jsonschema==4.26.0 jsonschema-rs==0.60.3
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

import jsonschema
import jsonschema_rs

print("jsonschema", version("jsonschema"), "and jsonschema-rs", version("jsonschema-rs"))
dependencies = {"dependencies": {"a": ["b"]}}
value = {"a": 1}
python_says = jsonschema.Draft202012Validator(dependencies).is_valid(value)
rust_says = jsonschema_rs.Draft202012Validator(dependencies).is_valid(value)
print("dependencies, {'a': 1} is valid: jsonschema", python_says, "- rs", rust_says)

pattern = {"pattern": r"^\cC$"}
try:
    jsonschema.Draft202012Validator.check_schema(pattern)
    refused = False
except jsonschema.SchemaError as error:
    refused = True
    print("jsonschema:", error.message)
matched = jsonschema_rs.Draft202012Validator(pattern).is_valid("\x03")
print("jsonschema-rs matches U+0003:", matched)
described = (python_says, rust_says, refused, matched) == (True, False, True, True)
print(
    "As described: one valid schema, two verdicts."
    if described
    else "CHANGED: the two validators agree about one of them now."
)
raise SystemExit(0 if described else 1)
PY
