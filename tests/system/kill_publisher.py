"""Publish partners in a separate Odoo process until the test ends.

The process reads one JSON object per line, ``{"names": [...], "roll_back": bool}``. It
answers each with one line: ``{"outcome": "committed" | "rolled back" | "unknown"}``. The
outcome is unknown if the database was killed during the commit.
"""

import json
import sys

import psycopg2
from outbound_world import MESSAGE_TYPE


def publish(registry, names, roll_back):
    """Create and publish partners in one transaction; return the outcome."""
    import odoo.api

    try:
        with registry.cursor() as cr:
            env = odoo.api.Environment(cr, odoo.api.SUPERUSER_ID, {})
            company = env.company.id
            partners = env["res.partner"].create(
                [{"name": name, "company_id": company} for name in names]
            )
            env["interop.event"]._publish(MESSAGE_TYPE, partners)
            env.flush_all()
            if roll_back:
                cr.rollback()
                return "rolled back"
        return "committed"
    except psycopg2.Error:
        return "unknown"


def say(line):
    """Answer one line."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(database):
    """Answer every line of standard input."""
    import odoo.tools
    from odoo.modules.registry import Registry
    from odoo.service.server import load_server_wide_modules

    odoo.tools.config.parse_config(["--no-http"], setup_logging=True)
    load_server_wide_modules()
    registry = Registry(database)
    say("ready")
    for line in sys.stdin:
        asked = json.loads(line)
        outcome = publish(registry, asked["names"], asked["roll_back"])
        say(json.dumps({"outcome": outcome}))


if __name__ == "__main__":
    main(sys.argv[1])
