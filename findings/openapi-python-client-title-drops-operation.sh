#!/usr/bin/env bash
# Package:  PyPI openapi-python-client 0.29.1
# Input:    an OpenAPI 3.1 document in which schema "note.v1.message" has the title
#           "note.v1", and another schema is called "note.v1". A title is an annotation.
# Expected: a client with the operation, or an exit status that tells of a failure.
# Seen:     a warning about duplicate models; the operation is left out, the exit is 0.
# So:       give no two schemas names or titles that make the same class name. The project
#           turns titles inside of contracts into descriptions, and a test sends a message
#           with the generated client.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1
venv/bin/openapi-python-client --version

document() {
    cat <<JSON
{"openapi": "3.1.0", "info": {"title": "Notes", "version": "1"},
 "paths": {"/notes": {"post": {"operationId": "sendNote",
   "requestBody": {"required": true, "content": {"application/json":
     {"schema": {"\$ref": "#/components/schemas/note.v1.message"}}}},
   "responses": {"200": {"description": "Taken."}}}}},
 "components": {"schemas": {
   "note.v1": {"type": "object", "properties": {"text": {"type": "string"}}},
   "note.v1.message": {"title": "$1", "type": "object",
     "properties": {"data": {"\$ref": "#/components/schemas/note.v1"}}}}}}
JSON
}

for title in "note.v1" "note.v1 message"; do
    document "$title" >document.json
    status=0
    venv/bin/openapi-python-client generate --path document.json --overwrite \
        --output-path "client-$title" --meta none >"$folder/said" 2>&1 || status=$?
    made=no
    [ ! -e "client-$title/api/default/send_note.py" ] || made=yes
    echo "title '$title': exit $status, operation sendNote generated: $made"
    echo "$status $made" >>results
done
if [ "$(paste -sd' ' results)" = "0 no 0 yes" ]; then
    echo "As described: the title alone decides whether the operation is there."
    exit 0
fi
echo "The behavior has changed."
exit 1
