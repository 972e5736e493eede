"""What applying reads of the catalogue is remembered only as long as no row changes."""

from odoo.tests import TransactionCase, tagged

from ..models import interop_inbound_recall_apply as recall
from .common import RestMixin

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
class TestRecallForApplying(RestMixin, TransactionCase):
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

    def setUp(self):
        super().setUp()
        self.addCleanup(recall._memory.clear)

    def _fresh(self):
        """Look as a new request does: with an empty record cache."""
        self.env.flush_all()
        self.env.invalidate_all(flush=False)
        self.client.mapped("user_id")  # known by then
        self.env["interop.inbound"]._recall_for_applying(self.client.sudo())

    def test_one_statement_for_all_of_it(self):
        self._fresh()
        user = self.client.user_id
        self.env.flush_all()
        self.env.invalidate_all(flush=False)
        self.assertTrue(self.client.user_id)  # the client itself is at hand
        with self.assertQueryCount(1):
            self.env["interop.inbound"]._recall_for_applying(self.client.sudo())
            self.assertTrue(user.login and user.partner_id)
            self.assertFalse(self.namespace.system_id)
            self.assertEqual(self.namespace.company_id, self.facility)
            self.namespace._passes("123")

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
        self.env["interop.inbound"]._recall_for_applying(self.client.sudo())
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
