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

ROTATE_WAITS = 30  # seconds for which contents that others hold are waited for


class Interop(Command):
    """Manage the key file and the guards of Healthcare Integration.

    generate-key FILE     create a key file (mode 600)
    add-key FILE          put a new key first: it encrypts from now on, all decrypt
    rotate                re-encrypt secrets and contents with the first key of the file
    adopt                 declare this database the right one (see promise: copies are mute)
    new-epoch -d DB       after a restore from backup: receivers see that numbers start anew
    check                 print why no message may move; exit code 1 if any reason
    """

    name = "interop"

    def run(self, args):
        """Run one of the commands above; ``args`` is the command line after its name."""
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
            sys.exit("Name the database: -d NAME")
        name = names[0] if isinstance(names, list) else names
        with Registry(name).cursor() as cr:
            # One statement sees what another session has just committed: rotation locks
            # rows that others write, which fails under REPEATABLE READ.
            cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
            self._on_database(action, api.Environment(cr, SUPERUSER_ID, {}))

    def _key_file(self, action, rest):
        # Absolute: Odoo loads this file as odoo.cli.interop, outside the addon's package.
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
            f"{path} written. Name it in odoo.conf, section [interop]: key_file = {path}\n"
            "Keep a copy in a safe place: without it, encrypted content is lost.\n"
        )

    def _create_key_file(self, path, text):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            sys.exit(
                f"{path} exists already; it was not touched. Use add-key to add one."
            )
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)

    def _replace_key_file(self, path, text):
        """Replace the file in one step: whatever happens, one of both versions is whole."""
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
            sys.stdout.write(f"Every stream starts anew, in epoch {epoch}.\n")
        elif action == "check":
            problems = env["interop.guard"]._problems()
            sys.stdout.write("\n".join(problems or ["Messages can move."]) + "\n")
            if problems:
                env.cr.rollback()
                sys.exit(1)
        else:
            sys.exit(f"unknown command {action}; see odoo interop --help")

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
                waits += 1  # others hold what is left: a batch leaves that out
                time.sleep(1)
            else:
                break
        sys.stdout.write(f"{secrets} secrets and {contents} contents re-encrypted.\n")
        left = env["interop.payload"]._stale_count()
        if left:
            sys.exit(
                f"{left} contents are in use by other sessions and keep their old key. "
                "Run rotate again before you remove that key."
            )
