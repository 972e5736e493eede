"""Link, merge and unmerge identities in a separate Odoo process.

The process reads one JSON object per line, a list of steps ``[name, *arguments]`` under
``steps``. It answers each object with one line: the result of every step. Each step is a
separate transaction, which is repeated after a serialization failure like a request.
"""

import json
import random
import sys
import time

NAMESPACES = {"one": "http://one.example", "many": "http://many.example"}


class Worker:
    """Runs the steps, and counts the serialization failures and deadlocks."""

    def __init__(self, registry):
        self.registry = registry
        self.deadlocks = self.conflicts = 0

    def run(self, step):
        """Run one step, with retries; return ``done`` or the code of its error."""
        from psycopg2 import errors

        from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

        from odoo.addons.interop_base.exceptions import HandledError

        while True:
            try:
                return self._once(step)
            except HandledError as error:
                if error.code != "identifier_taken":  # this error means: try again
                    return error.code
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
                self.conflicts += 1
                self.deadlocks += isinstance(error, errors.DeadlockDetected)
            time.sleep(random.uniform(0, 0.02))

    def _once(self, step):
        import odoo.api
        from odoo.tools import mute_logger

        name, *arguments = step
        with mute_logger("odoo.sql_db"), self.registry.cursor() as cr:
            env = odoo.api.Environment(cr, odoo.api.SUPERUSER_ID, {})
            return getattr(self, f"_{name}")(env, *arguments) or "done"

    def _link(self, env, partner_id, kind, value):
        partner = env["res.partner"].browse(partner_id)
        message = env["interop.message"].new({"company_id": env.company.id})
        wires = [{"system": NAMESPACES[kind], "value": value}]
        created = env["interop.identifier"]._link(partner, wires, message)
        return "created" if created else "known"

    def _merge(self, env, survivor_id, merged_id):
        partners = env["res.partner"]
        env["interop.identifier.merge"]._merge(
            partners.browse(survivor_id), partners.browse(merged_id)
        )

    def _unmerge(self, env, merged_id):
        merges = env["interop.identifier.merge"]
        merge = merges._open_of(env["res.partner"].browse(merged_id))
        if not merge:
            return "none"
        merge._unmerge("They are two")
        return "done"

    def _retire(self, env, kind, value):
        env["interop.identifier"].search(
            [
                ("namespace_id.uri", "=", NAMESPACES[kind]),
                ("value", "=", value),
                ("state", "=", "active"),
            ]
        )._set_retired()


def main(database):
    """Answer every line of standard input."""
    import odoo.tools
    from odoo.modules.registry import Registry
    from odoo.service.server import load_server_wide_modules

    odoo.tools.config.parse_config(["--no-http"], setup_logging=True)
    load_server_wide_modules()
    worker = Worker(Registry(database))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        outcomes = [worker.run(step) for step in json.loads(line)["steps"]]
        answer = {
            "outcomes": outcomes,
            "deadlocks": worker.deadlocks,
            "conflicts": worker.conflicts,
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
