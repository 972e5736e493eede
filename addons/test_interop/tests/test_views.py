from lxml import etree

from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestViews(TransactionCase):
    """Problems of views that only the browser would report."""

    def _bare_references(self, node, model):
        """Return fields that the browser cannot show without the field of their model."""
        found, shown = [], set()
        for field in node.iter("field"):
            inside = next(field.iterancestors("field", node.tag), None)
            if inside is not None and inside is not node and inside.tag == "field":
                continue  # of a view within this one
            shown.add(field.get("name"))
            known = self.env[model]._fields.get(field.get("name"))
            if known is None:
                continue
            if known.type == "many2one_reference" and not field.get("widget"):
                found.append((known.name, known.model_field))
            for view in field:
                if view.tag in ("list", "form", "kanban"):
                    yield from self._bare_references(view, known.comodel_name)
        yield from (
            f"{model}: {name} needs {other} beside it"
            for name, other in found
            if other not in shown
        )

    def test_references_have_their_model_beside_them(self):
        views = self.env["ir.ui.view"].search(
            [
                ("model", "=like", "interop.%"),
                ("mode", "=", "primary"),
                ("type", "in", ("list", "form", "kanban")),
            ]
        )
        self.assertTrue(views)
        found = []
        for view in views:
            arch = etree.fromstring(view.get_combined_arch())
            found += [
                f"{view.xml_id}: {fault}"
                for fault in self._bare_references(arch, view.model)
            ]
        self.assertEqual(found, [])
