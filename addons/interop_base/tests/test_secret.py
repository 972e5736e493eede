"""Key material: encrypted, bound to its row, shown once, never readable again."""

import base64
import os
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .. import clock
from ..exceptions import ConfigurationError, GuardError
from ..tools import keyring, signing
from ..tools.errors import InteropError
from .common import InteropCase

CLOSED = ("ciphertext", "key_id")
GROUPS = (
    "user",
    "operator",
    "admin",
    "steward",
    "auditor",
    "payload",
    "base.group_system",
)


@tagged("post_install", "-at_install")
class TestSecret(InteropCase):
    def setUp(self):
        super().setUp()
        self.system = self._create_system()
        self.value = signing.generate_hmac_secret()
        self.secret = self._create_secret(self.value)

    def _create_secret(self, value, kind="hmac", **values):
        vals = {
            "name": "Key",
            "system_id": self.system.id,
            "company_id": self.facility.id,
            "kind": kind,
            **values,
        }
        return self.env["interop.secret"]._create_value(vals, value)

    def _raw(self, secret):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT key_id, ciphertext FROM interop_secret WHERE id = %s", [secret.id]
        )
        return self.env.cr.fetchone()

    # === ENCRYPTION === #

    def test_value_is_encrypted_with_the_named_key_and_comes_back(self):
        key_id, text = self._raw(self.secret)
        self.assertTrue(key_id.startswith("k"))
        blob = base64.b64decode(text)
        self.assertNotIn(self.value.encode(), blob)
        self.assertNotIn(signing.decode_secret(self.value), blob)
        self.assertEqual(self.secret._get_value(), self.value)

    def test_encryption_is_aes_256_gcm_with_model_uuid_and_company(self):
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key_id, text = self._raw(self.secret)
        with open(self.key_file, encoding="utf-8") as file:
            lines = dict(line.split(" = ") for line in file if " = " in line)
        key = base64.b64decode(lines[key_id])
        self.assertEqual(len(key), 32)
        blob = base64.b64decode(text)
        aad = keyring.aad("interop.secret", self.secret.uuid, self.facility.id)
        plain = AESGCM(key).decrypt(blob[:12], blob[12:], aad)
        self.assertEqual(plain.decode(), self.value)

    def test_ciphertext_moved_to_another_row_does_not_decrypt(self):
        other = self._create_secret(signing.generate_hmac_secret())
        key_id, text = self._raw(self.secret)
        self.env.cr.execute(
            "UPDATE interop_secret SET ciphertext = %s, key_id = %s WHERE id = %s",
            [text, key_id, other.id],
        )
        other.invalidate_recordset()
        with self.assertRaises(ConfigurationError):
            other._get_value()

    def test_row_moved_to_another_facility_does_not_decrypt(self):
        self._raw(self.secret)
        self.env.cr.execute(
            "UPDATE interop_secret SET company_id = %s WHERE id = %s",
            [self.other_facility.id, self.secret.id],
        )
        self.secret.invalidate_recordset()
        with self.assertRaises(ConfigurationError):
            self.secret._get_value()

    def test_without_key_file_nothing_is_read_and_nothing_created(self):
        with self._conf(key_file=None):
            with self.assertRaisesRegex(GuardError, "odoo interop generate-key"):
                self.secret._get_value()
            with self.assertRaises(GuardError):
                self._create_secret(self.value)
        with self._conf(key_file="/nowhere/keys"), self.assertRaises(GuardError):
            self.secret._get_value()

    def test_malformed_key_material_is_refused(self):
        for value in ("", "secret", "whsec_", "whsec_!!!", "whsk_AAAA"):
            with self.assertRaises(InteropError, msg=value):
                self._create_secret(value)

    # === UNREADABLE === #

    def test_no_group_reads_the_value_by_any_way_of_the_orm(self):
        for group in GROUPS:
            user = self._create_user(
                group, *(["operator"] if group == "payload" else [])
            )
            secret = self.secret.with_user(user)
            model = secret.browse()
            for name in CLOSED:
                ways = (
                    lambda s=secret, n=name: s.read([n]),
                    lambda s=secret, n=name: s.export_data([n])["datas"],
                    lambda s=secret, n=name: s.mapped(n),
                    lambda m=model, n=name: m.search([(n, "!=", False)]),
                    lambda m=model, n=name: m.search([(n, "=like", "a%")]),
                    lambda m=model, n=name: m.search_read([], [n]),
                    lambda m=model, n=name: m.search([], order=n),
                    lambda m=model, n=name: m.formatted_read_group([], [n], []),
                    lambda m=model, n=name: m.web_search_read([], {n: {}}),
                    lambda s=secret, n=name: s.write({n: "x"}),
                    lambda s=secret, n=name: s.filtered_domain([(n, "!=", False)]),
                )
                for number, way in enumerate(ways):
                    secret.invalidate_recordset()
                    with (
                        self.assertRaises(UserError, msg=(group, name, number)),
                        mute_logger("odoo.sql_db"),
                    ):
                        way()

    def test_default_read_shows_no_key_material(self):
        user = self._create_user("admin")
        row = self.secret.with_user(user).read()[0]
        self.assertFalse(set(CLOSED) & row.keys())
        self.assertNotIn(self.value, str(row))
        self.assertNotIn(self._raw(self.secret)[1], str(row))
        self.assertFalse(set(CLOSED) & self.secret.with_user(user).fields_get().keys())

    def test_methods_that_answer_the_value_are_closed_to_rpc(self):
        from odoo.service.model import get_public_method

        for name in ("_get_value", "_create_value", "_rotate", "_store_value"):
            with self.assertRaises(AccessError, msg=name):
                get_public_method(self.env["interop.secret"], name)

    def test_value_is_in_no_chatter_and_no_audit_line(self):
        successor, plaintext = self.secret._rotate(1)
        successor._set_revoked()
        self.env.flush_all()
        self.cr.precommit.run()
        self.env.cr.execute("SELECT string_agg(m::text, '') FROM mail_message m")
        self.assertNotIn(plaintext, self.env.cr.fetchone()[0] or "")
        self.env.cr.execute("SELECT string_agg(a::text, '') FROM interop_audit_event a")
        self.assertNotIn(plaintext, self.env.cr.fetchone()[0])

    def test_key_material_cannot_be_planted(self):
        admin = self._create_user("admin")
        vals = {"name": "P", "system_id": self.system.id, "kind": "hmac"}
        model = self.env["interop.secret"].with_user(admin)
        for name in (*CLOSED, "public_value", "fingerprint"):
            with self.assertRaises(UserError, msg=name):
                model.create({**vals, name: "planted"})
            with self.assertRaises(UserError, msg=name):
                self.secret.with_user(admin).write({name: "planted"})
        for context in ({}, {"default_ciphertext": "planted"}):
            with self._refused(UserError, "created without a value"):
                model.with_context(**context).create(vals)
        result = model.load(["name", "kind", "ciphertext"], [["L", "hmac", "planted"]])
        self.assertFalse(result["ids"])
        forged = self.env["interop.secret"].with_context(
            default_public_value="planted", default_revoked_at="2020-01-01"
        )
        made = forged._create_value(vals, self.value)
        self.assertFalse(made.public_value or made.revoked_at)

    def test_a_secret_is_never_made_or_copied_without_a_value(self):
        """S6: over RPC, too."""
        count = self.env["interop.secret"].search_count([])
        vals = {"name": "P", "system_id": self.system.id, "kind": "hmac"}
        for user in (self._create_user("admin"), self.env.user):
            secrets = self.env["interop.secret"].with_user(user)
            for attempt in (
                lambda model=secrets: model.create(vals),
                lambda model=secrets: model.create([vals, vals]),
                lambda model=secrets: self.secret.with_env(model.env).copy(),
            ):
                with self._refused(UserError, "created without a value"):
                    attempt()
        self.assertEqual(self.env["interop.secret"].search_count([]), count)

    def test_an_expired_key_stays_expired_and_the_owner_gets_alerts_about_longer_validity(
        self,
    ):
        """S7."""
        admin, owner = self._create_user("admin"), self._create_user("user")
        self.system.owner_id = owner
        secret = self.secret.with_user(admin)
        now = clock.now()
        secret.valid_to = now + timedelta(days=2)
        self.assertFalse(self.system.activity_ids, "shorter than before")
        secret.valid_to = now + timedelta(days=900)
        self.assertEqual(self.system.activity_ids.user_id, owner)
        trail = self.env["interop.audit.event"].search(
            [("res_model", "=", "interop.secret"), ("res_id", "=", secret.id)]
        )
        self.assertEqual(trail.mapped("action"), ["changed", "changed"])
        secret.write({"valid_from": now - timedelta(days=3), "valid_to": now})
        for vals in ({"valid_to": False}, {"valid_to": now + timedelta(days=1)}):
            with self._refused(UserError, "cannot become valid again"):
                secret.write(vals)
        self.assertFalse(secret._usable(now))

    # === SHOWN ONCE === #

    def test_rotation_shows_the_new_value_once_to_administrators_only(self):
        for group in ("operator", "steward", "auditor"):
            with self.assertRaises(AccessError, msg=group):
                self.secret.with_user(self._create_user(group)).action_rotate()
        action = self.secret.with_user(self._create_user("admin")).action_rotate()
        shown = action["params"]["value"]
        successor = self.env["interop.secret"].search(
            [("system_id", "=", self.system.id), ("id", "!=", self.secret.id)]
        )
        self.assertEqual(successor._get_value(), shown)
        self.assertNotEqual(shown, self.value)
        audit = self.env["interop.audit.event"].search(
            [("action", "=", "rotated")], limit=1
        )
        self.assertEqual(audit.res_id, self.secret.id)

    def test_private_key_is_never_shown_its_public_half_is(self):
        private, public = signing.generate_ed25519_keypair()
        secret = self._create_secret(private, "ed25519_private")
        self.assertEqual(secret.public_value, public)
        action = secret.action_rotate()
        self.assertTrue(action["params"]["value"].startswith("whpk_"))
        self.assertNotIn("whsk_", str(action))

    # === LIFECYCLE === #

    def test_rotation_overlaps_then_the_old_one_ends(self):
        now = clock.now()
        successor, _plain = self.secret._rotate(overlap_hours=2)
        both = self.secret | successor
        self.assertEqual(
            both._usable(now + timedelta(minutes=1)), successor | self.secret
        )
        self.assertEqual(both._usable(now + timedelta(minutes=1))[0], successor)
        self.assertEqual(both._usable(now + timedelta(hours=3)), successor)

    def test_rotation_never_prolongs_the_old_secret(self):
        end = clock.now().replace(microsecond=0) + timedelta(minutes=5)
        self.secret.valid_to = end
        self.secret._rotate(overlap_hours=24)
        self.assertEqual(self.secret.valid_to, end)

    def test_revoked_secret_is_unusable_at_once_and_for_good(self):
        self.secret._set_revoked()
        revoked_at = self.secret.revoked_at
        self.assertEqual(self.secret.state, "revoked")
        self.assertFalse(self.secret._usable(clock.now()))
        self.assertFalse(self.secret._set_revoked(), "a repeat is a no-op")
        self.assertEqual(self.secret.revoked_at, revoked_at)
        with self.assertRaisesRegex(UserError, "revoked"):
            self.secret._rotate()
        with self.assertRaisesRegex(UserError, "A secret cannot be edited"):
            self.secret.revoked_at = False
        for group in ("operator", "steward", "auditor"):
            with self.assertRaises(AccessError, msg=group):
                self.secret.with_user(self._create_user(group)).action_revoke()

    def test_states_follow_the_dates(self):
        now = clock.now()
        hour = timedelta(hours=1)
        for start, end, state, usable in (
            (now - hour, False, "active", True),
            (now + hour, False, "pending", False),
            (now - hour, now + hour, "expiring", True),
            (now - hour, now + timedelta(days=90), "active", True),
            (now - 2 * hour, now - hour, "expired", False),
        ):
            self.secret.write({"valid_from": start, "valid_to": end})
            self.assertEqual(self.secret.state, state)
            self.assertEqual(bool(self.secret._usable(now)), usable, state)

    def test_secret_is_never_deleted_and_its_identity_never_changes(self):
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            self.secret.unlink()
        for name, value in (
            ("uuid", "x"),
            ("kind", "credential"),
            ("system_id", self._create_system().id),
            ("company_id", self.other_facility.id),
        ):
            with self.assertRaisesRegex(
                UserError, "A secret cannot be edited", msg=name
            ):
                self.secret.write({name: value})

    # === KEY ROTATION === #

    def _add_key(self):
        with open(self.key_file, encoding="utf-8") as file:
            text = file.read()
        self.addCleanup(self._write_keys, text)
        self._write_keys(keyring.add_key(text, clock.now() + timedelta(seconds=7)))
        return text

    def _write_keys(self, text):
        with open(self.key_file, "w", encoding="utf-8") as file:
            file.write(text)
        stat = os.stat(self.key_file)
        later = stat.st_mtime_ns + self._next() * 10**9
        os.utime(self.key_file, ns=(later, later))

    def test_key_rotation_command_re_encrypts_secrets_and_contents(self):
        from ..cli.interop import Interop

        payloads = self.env["interop.payload"]
        ids = payloads._store_many(
            [
                (self.facility.id, "personal", b"one"),
                (None, "patient_adjacent", b"two" * 200),  # compressed
            ]
        )
        blind = self.env["interop.vault"]._blind("business_key", "INV/1")
        fingerprint = self.secret.fingerprint
        old_id, old_text = self._raw(self.secret)
        old_file = self._add_key()
        self.assertEqual(self.secret._get_value(), self.value, "old keys still decrypt")
        with (
            patch.object(self.env.cr, "commit", lambda: None),
            patch("sys.stdout"),
        ):
            Interop()._on_database("rotate", self.env)
        new_id, new_text = self._raw(self.secret)
        self.assertNotEqual(new_id, old_id)
        self.assertNotEqual(new_text, old_text)
        with open(self.key_file, encoding="utf-8") as file:
            text = file.read()
        old_line = next(
            line for line in old_file.splitlines() if line.startswith(old_id)
        )
        self._write_keys(text.replace(old_line + "\n", ""))
        self.env.invalidate_all()
        self.assertEqual(self.secret._get_value(), self.value, "without the old key")
        self.assertEqual(
            payloads.browse(ids)._read_many(), {ids[0]: b"one", ids[1]: b"two" * 200}
        )
        self.assertEqual(
            self.env["interop.vault"]._blind("business_key", "INV/1"), blind
        )
        self.assertEqual(self.secret.fingerprint, fingerprint)
        self.assertEqual(self.env["interop.secret"]._reencrypt_all(), 0)
        self.assertEqual(payloads._reencrypt_batch(), 0)


