"""The day that the demo plays, and the figures after it."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from .. import npm
from ..progress import say, step
from . import expected
from .cast import Cast
from .catalogue import CLIENT, CREDIT_NOTES, INVOICES, SHORT_TRIES, Catalogue
from .children import Receiver, run_partner, wait_until
from .clerk import Clerk
from .fhir import NAMESPACES, OWN
from .report import Report

LOST_ANSWERS = 2
CREDITED = 2
WAITING = ["pending", "processing"]


@dataclass
class Day:
    """The participants of the day.

    :param cast: the users
    :param catalogue: the records of the administrator
    :param receiver: the clearing house
    :param folder: for the programs' logs
    """

    cast: Cast
    catalogue: Catalogue
    receiver: Receiver
    folder: Path

    def play(self) -> Report:
        """Play the day and return its table."""
        url = self.cast["admin"].url
        with step("The partner sends providers, locations and invalid requests"):
            deliveries = run_partner(
                {
                    "url": url,
                    "client": CLIENT,
                    "secret": self.catalogue.client_secret,
                    "examples": str(npm.EXAMPLES),
                    "repeat_every": expected.REPEAT_EVERY,
                    "tamper": expected.TAMPERED,
                },
                self.folder / "partner.log",
            )["deliveries"]
            _tell(deliveries)
        clerk = self._bill()
        return self._count(deliveries, clerk)

    # -- out ---------------------------------------------------------------

    def _bill(self) -> Clerk:
        """Post documents while the receiver is up, down, and up again."""
        clerk = Clerk(self.cast["user"], self._tax_rate())
        providers = clerk.providers()
        half = (len(providers) + 1) // 2
        names = list(providers)
        done = [["state", "=", "done"]]
        with step("The clerk posts invoices; two answers of the receiver are lost"):
            self.receiver.start(self.catalogue.endpoint_secret, LOST_ANSWERS)
            morning = clerk.invoice({name: providers[name] for name in names[:half]})
            wait_until(
                lambda: self._messages(INVOICES, done) == len(morning),
                "the first invoices to be delivered",
            )
        with step("The receiver is down; the clerk posts invoices and credit notes"):
            self.receiver.stop()
            later = clerk.invoice({name: providers[name] for name in names[half:]})
            later += clerk.credit(morning[:CREDITED])
            tried = [["state", "in", WAITING], ["attempt_count", ">", 0]]
            wait_until(
                lambda: self._messages(INVOICES, tried) == len(later),
                "a refused connection for each of them",
            )
        with step("The receiver is up again; the waiting messages are delivered"):
            self.receiver.start(self.catalogue.endpoint_secret)
            wait_until(
                lambda: self._messages(INVOICES, done) == len(morning + later),
                "the later invoices to be delivered",
            )
        with step("The archive stays down; its messages become dead letters"):
            wait_until(
                lambda: (
                    self._messages(CREDIT_NOTES, [["state", "=", "dead"]]) == CREDITED
                ),
                "the credit notes to use up their attempts",
            )
        return clerk

    def _tax_rate(self) -> Decimal:
        """The sales tax of the hospital's books, in percent."""
        admin = self.cast["admin"]
        (company,) = admin.read(
            "res.company", [["id", "=", self.cast.hospital]], "account_sale_tax_id"
        )
        (tax,) = admin.read(
            "account.tax", [["id", "=", company["account_sale_tax_id"][0]]], "amount"
        )
        return Decimal(str(tax["amount"]))

    def _messages(self, code: str, more: list | None = None) -> int:
        """How many messages of an interface there are, as the operator sees them."""
        domain = [["interface_id.code", "=", code], ["test", "=", False]]
        return self.cast["operator"].count("interop.message", domain + (more or []))

    # -- the table ---------------------------------------------------------

    def _count(self, deliveries: list[dict], clerk: Clerk) -> Report:
        """Count all results and compare them with the expected figures."""
        with step("Counting the results over the external API of Odoo"):
            report = Report()
            want = expected.read(npm.EXAMPLES)
            _count_partner(report, want, deliveries)
            self._count_effects(report, want)
            self._count_outbound(report, want, clerk)
            self._count_receiver(report, clerk)
        return report

    def _count_effects(self, report: Report, want: expected.Expected) -> None:
        """Count the effects of the partner's messages in Odoo."""
        operator = self.cast[
            "operator"
        ]  # has both facilities, because people are visible only in their facilities
        report.heading("In Odoo")
        inbound = [["direction", "=", "in"]]
        for what, kind, figure in (
            ("Providers created", "interop_is_provider", want.providers),
            ("Locations created", "interop_is_location", want.locations),
        ):
            report.add(what, figure, operator.count("res.partner", [[kind, "=", True]]))
        own = [["namespace_id.code", "=", NAMESPACES[OWN][1]]]
        report.add(
            "Record numbers known",
            want.locations + want.providers,
            operator.count("interop.identifier", own),
        )
        report.add(
            "Inbound messages in the log",
            want.messages,
            operator.count("interop.message", inbound),
        )
        for what, state, figure in (
            ("of them done", "done", want.messages - want.shared),
            ("of them wait for a decision", "parked", want.shared),
        ):
            domain = [*inbound, ["state", "=", state]]
            report.add(what, figure, operator.count("interop.message", domain))
        report.add(
            "Self-approvals refused (interfaces, client)",
            2,
            self.catalogue.refused_approvals,
        )

    def _count_outbound(
        self, report: Report, want: expected.Expected, clerk: Clerk
    ) -> None:
        """Count the outbound messages in the log of Odoo."""
        documents = want.billed + CREDITED
        down = want.billed - (want.billed + 1) // 2 + CREDITED
        report.heading("Out of Odoo")
        posted = [
            ["state", "=", "posted"],
            ["move_type", "in", ["out_invoice", "out_refund"]],
        ]
        report.add(
            "Documents posted",
            documents,
            clerk.user.count("account.move", posted),
        )
        report.add(
            "Webhooks delivered",
            documents,
            self._messages(INVOICES, [["state", "=", "done"]]),
        )
        report.add(
            "Delivered after a retry",
            LOST_ANSWERS + down,
            self._messages(
                INVOICES, [["state", "=", "done"], ["attempt_count", ">", 1]]
            ),
        )
        dead = [["state", "=", "dead"], ["error_class", "=", "connect"]]
        report.add("Dead letters", CREDITED, self._messages(CREDIT_NOTES, dead))
        report.add(
            f"failed after {SHORT_TRIES} attempts",
            CREDITED,
            self._messages(CREDIT_NOTES, [*dead, ["attempt_count", "=", SHORT_TRIES]]),
        )

    def _count_receiver(self, report: Report, clerk: Clerk) -> None:
        """Count the deliveries in the file of the receiver."""
        lines = self.receiver.received()
        verified = [line for line in lines if line["verified"]]
        copies = Counter(line["id"] for line in verified)
        first = {line["id"]: line for line in verified}
        documents = len(clerk.documents)
        same = {(line["id"], line["sha256"]) for line in verified}
        report.heading("At the receiver")
        report.add("Webhooks received", documents + LOST_ANSWERS, len(lines))
        report.add("Signatures verified", documents + LOST_ANSWERS, len(verified))
        report.add("Different messages", documents, len(copies))
        report.add("Duplicates seen", LOST_ANSWERS, sum(copies.values()) - len(copies))
        report.add("Bodies that differ under one id", 0, len(same) - len(copies))
        report.add(
            "Numbered without a gap",
            documents,
            _unbroken(line["sequence"] for line in first.values()),
        )
        report.add(
            "Total and provider as posted",
            documents,
            sum(_as_posted(line, clerk) for line in first.values()),
        )


