"""Odoo's own merge of contacts, where systems of record decide about fields."""

from odoo.tests import tagged

from .common import CareCase


@tagged("post_install", "-at_install")
class TestPartnerMerge(CareCase):
    def test_governed_fields_are_neither_filled_nor_in_the_way(self):
        partners = self.env["res.partner"]
        survivor = partners.create({"name": "Adam Careful"})
        prior = partners.create({"name": "A. Careful", "phone": "1", "ref": "R7"})
        self.env["interop.ownership"].create(
            {
                "name": "Phone",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "field_ids": [
                    (
                        6,
                        0,
                        self.env["ir.model.fields"]._get("res.partner", "phone").ids,
                    )
                ],
                "authority": "system",
                "system_id": self.system.id,
                "protection": "always",
            }
        )
        clerk = self._create_user("base.group_partner_manager")
        wizard = self.env["base.partner.merge.automatic.wizard"].with_user(clerk)
        wizard._merge((survivor | prior).ids, survivor.with_user(clerk))
        self.assertFalse(prior.exists())
        self.assertEqual((survivor.phone, survivor.ref), (False, "R7"))
        merge = self.env["interop.identifier.merge"]._open_of(prior)
        merge._unmerge("Father and son")
        self.assertEqual((prior.phone, prior.ref), ("1", "R7"))
        self.assertFalse(survivor.ref)
