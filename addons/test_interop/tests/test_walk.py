"""Number of files that a reader needs to follow one message."""

import json
import logging

from odoo import Command
from odoo.tests import tagged

from odoo.addons.interop_account.tests.account_common import AccountCase
from odoo.addons.interop_care.tests.common import CareCase
from odoo.addons.interop_rest.tests.common import URL
from odoo.addons.interop_webhook.models import interop_transport_webhook
from odoo.addons.interop_webhook.tests.common import WebhookMixin

from .walk import Walk

_logger = logging.getLogger(__name__)

# The reached numbers; the aim is 25. With all addons installed, about every fourth of
# these files is a pure tool of a few dozen lines, and each content addon adds a file
# for each model that it extends. One file reads the configuration parameters of all
# addons. The log and the failure list the files.
MOST_OUT = 61
MOST_IN = 72


class WalkMixin:
    """Compares the number of files with its limit."""

    def _assert_short(self, way, walk, most):
        files = walk.files()
        text = "\n".join(
            f"  {path}  ({len(names)} functions)" for path, names in files.items()
        )
        _logger.info("%s: %s files\n%s", way, len(files), text)
        self.assertLessEqual(len(files), most, f"{way}:\n{text}")


@tagged("post_install", "-at_install")
class TestWalkOut(WalkMixin, WebhookMixin, AccountCase):
    def test_an_invoice_on_its_way_out_passes_few_files(self):
        partner = self.partner_a
        namespace = self.env["interop.namespace"].create(
            {"name": "Walk numbers", "code": "walk-numbers", "uri": "urn:oid:1.2.3"}
        )
        self.env["interop.identifier"].create(
            {
                "namespace_id": namespace.id,
                "value": "A-1",
                "record_ref": f"res.partner,{partner.id}",
            }
        )
        receiver = self._start_receiver()
        contract = self.env.ref("interop_account.interop_contract_invoice_posted")
        self._create_flow(
            receiver,
            interface={
                "contract_ids": [(6, 0, contract.ids)],
                "data_class": "patient_adjacent",
            },
        )
        invoices = [self._draft(partner) for _number in range(2)]
        interop_transport_webhook.sender().close()
        interop_transport_webhook._senders.clear()  # later runs include their threads
        with Walk() as walk:
            self._send(invoices[0])  # a server that has already sent a message
            self.env.invalidate_all()
            walk.forget()
            self._send(invoices[1])
        self.assertEqual(self._message_of(invoices[1]).state, "done")
        self.assertEqual(len(receiver.requests), 2)
        self.assertEqual(invoices[1].interop_message_count, 1)
        self._assert_short("one invoice out", walk, MOST_OUT)

    def _draft(self, partner):
        return self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": "2026-03-01",
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Consulting room", "quantity": 1, "price_unit": 10}
                    )
                ],
            }
        )

    def _send(self, invoice):
        """Post an invoice and let the pump process its messages."""
        invoice.action_post()
        self._commit()
        self._run()


@tagged("post_install", "-at_install")
class TestWalkIn(WalkMixin, CareCase):
    def test_a_provider_on_its_way_in_passes_few_files(self):
        self._send(self._provider())  # a server that has already received a message
        envelope = self._provider(
            identifiers=[{"system": self.own.uri, "value": "MP-43"}]
        )
        body = json.dumps(envelope)
        headers = self._signed(body, envelope["id"])
        self.env.flush_all()
        with Walk() as walk:
            response = self.opener.post(
                self.base_url() + URL, data=body.encode(), headers=headers
            )
        self.assertEqual(response.status_code, 200, response.text)
        self.assertTrue(self._found(self.own.uri, "MP-43").interop_is_provider)
        self._assert_short("one provider in", walk, MOST_IN)
