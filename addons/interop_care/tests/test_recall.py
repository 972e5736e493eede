"""What Odoo reads for a new partner is at hand, as long as it does not change."""

from odoo.tests import TransactionCase, tagged

from odoo.addons.interop_rest.tests.common import RecallMixin


@tagged("post_install", "-at_install")
class TestRecallForPartners(RecallMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_rest()
        definitions = cls.env["properties.base.definition"]
        cls.definition = definitions._get_definition_for_property_field(
            "res.partner", "properties"
        )

    def _define(self, definition):
        """Change the properties behind the back of the ORM."""
        self.env.cr.execute(
            "UPDATE properties_base_definition SET properties_definition = %s"
            " WHERE id = %s",
            [definition, self.definition.id],
        )

    def test_that_partners_have_no_properties_is_at_hand(self):
        self._define(None)
        self._fresh()
        self._fresh()
        with self.assertQueryCount(0, flush=False):
            self.assertFalse(self.definition.properties_definition)

    def test_new_properties_count_at_once(self):
        self._define(None)
        self._fresh()
        self._define('[{"name": "ward", "type": "char", "default": "A1"}]')
        self._fresh()
        partner = self.env["res.partner"].create({"name": "Ada"})
        self.assertEqual(partner.properties["ward"], "A1")

    def test_filled_properties_are_read_by_each_request(self):
        """What is in memory is shared, and might be altered."""
        self._define('[{"name": "ward", "type": "char"}]')
        self._fresh()
        found = self.env["interop.inbound"]._read_when_applying(self.client.sudo())
        self.assertNotIn(self.definition, [records for records, *_names in found])
