"""``odoo interop …``: key file and database commands for administrators."""

import os
import sys
import tempfile
import time
from datetime import UTC, datetime

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config

ROTATE_WAITS = 30  # seconds to wait for contents that other sessions have locked


class Interop(Command):
    """Manage the key file and the guards of Healthcare Integration.

    generate-key FILE     create a key file (mode 600)
    add-key FILE          add a new first key: it encrypts from now on, all keys decrypt
    rotate                re-encrypt secrets and contents with the first key of the file
    adopt                 record this database as the right one: it may exchange
    messages new-epoch -d DB       start all streams again after a restore from a backup
    check                 print why no message can move; exit code 1 if there is a
    reason
    """

    name = "interop"

    def run(self, args):
        """Run one of the commands above; ``args`` is the command line after the
        name."""
        if not args or args[0] in ("-h", "--help"):
            sys.stdout.write(self.parser.format_help())
            return
        action, rest = args[0], args[1:]
        if action in ("generate-key", "add-key"):
            self._key_file(action, rest)
            return
        config.parse_config(rest, setup_logging=True)
        names = config["db_name"]
        if not names:
            sys.exit("The database is missing. Add -d NAME.")
        name = names[0] if isinstance(names, list) else names
        with Registry(name).cursor() as cr:
            # READ COMMITTED: a rotation locks rows that other sessions write, which
            # would fail under REPEATABLE READ.
            cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
            self._on_database(action, api.Environment(cr, SUPERUSER_ID, {}))

    def _key_file(self, action, rest):
        # Absolute import: Odoo loads this file as odoo.cli.interop, outside the addon.
        from odoo.addons.interop_base.tools import (  # pylint: disable=odoo-addons-relative-import
            keyring,
        )

        if len(rest) != 1:
            sys.exit(f"usage: odoo interop {action} FILE")
        path, now = rest[0], datetime.now(UTC)
        if action == "generate-key":
            self._create_key_file(path, keyring.generate_key_file(now))
        else:
            with open(path, encoding="utf-8") as file:
                self._replace_key_file(path, keyring.add_key(file.read(), now))
        sys.stdout.write(
            f"{path} written. Add key_file = {path} to section [interop] of "
            f"odoo.conf.\n"
            "Keep a copy in a safe place: without it, encrypted content is lost.\n"
        )

    def _create_key_file(self, path, text):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            sys.exit(
                f"{path} exists already and was not changed. Use add-key to add a key."
            )
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)

    def _replace_key_file(self, path, text):
        """Replace the file in one step, so that a crash leaves the old or the new
        one."""
        folder = os.path.dirname(os.path.abspath(path))
        handle, temporary = tempfile.mkstemp(prefix=".interop-keys-", dir=folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            owner = os.stat(path)
            os.chown(temporary, owner.st_uid, owner.st_gid)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise

    def _on_database(self, action, env):
        if action == "rotate":
            self._rotate(env)
        elif action == "adopt":
            env["interop.audit.event"]._log(
                "adopted", env["interop.guard"], env.cr.dbname
            )
            env["interop.guard"]._adopt_database()
            sys.stdout.write(f"{env.cr.dbname} may exchange messages.\n")
        elif action == "new-epoch":
            epoch = env["interop.stream"]._set_new_epoch()
            sys.stdout.write(f"All streams start again in epoch {epoch}.\n")
        elif action == "check":
            problems = env["interop.guard"]._problems()
            sys.stdout.write("\n".join(problems or ["Messages can move."]) + "\n")
            if problems:
                env.cr.rollback()
                sys.exit(1)
        else:
            sys.exit(f"Unknown command {action}. See odoo interop --help.")

    def _rotate(self, env):
        secrets = env["interop.secret"]._reencrypt_all()
        env.cr.commit()
        contents, waits = 0, 0
        while waits < ROTATE_WAITS:
            batch = env["interop.payload"]._reencrypt_batch()
            contents += batch
            env.cr.commit()
            if batch:
                sys.stdout.write(f"{contents} contents …\n")
            elif env["interop.payload"]._stale_count():
                waits += 1  # other sessions have locked the rest; a batch skips these
                time.sleep(1)
            else:
                break
        sys.stdout.write(f"{secrets} secrets and {contents} contents re-encrypted.\n")
        left = env["interop.payload"]._stale_count()
        if left:
            sys.exit(
                f"{left} contents were locked by other sessions and keep their old "
                f"key. "
                "Run rotate again before you remove that key from the file."
            )
