"""Earlier statements of a sender, from the message log without provenance."""

from datetime import timedelta
from types import SimpleNamespace

from odoo.tests import tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tests.fakes import EngineCase
from odoo.addons.interop_base.tools import field_report, statement

from ..models.interop_handler_mapping import InteropHandlerMapping


@tagged("post_install", "-at_install")
class TestStatedBefore(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface = cls._create_interface(direction="in", activate=False)
        cls.partner = cls.env["res.partner"].create({"name": "Ada"})

    def _applied(self, minutes=0, record=None, **outcomes):
        """Return a message that was applied, with the outcome of each field."""
        record = record or self.partner
        message = self._receive(
            self.interface, {}, occurred_at=clock.now() + timedelta(minutes=minutes)
        )
        message._note_fields(
            field_report.entries(
                record._name,
                record.id,
                {name: field_report.Decision(out) for name, out in outcomes.items()},
            )
        )
        self._set_columns(
            message, state="done", res_model=record._name, res_id=record.id
        )
        return message

    def _stated(self, message_id=0):
        """Ask the method itself: addons above replace it."""
        scope = SimpleNamespace(
            system_id=self.interface.system_id.id, message_id=message_id
        )
        handler = self.env["interop.handler.mapping"]
        return InteropHandlerMapping._previous_statements(handler, self.partner, scope)

    def test_the_newest_statement_of_each_field_counts(self):
        newer = self._applied(-5, name="applied", city="unchanged", phone="ignored")
        older = self._applied(-9, name="applied", email="applied")
        found = self._stated()
        self.assertEqual(set(found), {"name", "city", "email"})
        self.assertEqual(found["name"], newer._statement())
        self.assertEqual(found["email"], older._statement())
        self.assertTrue(statement.is_newer(newer._statement(), older._statement()))

    def test_the_message_itself_and_other_records_do_not_count(self):
        other = self.env["res.partner"].create({"name": "Grace"})
        self._applied(-5, other, city="applied")
        itself = self._applied(-3, name="applied")
        self.assertEqual(set(self._stated()), {"name"})
        self.assertFalse(self._stated(itself.id))
