"""What applying reads of the catalogue is remembered only as long as no row changes."""

from odoo.tests import TransactionCase, tagged

from ..models import interop_inbound_recall as recall
from .common import RecallMixin

# What to change behind the back of the ORM, and what a fresh look has to say then.
CHANGES = {
    "source system": (
        "UPDATE interop_namespace SET system_id = %(system)s WHERE id = %(namespace)s",
        lambda test: test.namespace.system_id,
    ),
    "check": (
        """UPDATE interop_namespace SET validation = 'block', validator = 'regex',
                  validator_pattern = '9+' WHERE id = %(namespace)s""",
        lambda test: not test.namespace._passes("123"),
    ),
    "several per record": (
        """UPDATE interop_namespace SET one_active_per_record = false
            WHERE id = %(namespace)s""",
        lambda test: not test.namespace.one_active_per_record,
    ),
    "login": (
        "UPDATE res_users SET login = 'new.login' WHERE id = %(user)s",
        lambda test: test.client.user_id.login == "new.login",
    ),
}


@tagged("post_install", "-at_install")
class TestRecallForApplying(RecallMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_rest()
        cls.namespace = cls.env["interop.namespace"].create(
            {
                "name": "Record numbers",
                "code": "recalled-mrn",
                "uri": "urn:oid:2.999.77",
                "company_id": cls.facility.id,
            }
        )

    def _read(self, client):
        """Read what applying reads in any case."""
        namespace = self.namespace
        namespace._passes("123")
        user = client.user_id
        return user.login, user.partner_id, namespace.company_id, namespace.system_id

    def test_one_statement_for_all_of_it(self):
        self.assertEqual(
            self.client.interface_ids.mapped("latency_tier"), ["real_time"]
        )
        first = self._read(self._fresh())
        self.env.flush_all()
        self.env.invalidate_all(flush=False)
        with self.assertQueryCount(1):
            client, _same = self.env["interop.inbound"]._client(self.client.code)
            self.assertEqual(self._read(client), first)

    def test_nothing_of_it_where_nothing_is_applied_at_once(self):
        self.client.interface_ids.latency_tier = "near_real_time"
        self._fresh()
        (known,) = recall._memory.values()
        self.assertNotIn("res_users", {table for table, _column, _ids in known.rows})

    def test_every_change_is_seen_at_once_whoever_makes_it(self):
        ids = {
            "namespace": self.namespace.id,
            "system": self.system.id,
            "user": self.client.user_id.id,
        }
        for name, (statement, seen) in CHANGES.items():
            self._fresh()
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.assertFalse(seen(self))
                self.env.cr.execute(statement, ids)
                self.assertTrue(self.env.cr.rowcount)
                self._fresh()
                self.assertTrue(seen(self))
                savepoint.rollback()
            self.env.invalidate_all(flush=False)

    def test_what_is_not_saved_yet_counts(self):
        self._fresh()
        self.namespace.validation = "block"
        self.env["interop.inbound"]._client(self.client.code)
        self.assertEqual(self.namespace.validation, "block")

    def test_numbers_of_other_facilities_are_not_at_hand(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        theirs = self.namespace.copy(
            {"uri": "urn:oid:2.999.78", "company_id": other.id}
        )
        found = self.env["interop.inbound"]._namespaces_of(self.client.sudo())
        self.assertIn(self.namespace, found)
        self.assertNotIn(theirs, found)

    def test_a_namespace_that_comes_later_is_read(self):
        self._fresh()
        late = self.namespace.copy({"uri": "urn:oid:2.999.79", "validation": "block"})
        self._fresh()
        self.assertEqual(late.validation, "block")
