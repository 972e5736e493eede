#!/usr/bin/env bash
# Package:  npm hl7-standard 1.0.4 (HL7 v2 parser and builder)
# Input:    a message whose segments end with a carriage return, as HL7 v2 requires.
# Expected: a message that was parsed and not changed is built again with the same bytes,
#           and a delimiter inside a text that is set is escaped.
# Seen:     the builder joins segments with CR LF, whatever came in, and adds an empty
#           field at the end of each segment. A receiver that splits at CR finds a line
#           feed in front of each segment name. A text with "|" or "^" is written as it
#           is, so the receiver sees more fields.
# So:       a reader of HL7 v2 has to take CR, LF and CR LF as the end of a segment.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund hl7-standard@1.0.4
cat >write.cjs <<'JS'
const HL7 = require('hl7-standard');
const sent = ['MSH|^~\\&|WARD|A|ERP|B|20240102||ADT^A08|1|P|2.5', 'PID|1||12^^^H^MR'];
const message = new HL7(sent.join('\r'));
message.transform();
const built = message.build();
console.log('built again:', JSON.stringify(built));
message.createSegment('NTE');
message.set('NTE.3', 'A | B');
const last = message.build().split('\r\n').pop();
console.log('a text "A | B" in NTE-3:', JSON.stringify(last));
const same = built === sent.map((line) => `${line}|`).join('\r\n') && last.includes('A | B');
console.log(
  same
    ? 'As described: CR LF, one more field in each segment, delimiters not escaped.'
    : 'CHANGED: the builder writes in another way now.',
);
process.exit(same ? 0 : 1);
JS
echo "hl7-standard $(node -p "require('./node_modules/hl7-standard/package.json').version")"
node write.cjs
