"""``odoo interop …``: key files, adoption and the check, as administrators run them."""

import io
import os
import tempfile
from unittest.mock import patch

from odoo.tests import tagged

from ..cli.interop import Interop
from ..tools import keyring
from .common import InteropCase


@tagged("post_install", "-at_install")
class TestCommand(InteropCase):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory(prefix="interop_test_cli_")
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "interop.keys")

    def _run(self, *arguments):
        with patch("sys.stdout", io.StringIO()) as output:
            Interop().run(list(arguments))
        return output.getvalue()

    def _on_database(self, action):
        with patch("sys.stdout", io.StringIO()) as output:
            Interop()._on_database(action, self.env)
        return output.getvalue()

    def _ring(self):
        with open(self.path, encoding="utf-8") as file:
            return keyring.parse_key_file(file.read())

    def test_generated_file_works_and_only_its_owner_reads_it(self):
        text = self._run("generate-key", self.path)
        self.assertIn(f"key_file = {self.path}", text)
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        with self._conf(key_file=self.path):
            self.assertFalse(self.env["interop.guard"]._problems())
            vault = self.env["interop.vault"]
            key_id, blob = vault._encrypt(b"x", "m", "u", None)
            self.assertEqual(vault._decrypt(key_id, blob, "m", "u", None), b"x")

    def test_existing_file_is_never_overwritten(self):
        self._run("generate-key", self.path)
        before = self._ring().key_ids
        with self.assertRaisesRegex(SystemExit, "exists already"):
            self._run("generate-key", self.path)
        self.assertEqual(self._ring().key_ids, before)

    def test_added_key_comes_first_and_the_old_ones_stay(self):
        self._run("generate-key", self.path)
        (old,) = self._ring().key_ids
        self._run("add-key", self.path)
        ring = self._ring()
        self.assertEqual(ring.key_ids[1:], (old,))
        self.assertEqual(ring.current_key_id, ring.key_ids[0])
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        self.assertEqual(os.listdir(self.folder.name), ["interop.keys"])

    def test_failure_while_adding_leaves_the_old_file_whole(self):
        self._run("generate-key", self.path)
        before = self._ring().key_ids
        with (
            patch("os.fsync", side_effect=OSError("disk full")),
            self.assertRaises(OSError),
        ):
            self._run("add-key", self.path)
        self.assertEqual(self._ring().key_ids, before)
        self.assertEqual(os.listdir(self.folder.name), ["interop.keys"])

    def test_check_prints_the_problems_and_fails(self):
        self.assertIn("Messages can move", self._on_database("check"))
        with (
            self._conf(environment=None),
            patch.object(self.env.cr, "rollback", lambda: None),
            self.assertRaises(SystemExit) as stopped,
        ):
            self._on_database("check")
        self.assertEqual(stopped.exception.code, 1)

    def test_adopt_makes_this_database_the_right_one(self):
        self.env["ir.config_parameter"].set_param("interop_base.database", "other")
        self.assertTrue(self.env["interop.guard"]._problems())
        self._on_database("adopt")
        self.assertFalse(self.env["interop.guard"]._problems())
        self.assertTrue(
            self.env["interop.audit.event"].search([("action", "=", "adopted")])
        )

    def test_wrong_use_shows_the_right_use(self):
        self.assertIn("generate-key FILE", self._run())
        with self.assertRaisesRegex(SystemExit, "usage"):
            self._run("generate-key")
        with self.assertRaisesRegex(SystemExit, "Unknown command"):
            self._on_database("nonsense")
