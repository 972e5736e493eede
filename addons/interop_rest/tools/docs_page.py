"""Render the OpenAPI document as an HTML page without scripts or external resources.

``render`` returns a complete page, ``fragment`` only its content, for a page of Odoo.
"""

import base64
import hashlib
import json
from html import escape

from . import openapi_components, problems

MEDIA_TYPE = "text/html; charset=utf-8"

STYLE = (
    "body{font-family:sans-serif;line-height:1.5;max-width:62rem;margin:2rem auto;"
    "padding:0 1rem;color:#1f2933}table{border-collapse:collapse;width:100%;"
    "overflow-wrap:anywhere}"
    "th,td{border:1px solid #cbd2d9;padding:.3rem .6rem;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}code,dt{overflow-wrap:anywhere}"
    "th{background:#f0f4f8}pre{background:#f0f4f8;padding:.8rem;"
    "overflow-x:auto}h2{margin-top:2.5rem;border-bottom:2px solid #cbd2d9}"
    "h3{margin-top:1.8rem}dt{margin-top:1rem}dt code{font-weight:bold}"
    "dd{margin-left:1.5rem}"
    "@media(max-width:40rem){body{margin:1rem auto}td,th{padding:.2rem .3rem}"
    "dd{margin-left:.5rem}}dt:target,dt:target+dd{background:#fff3c4}"
)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
_ABOUT_ERRORS = """<p>Every error is <code>application/problem+json</code> (RFC 9457).
Program against <code>code</code>; quote <code>trace_id</code> when you ask for help.</p>"""
# The content security policy allows this style and nothing else.
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors 'none'"
)


def render(document: dict) -> str:
    """Return the complete page of an OpenAPI document of this addon."""
    title = escape(f"{document['info']['title']} API")
    return _PAGE.format(title=title, style=STYLE, body=fragment(document))


def fragment(document: dict) -> str:
    """Return the content of the page without its frame; every text is escaped."""
    info = document["info"]
    server = document["servers"][0]["url"]
    parts = [
        f"<h1>{escape(info['title'])} API, version {escape(info['version'])}</h1>",
        f"<p>Server: <code>{escape(server)}</code></p>",
        f"<p>{escape(info['description'])}</p>",
        "<h2>Operations</h2>",
        _operations(document["paths"]),
        "<h2>Messages You Send</h2>",
        _sent(document),
        _members(document),
        "<h2>Messages You Receive</h2>",
        _received(document),
        "<h2>Authentication</h2>",
        _schemes(document["components"]["securitySchemes"]),
        "<h2>Errors</h2>",
        _ABOUT_ERRORS,
        _errors(),
    ]
    return "\n".join(parts)


def _table(names, rows):
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "".join(
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        '<table class="table table-sm"><thead><tr>'
        f"{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _operations(paths):
    rows = [
        (
            f"<code>{escape(method.upper())} {escape(path)}</code>",
            escape(operation["summary"]),
            escape(", ".join(sorted(operation["responses"]))),
        )
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]
    return _table(("Operation", "Description", "Answers"), rows)


def _sent(document):
    post = document["paths"]["/interop/v1/messages"]["post"]
    sent = post["requestBody"]["content"]["application/json"]["schema"]
    # A document with one message type has no schema Message.
    choice = document["components"]["schemas"].get("Message", {"anyOf": [sent]})
    names = [
        item["$ref"].rpartition("/")[2].removesuffix(".message")
        for item in choice.get("anyOf", ())
    ]
    return _contracts(document, dict.fromkeys(names, post))


def _members(document):
    """Return the members of every message; empty without a message type."""
    schemas = document["components"]["schemas"]
    name = next((name for name in schemas if name.endswith(".message")), "")
    if not name:
        return ""
    rows = [
        (
            f"<code>{escape(member)}</code>",
            "yes" if member in schemas[name]["required"] else "",
            escape(schema.get("description", "")),
        )
        for member, schema in schemas[name]["properties"].items()
        if member != "facility"  # differs per message type and is described there
    ]
    table = _table(("Member", "Required", "Description"), rows)
    return f"<h3>Members of a Message</h3>{table}"


def _received(document):
    operations = {
        name: methods["post"] for name, methods in document["webhooks"].items()
    }
    return _contracts(document, operations)


def _contracts(document, operations):
    """Return schema and examples of contracts, ``{name: operation}``."""
    if not operations:
        return "<p>No message types are available to you.</p>"
    return "\n".join(
        _contract(document, name, operation)
        for name, operation in sorted(operations.items())
    )


def _contract(document, name, operation):
    schemas = document["components"]["schemas"]
    envelope = schemas[f"{name}.message"]
    parts = [f"<h3><code>{escape(name)}</code></h3>"]
    if envelope.get("deprecated"):
        parts.append("<p><strong>Deprecated.</strong></p>")
    if envelope.get("description"):
        parts.append(f"<p>{escape(envelope['description'])}</p>")
    facility = envelope["properties"]["facility"]["description"]
    parts.append(f"<p><code>facility</code>: {escape(facility)}</p>")
    content = operation["requestBody"]["content"]["application/json"]
    for key, example in content.get("examples", {}).items():
        if key.startswith(f"{name}-"):
            parts.append(
                f"<p>{escape(example['summary'])}</p>{_json(example['value'])}"
            )
    parts.append(
        "<details><summary>JSON Schema of data</summary>"
        f"{_json(openapi_components.restored(schemas, name))}</details>"
    )
    return "\n".join(parts)


def _schemes(schemes):
    rows = [
        (f"<code>{escape(name)}</code>", escape(scheme.get("description", "")))
        for name, scheme in schemes.items()
    ]
    return _table(("Scheme", "Description"), rows)


def _errors():
    rows = [
        (f"<code>{escape(code)}</code>", str(kind.status), escape(kind.advice))
        for code, kind in problems.KINDS.items()
    ]
    return _table(("Code", "Status", "Meaning and Next Step"), rows)


def _json(value):
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return f"<pre>{escape(text)}</pre>"