def _tell(deliveries: list[dict]) -> None:
    """Print the median time of the answers to the partner."""
    times = sorted(delivery["ms"] for delivery in deliveries)
    half = times[len(times) // 2]
    say(f"    {len(times)} requests, half of them answered within {half} ms")


def _count_partner(
    report: Report, want: expected.Expected, deliveries: list[dict]
) -> None:
    """Count the answers that the partner got."""
    kinds = Counter(delivery["kind"] for delivery in deliveries)
    good = Counter(
        delivery["kind"] for delivery in deliveries if delivery["status"] in (200, 202)
    )
    again = [delivery for delivery in deliveries if delivery["kind"] == "again"]
    report.heading("At the partner")
    report.add(
        "Requests sent", want.messages + want.again + want.refused, len(deliveries)
    )
    report.add("Locations accepted (202)", want.locations, good["location"])
    report.add(
        "Providers accepted (200)", want.providers + want.roles, good["provider"]
    )
    held = [item for item in deliveries if item["code"] == "possible_duplicate"]
    report.add("Held: shares a number (422 possible_duplicate)", want.shared, len(held))
    report.add("Repeated messages", want.again, kinds["again"])
    report.add(
        "answered with the stored answer",
        want.again,
        sum(item["replayed"] for item in again),
    )
    for kind, (status, code, count) in expected.REFUSED.items():
        found = sum(
            (item["status"], item["code"]) == (status, code)
            for item in deliveries
            if item["kind"] == kind
        )
        report.add(f"Refused: {kind} ({status} {code})", count, found)


def _unbroken(numbers) -> int:
    """Return how many numbers follow each other from the first without a gap."""
    found = sorted(set(numbers))
    expected_run = range(found[0], found[0] + len(found)) if found else []
    return sum(a == b for a, b in zip(found, expected_run, strict=True))


def _as_posted(line: dict, clerk: Clerk) -> bool:
    """Return whether a webhook has the provider and the total of its document."""
    document = clerk.documents.get(line["document"])
    if not document or line["id"] != line["envelope_id"]:
        return False
    numbers = [
        item["value"]
        for item in line["partner"].get("identifiers", ())
        if item["system"] == OWN
    ]
    return (
        numbers == [document["provider"]]
        and Decimal(line["total"]) == document["total"]
    )
