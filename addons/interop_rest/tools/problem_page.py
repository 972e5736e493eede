"""The page that the ``type`` of every problem links to."""

from html import escape

from .docs_page import CONTENT_SECURITY_POLICY, MEDIA_TYPE, STYLE
from .problems import KINDS

__all__ = ["CONTENT_SECURITY_POLICY", "MEDIA_TYPE", "render"]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>Problem types</title>
<style>{style}</style>
</head>
<body>
<h1>Problem types</h1>
<p>Every error of this API is <code>application/problem+json</code> (RFC 9457).
Program against <code>code</code>; quote <code>trace_id</code> when you ask for
help.</p>
<dl>
{kinds}
</dl>
</body>
</html>
"""
_KIND = """<dt id="{code}"><code>{code}</code> – {status} {title}</dt>
<dd>{advice}</dd>"""


def render() -> str:
    """Return the page as HTML; every code is an anchor."""
    kinds = "\n".join(
        _KIND.format(
            code=escape(code),
            status=kind.status,
            title=escape(kind.title),
            advice=escape(kind.advice),
        )
        for code, kind in KINDS.items()
    )
    return _PAGE.format(style=STYLE, kinds=kinds)