@tagged("post_install", "-at_install")
class TestContents(InteropCase):
    """Contents at rest."""

    def _stored(self, ids):
        self.env.cr.execute(
            "SELECT octet_length(content), compressed FROM interop_payload"
            " WHERE id = ANY(%s) ORDER BY id",
            [ids],
        )
        return self.env.cr.fetchall()

    def test_protected_contents_are_compressed_before_they_are_encrypted(self):
        payloads = self.env["interop.payload"]
        bundle = b'{"resourceType": "Patient", "name": "Ada"}' * 500
        ids = payloads._store_many(
            [
                (self.facility.id, "patient_adjacent", bundle),
                (self.facility.id, "none", bundle),
                (self.facility.id, "personal", b"{}"),
            ]
        )
        found = self._stored(ids)
        self.assertLess(found[0][0], len(bundle) / 20)
        self.assertEqual([row[1] for row in found], [True, False, False])
        self.assertEqual(
            list(payloads.browse(ids)._read_many().values()), [bundle, bundle, b"{}"]
        )
        self.assertEqual(
            payloads.browse(ids).mapped("size"), [len(bundle), len(bundle), 2]
        )
        self.env.cr.execute(
            "UPDATE interop_payload SET compressed = NULL, content = %s,"
            " size = 2, key_id = NULL WHERE id = %s",
            [b"{}", ids[0]],
        )
        self.assertEqual(
            payloads.browse(ids[0])._read(), b"{}", "from before the upgrade"
        )

    def test_damaged_content_keeps_nothing_else_back(self):
        """A length that is not the content's: as if somebody had made it explode."""
        payloads = self.env["interop.payload"]
        bundle = b'{"resourceType": "Patient", "name": "Ada"}' * 500
        ids = payloads._store_many(
            [(self.facility.id, "personal", bundle + mark) for mark in (b"1", b"2")]
        )
        for size in (len(bundle), 2 * len(bundle)):
            self.env.cr.execute(
                "UPDATE interop_payload SET size = %s WHERE id = %s", [size, ids[0]]
            )
            found = payloads.browse(ids)._read_many(tolerant=True)
            self.assertEqual(found[ids[1]], bundle + b"2")
            self.assertIsInstance(found[ids[0]], ConfigurationError)
            self.assertIn("damaged", str(found[ids[0]]))
            with self.assertRaises(ConfigurationError):
                payloads.browse(ids)._read_many()
