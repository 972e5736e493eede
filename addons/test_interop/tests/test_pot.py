from interop_setup import pot

from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestPot(TransactionCase):
    """Translators work from files that have every term."""

    def test_templates_are_up_to_date(self):
        found = pot.export(self.env, pot.addons())
        self.assertIn("msgid", found["interop_base"])
        self.assertEqual(pot.outdated(found), [], "run ./setup/pot")

    def test_exports_do_not_differ(self):
        text = (
            '"Project-Id-Version: Odoo Server 19.0-20251130\\n"\n'
            '"POT-Creation-Date: 2025-11-30 10:00+0000\\n"\n'
            '"PO-Revision-Date: 2025-11-30 10:00+0000\\n"\n'
            '"MIME-Version: 1.0\\n"\n'
        )
        self.assertEqual(
            pot.stable(text),
            '"Project-Id-Version: Odoo Server 19.0\\n"\n"MIME-Version: 1.0\\n"\n',
        )
