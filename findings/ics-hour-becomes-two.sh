#!/usr/bin/env bash
# Package:  PyPI ics 0.7.3 (iCalendar)
# Input:    an appointment of one hour (DURATION:PT1H) that begins at 02:30 in Amsterdam
#           on the night when clocks go back, with its time zone (TZID).
# Expected: it ends one hour later; RFC 5545 (3.3.6) makes hours exact. Written again, it
#           keeps its time zone, so that a series stays at the local time.
# Seen:     begin and end are two hours apart, because the hour is added to the wall
#           clock. Written again, the event has a UTC time and no time zone, and the
#           calendar names the scale "GEORGIAN", which RFC 5545 does not know.
# So:       add durations in UTC, keep the time zone beside the time, and do not pass
#           calendars through this library.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ics==0.7.3 2>/dev/null
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

from ics import Calendar

LINES = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VEVENT
UID:visit-1
DTSTAMP:20261001T000000Z
DTSTART;TZID=Europe/Amsterdam:20261025T023000
DURATION:PT1H
SUMMARY:Dialysis
END:VEVENT
END:VCALENDAR
"""
calendar = Calendar(LINES.replace("\n", "\r\n"))
(event,) = calendar.events
hours = (event.end.timestamp() - event.begin.timestamp()) / 3600
written = calendar.serialize()
print("ics", version("ics"))
print("begin", event.begin, "end", event.end, "hours between:", hours)
print([line for line in written.split("\r\n") if line.startswith(("DTSTART", "CALS"))])
described = (
    hours == 2
    and "DTSTART:20261025T003000Z" in written
    and "CALSCALE:GEORGIAN" in written
)
print(
    "As described: an hour lasts two, the time zone is lost, the scale is unknown."
    if described
    else "CHANGED: durations or the written calendar differ now."
)
raise SystemExit(0 if described else 1)
PY
