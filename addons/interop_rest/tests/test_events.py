"""Fetching what was missed: the same bytes, only one's own, and on record."""

from urllib.parse import urlencode

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.interop_base.tests.fakes import EngineMixin
from odoo.addons.interop_base.tools import stream_cursor

from ..tools import events
from .common import RestHttpCase

PATH = "/interop/v1/events"
CANARY = "Canary-2C9T"


@tagged("post_install", "-at_install")
class TestEvents(EngineMixin, RestHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_engine()
        cls.out = cls._create_interface(
            system_id=cls.system.id, data_class="patient_adjacent"
        )
        cls._approve_for(cls.client, cls.interface | cls.out)

    @classmethod
    def _approve_for(cls, client, interfaces):
        client._set_suspended()
        client._set_requested()
        client.interface_ids = interfaces
        cls._activate_client(client)

    def _ask(self, query="", signed=None, **options):
        signed = events.signed_id((query if signed is None else signed).encode())
        headers = self._signed("", signed, **options)
        self.env.flush_all()
        url = f"{self.base_url()}{PATH}" + (f"?{query}" if query else "")
        response = self.opener.get(url, headers=headers)
        self.env.invalidate_all()
        return response

    def _page(self, **asked):
        response = self._ask(urlencode(asked))
        self.assertEqual(response.status_code, 200, response.text)
        self._assert_headers(response)
        return response.json()

    def _fetched(self):
        """Return what the audit log says of this client's fetching."""
        return (
            self.env["interop.audit.event"]
            .search(
                [
                    ("action", "=", "viewed"),
                    ("res_model", "=", "interop.client"),
                    ("res_id", "=", self.client.id),
                    ("detail", "=like", "Fetched%"),
                ],
                order="id",
            )
            .mapped("detail")
        )

    def test_the_bytes_that_were_or_would_be_delivered(self):
        sent = self._publish(self.out, name=f"Zoë “{CANARY}”\n")
        self._run()
        waiting = self._publish(self.out)
        self.assertEqual((sent.state, waiting.state), ("done", "pending"))
        page = self._page()
        self.assertEqual(
            [item["id"] for item in page["events"]],
            [sent.external_id, waiting.external_id],
        )
        for item, message in zip(page["events"], sent | waiting, strict=True):
            self.assertEqual(item["payload"].encode(), message._payload_bytes())
            self.assertNotIn("reason", item)
        self.assertIn(CANARY, page["events"][0]["payload"])
        self.assertEqual(page["streams"], {self.out.code: {"epoch": 1, "sequence": 2}})

    def test_pages_follow_each_other_without_a_hole(self):
        messages = [self._publish(self.out) for _number in range(5)]
        found, asked, more = [], {"limit": 2}, True
        while more:
            page = self._page(**asked)
            self.assertLessEqual(len(page["events"]), 2)
            found += [item["id"] for item in page["events"]]
            asked, more = {"limit": 2, "cursor": page["cursor"]}, page["more"]
        self.assertEqual(found, [message.external_id for message in messages])
        later = self._publish(self.out)
        page = self._page(**asked)
        self.assertEqual([item["id"] for item in page["events"]], [later.external_id])

    def test_what_is_not_kept_says_why(self):
        message = self._publish(self.out)
        message.sudo().payload_id.unlink()
        (item,) = self._page()["events"]
        self.assertEqual(item["reason"], "purged")
        self.assertNotIn("payload", item)

    def test_promise_9_nothing_of_another_system_interface_or_facility(self):
        self.system.company_ids |= self.other_facility
        foreign = self._create_interface()
        unlisted = self._create_interface(system_id=self.system.id)
        elsewhere = self._create_interface(
            activate=False,
            system_id=self.system.id,
            company_ids=[(6, 0, self.other_facility.ids)],
        )
        self._activate_elsewhere(elsewhere)
        for interface in (foreign, unlisted, elsewhere):
            self.assertTrue(
                self._publish(interface, interface.company_ids[0], name=CANARY)
            )
        own = self._publish(self.out)
        forged = stream_cursor.encode(
            {item.code: (0, 0) for item in foreign | unlisted | elsewhere}
        )
        for asked in ({}, {"cursor": forged}):
            page = self._page(**asked)
            self.assertEqual([item["id"] for item in page["events"]], [own.external_id])
            self.assertEqual(list(page["streams"]), [self.out.code])
        with self._refused(ValidationError, "the client's system"):
            self._approve_for(self.client, foreign)

    def test_a_client_without_such_an_interface_is_refused(self):
        other = self._create_client()
        text = self._add_key(other)
        self._activate_client(other)
        response = self._ask(client=other.code, secret=text)
        self._assert_problem(response, 403, "events_not_allowed")

    def test_an_interface_that_is_stopped_keeps_its_place(self):
        self._publish(self.out)
        cursor = self._page()["cursor"]
        waiting = self._publish(self.out)
        self.out._set_stopped("Test")
        page = self._page(cursor=cursor)
        self.assertEqual((page["events"], page["held"]), ([], [self.out.code]))
        self.out._set_resumed()
        (item,) = self._page(cursor=page["cursor"])["events"]
        self.assertEqual(item["id"], waiting.external_id)

    def test_refusals(self):
        for query in ("limit=0", "limit=501", "cursor=a&cursor=b", "since=1"):
            self._assert_problem(self._ask(query), 400, "invalid_query")
        response = self._ask("cursor=abc")
        self._assert_problem(response, 400, "invalid_cursor")
        response = self._ask("limit=1", signed="limit=2")
        self._assert_problem(response, 400, "id_mismatch")
        self._assert_problem(self._ask(client="nobody"), 401, "unauthorized")
        with self._conf(environment="production"):
            self._assert_problem(self._ask(), 503, "not_ready")

    def test_who_fetched_what_is_on_record_and_no_content_is(self):
        self._publish(self.out, name=CANARY)
        with self.assertLogs(level="DEBUG") as logs:
            cursor = self._page()["cursor"]
        self._page(cursor=cursor)
        self.assertEqual(self._fetched(), [f"Fetched events {self.out.code} 1/1-1/1"])
        event = self.env["interop.audit.event"].search([], limit=1, order="id desc")
        self.assertEqual(event.user_id, self.client.user_id.id)
        ours = [
            record.getMessage()
            for record in logs.records
            if not record.name.startswith("urllib3")  # the caller, in this process
        ]
        self.assertNotIn(CANARY, "\n".join(ours))
