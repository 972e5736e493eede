#!/usr/bin/env bash
# Package:  npm simple-hl7 3.3.0 (HL7 v2 parser)
# Input:    PID-3 with two repetitions, the usual form of a patient with two numbers.
# Expected: getComponent(3, 1) answers the first number, or an error.
# Seen:     it answers an empty text as soon as the field repeats. With one number it
#           answers that number. A program that works with one number therefore reads
#           "no number" for the same patient with two.
# So:       an empty identifier in a message can mean two numbers at the sender. It has
#           to be refused, never read as a person without a number.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund simple-hl7@3.3.0
cat >read.cjs <<'JS'
const { Parser } = require('simple-hl7');
const read = (field) =>
  new Parser()
    .parse(`MSH|^~\\&|WARD|A|ERP|B|20240102||ADT^A08|1|P|2.5\rPID|1||${field}\r`)
    .getSegment('PID')
    .getComponent(3, 1);
const one = read('4711^^^H^MR');
const two = read('4711^^^H^MR~0815^^^N^NI');
console.log('one number:', JSON.stringify(one), ' two numbers:', JSON.stringify(two));
const same = one === '4711' && two === '';
console.log(
  same
    ? 'As described: the number is read as empty when the field repeats.'
    : 'CHANGED: repetitions are read in another way now.',
);
process.exit(same ? 0 : 1);
JS
echo "simple-hl7 $(node -p "require('./node_modules/simple-hl7/package.json').version")"
node read.cjs
