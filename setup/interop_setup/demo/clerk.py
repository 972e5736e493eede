"""The work of the billing clerk: invoices and credit notes, posted in Odoo."""

import datetime
from decimal import ROUND_HALF_UP, Decimal

from .api import User
from .cast import SERVICES
from .fhir import NAMESPACES, OWN

CENT = Decimal("0.01")


class Clerk:
    """Bills providers for rooms and services.

    :param user: the clerk's login
    :param rate: the sales tax in percent, to calculate the expected totals
    """

    def __init__(self, user: User, rate: Decimal):
        self.user = user
        self.rate = rate
        self.documents: dict[str, dict] = {}
        self._numbers: dict[int, str] = {}

    def providers(self) -> dict[str, int]:
        """The providers by their number in the health record."""
        domain = [
            ["namespace_id.code", "=", NAMESPACES[OWN][1]],
            ["state", "=", "active"],
            ["partner_id.interop_is_provider", "=", True],
        ]
        rows = self.user.read("interop.identifier", domain, "value", "partner_id")
        return {row["value"]: row["partner_id"][0] for row in rows}

    def invoice(self, providers: dict[str, int]) -> list[int]:
        """Create and post one invoice per provider, in one call."""
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        codes = [code for code, _name, _price in SERVICES]
        domain = [["default_code", "in", codes]]
        products = [
            row["id"] for row in self.user.read("product.product", domain, "id")
        ]
        values, owed = [], []
        for position, partner in enumerate(providers.values()):
            lines = [
                {"product_id": product, "quantity": 1 + position % 3}
                for product in products
            ]
            owed.append(self._total(1 + position % 3))
            values.append(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner,
                    "invoice_date": today,
                    "invoice_line_ids": [[0, 0, line] for line in lines],
                }
            )
        ids = self.user.call("account.move", "create", vals_list=values)
        self.user.button("account.move", "action_post", *ids)
        self._note(ids, list(providers), owed)
        return ids

    def credit(self, invoices: list[int]) -> list[int]:
        """Create and post one credit note per invoice."""
        made = []
        for invoice in invoices:
            (move,) = self.user.read(
                "account.move", [["id", "=", invoice]], "name", "journal_id"
            )
            wizard = self.user.call(
                "account.move.reversal",
                "create",
                vals_list=[{"journal_id": move["journal_id"][0], "reason": "Not used"}],
                context={"active_model": "account.move", "active_ids": [invoice]},
            )
            action = self.user.button("account.move.reversal", "refund_moves", *wizard)
            self.user.button("account.move", "action_post", action["res_id"])
            owed = self.documents[move["name"]]["total"]
            self._note([action["res_id"]], [self._numbers[invoice]], [owed])
            made.append(action["res_id"])
        return made

    def _total(self, quantity: int) -> Decimal:
        """Return the expected total of a document, with tax rounded per line."""
        total = Decimal(0)
        for _code, _name, price in SERVICES:
            net = quantity * Decimal(price)
            total += net + (net * self.rate / 100).quantize(CENT, ROUND_HALF_UP)
        return total

    def _note(self, ids: list[int], numbers: list[str], owed: list[Decimal]) -> None:
        """Store the posted documents by their name in Odoo."""
        rows = self.user.read(
            "account.move", [["id", "in", ids], ["state", "=", "posted"]], "name"
        )
        names = {row["id"]: row["name"] for row in rows}
        for move, number, total in zip(ids, numbers, owed, strict=True):
            if move in names:
                self.documents[names[move]] = {"provider": number, "total": total}
                self._numbers[move] = number
