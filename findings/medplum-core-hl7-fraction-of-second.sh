#!/usr/bin/env bash
# Package:  npm @medplum/core 4.5.2 (HL7 v2 date-time reader)
# Input:    the HL7 v2 data type DTM allows one to four digits after the decimal point.
# Expected: ".1" is a tenth of a second, ".1234" is 123.4 milliseconds.
# Seen:     the digits are read as a count of milliseconds. ".1" becomes one millisecond.
#           ".1234" becomes 1234 milliseconds, so the time moves to the next second.
#           Only three digits are read right. Two messages within one second can change
#           their order.
# So:       a partner that uses it sends times that are off by up to nine seconds. Order
#           messages of one sender by its sequence number where the sender has one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @medplum/core@4.5.2
cat >read.cjs <<'JS'
const { parseHl7DateTime } = require('@medplum/core');
const seen = ['20240102030405.1', '20240102030405.123', '20240102030405.1234'].map(
  (text) => [text, parseHl7DateTime(text)],
);
for (const [text, time] of seen) console.log(`${text} is read as ${time}`);
const expected = ['03:04:05.001Z', '03:04:05.123Z', '03:04:06.234Z'];
const same = seen.every(([, time], index) => time.endsWith(expected[index]));
console.log(
  same
    ? 'As described: one digit is a millisecond, four digits move the second.'
    : 'CHANGED: fractions are read in another way now.',
);
process.exit(same ? 0 : 1);
JS
echo "@medplum/core $(node -p "require('./node_modules/@medplum/core/package.json').version")"
node read.cjs
