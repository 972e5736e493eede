#!/usr/bin/env bash
# Packages: PyPI python-stdnum 2.2 (stdnum.gs1_128) and biip 5.2.0
# Input:    a GS1 date of an element string, AI 15, with the year "75" or "99".
# Expected: both read the century as the GS1 General Specifications say: the year nearest
#           to today, within 50 years.
# Seen:     biip follows GS1: in 2026 the year 75 is 2075 and 99 is 1999. stdnum uses
#           Python's fixed rule for two digits (69 to 99 are the 1900s): 75 is 1975. The
#           two libraries differ by a century for the years from 69 up to 50 years from
#           now, and by one more year with every year that passes. The day "00" (end of
#           the month) differs as well: stdnum's compact() keeps it, its validate()
#           answers another text with the last day.
# So:       read the dates of a label with one of the two, and with biip.
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


def years(text):
    """The year that each library reads."""
    message = biip.parse(text).gs1_message
    return gs1_128.info(text)["15"].year, message.element_strings[0].date.year


for text in ("15750101", "15990101"):
    print(text, "stdnum: %s, biip: %s" % years(text))
month_end = gs1_128.compact("17250200"), gs1_128.validate("17250200")
print("17250200 compact: %s, validate: %s" % month_end)
described = (
    years("15750101") == (1975, 2075)
    and years("15990101") == (1999, 1999)
    and month_end == ("17250200", "17250228")
)
print(
    "As described: one century apart, and two spellings of the end of a month."
    if described
    else "CHANGED: the two libraries read dates in another way now."
)
raise SystemExit(0 if described else 1)
PY
