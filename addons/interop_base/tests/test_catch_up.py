"""Catch-up: a receiver sees gaps and fetches what it missed, as it was sent."""

import json
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from .. import clock
from ..exceptions import ConfigurationError, GuardError
from ..models.log import message_catch_up
from ..tools import stream_cursor
from ..tools.errors import CursorError
from .bulk_common import MANY, BulkCase


@tagged("post_install", "-at_install")
class TestCatchUp(BulkCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system = cls._create_system()
        cls.interface = cls._create_interface(system_id=cls.system.id)
        cls.second = cls._create_interface(
            system_id=cls.system.id, data_class="personal"
        )
        cls.interfaces = cls.interface | cls.second

    def _page(self, cursor=None, limit=100, interfaces=None):
        interfaces = self.interfaces if interfaces is None else interfaces
        return message_catch_up.CatchUp(self.env).page(interfaces, cursor, limit)

    def _all(self, limit):
        """Return every item, page by page."""
        items, cursor, more = [], None, True
        while more:
            page = self._page(cursor, limit)
            self.assertLessEqual(len(page.items), limit)
            items += page.items
            cursor, more = page.cursor, page.more
        return items

    def test_bytes_and_ids_are_those_that_were_sent(self):
        sent = self._done() | self._done(self.second)
        failed = self._dead(self.second)
        page = self._page()
        self.assertFalse(page.more)
        for item, message in zip(page.items, sent | failed, strict=True):
            self.assertEqual(item.external_id, message.external_id)
            self.assertEqual(item.body, message._payload_bytes())
            self.assertIsNone(item.reason)
            body = json.loads(item.body)
            self.assertEqual(
                (body["epoch"], body["sequence"]), (item.epoch, item.sequence)
            )

    def test_pages_hold_everything_once_in_order_of_each_stream(self):
        for number in range(9):
            self._publish(self.interfaces[number % 3 == 0])
        for limit in (1, 2, 4, 100):
            items = self._all(limit)
            self.assertEqual(len({item.external_id for item in items}), 9, limit)
            for interface, count in ((self.interface, 6), (self.second, 3)):
                numbers = [
                    item.sequence for item in items if item.interface == interface.code
                ]
                self.assertEqual(numbers, list(range(1, count + 1)))

    def test_cursor_at_the_end_gets_what_comes_later_and_nothing_twice(self):
        self._publish(self.interface)
        first = self._page()
        self.assertEqual(self._page(first.cursor).items, [])
        later = self._publish(self.second) | self._publish(self.interface)
        page = self._page(first.cursor)
        self.assertEqual(
            [item.external_id for item in page.items], later.mapped("external_id")
        )
        self.assertEqual(
            page.streams, {self.interface.code: (1, 2), self.second.code: (1, 1)}
        )

    def test_new_epoch_comes_after_the_old_one(self):
        old = self._publish(self.interface)
        cursor = self._page().cursor
        epoch = self.env["interop.stream"]._set_new_epoch()
        new = self._publish(self.interface)
        (item,) = self._page(cursor).items
        self.assertEqual((item.epoch, item.sequence), (epoch, 1))
        self.assertEqual(
            [item.external_id for item in self._page().items],
            [old.external_id, new.external_id],
        )

    def test_every_number_is_accounted_for(self):
        """A gap would look like a loss: what has no content says why."""
        purged, withdrawn, failed, kept = (self._publish(self.second) for _ in range(4))
        purged.sudo().payload_id.unlink()
        withdrawn._set_cancelled("x")
        failed.sudo().payload_id.unlink()
        self._set_columns(failed, size=0)
        failed._set_dead("schema", "x", "x")
        items = self._page().items
        self.assertEqual(
            [(item.sequence, item.reason, bool(item.body)) for item in items],
            [
                (1, "purged", False),
                (2, "withdrawn", False),
                (3, "not_rendered", False),
                (4, None, True),
            ],
        )
        self.assertEqual(items[3].external_id, kept.external_id)
        vault = patch.object(
            type(self.env["interop.vault"]),
            "_decrypt",
            side_effect=ConfigurationError("no key"),
        )
        with vault:
            self.assertEqual(self._page().items[3].reason, "unreadable")

    def test_only_the_interfaces_that_are_asked_for(self):
        self._publish(self.interface)
        own = self._publish(self.second)
        items = self._page(interfaces=self.second).items
        self.assertEqual([item.external_id for item in items], [own.external_id])
        forged = stream_cursor.encode({self.interface.code: (0, 0)})
        items = self._page(forged, interfaces=self.second).items
        self.assertEqual([item.external_id for item in items], [own.external_id])
        self.assertEqual(self._page(interfaces=self.interfaces.browse()).items, [])
        with self.assertRaises(ValueError):
            self._page(interfaces=self.second | self._create_interface())
        with self.assertRaises(ValueError):
            self._page(interfaces=self._create_interface(direction="in"))

    def test_what_moves_nothing_hands_out_nothing_and_keeps_its_place(self):
        self._publish(self.interface)
        cursor = self._page().cursor
        waiting = self._publish(self.interface)
        other = self._publish(self.second)
        self.interface._set_stopped("Test")
        page = self._page(cursor)
        self.assertEqual([i.external_id for i in page.items], [other.external_id])
        self.assertEqual(page.held, [self.interface.code])
        self.interface._set_resumed()
        (item,) = self._page(page.cursor).items
        self.assertEqual(item.external_id, waiting.external_id)
        for record in (self.system, self.facility):
            record._set_stopped("Test")
            self.assertEqual(self._page().items, [], record._name)
            record._set_resumed()
        self.interface._set_suspended()
        self.assertEqual(self._page().held, [self.interface.code])

    def test_message_of_a_stopped_facility_holds_back_what_follows(self):
        first = self._publish(self.interface)
        held = self._publish(self.interface)
        self._publish(self.interface)
        self._set_columns(held, company_id=self.other_facility.id)
        self.other_facility._set_stopped("Test")
        page = self._page()
        self.assertEqual([i.external_id for i in page.items], [first.external_id])
        self.other_facility._set_resumed()
        self.assertEqual(len(self._page(page.cursor).items), 2)

    def test_copies_hand_out_nothing(self):
        self._publish(self.interface)
        with self._conf(environment="production"), self.assertRaises(GuardError):
            self._page()
        with self._conf(environment=None), self.assertRaises(GuardError):
            self._page()

    def test_bounds(self):
        for _number in range(3):
            self._publish(self.interface)
        with patch.object(message_catch_up, "MAX_BYTES", 10):
            page = self._page()
            self.assertEqual((len(page.items), page.more), (1, True))
        with patch.object(message_catch_up, "MAX_ITEMS", 2):
            page = self._page(limit=10**9)
            self.assertEqual((len(page.items), page.more), (2, True))
        self.assertEqual(len(self._page(limit=-1).items), 1)

    def test_garbage_is_refused(self):
        with self.assertRaises(CursorError):
            self._page("garbage")

    def test_page_far_inside_a_long_stream_reads_the_index_only_there(self):
        message = self._done()
        self._set_columns(message, create_date=clock.now() - timedelta(days=1))
        self._copies(message, MANY)
        self.env.cr.execute("ANALYZE interop_message")
        self.env.cr.execute(
            "EXPLAIN (ANALYZE, FORMAT JSON) " + message_catch_up._PAGE,
            [[self.interface.id], [1], [MANY - 150], 100, 100],
        )
        (plan,) = self.env.cr.fetchone()[0]
        scans = []

        def visit(node):
            if "Relation Name" in node:
                scans.append(node)
            for child in node.get("Plans", ()):
                visit(child)

        visit(plan["Plan"])
        (scan,) = scans
        self.assertEqual(scan["Index Name"], "interop_message_stream_idx")
        self.assertEqual(scan["Actual Rows"], 100)
        self.assertFalse(scan.get("Rows Removed by Filter"))
        self.assertLess(plan["Execution Time"], 50)
