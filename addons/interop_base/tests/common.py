"""Test base of the suite: a complete catalogue, from which tests remove parts."""

import itertools
import json
import os
import tempfile
from contextlib import contextmanager
from unittest.mock import patch

from odoo.models import BaseModel
from odoo.tests import TransactionCase, new_test_user

from odoo.addons.interop_base.models.engine import interop_conf
from odoo.addons.interop_base.tools import keyring

from .. import clock

_numbers = itertools.count(1)


class InteropMixin:
    """Helpers for ``TransactionCase`` and ``HttpCase`` alike."""

    # Seconds that a request waits for another one; then Odoo answers 500. A slow machine
    # needs more than the default.
    test_cursor_lock_timeout = 300

    @classmethod
    def _set_up_interop(cls):
        """Give the test an environment, a key file and an adopted database."""
        handle, cls.key_file = tempfile.mkstemp(prefix="interop_test_key_")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(keyring.generate_key_file(clock.now()))
        cls.addClassCleanup(os.unlink, cls.key_file)
        cls.conf = {"environment": "test", "key_file": cls.key_file}
        patcher = patch.object(interop_conf, "section", lambda: cls.conf)
        cls.startClassPatcher(patcher)
        cls._approvers = {}
        cls.env["interop.guard"]._adopt_database()
        companies = cls.env["res.company"]
        # A calendar and the sizes of a logo would take most of the time.
        values = {"logo": False}
        if "resource_calendar_id" in companies._fields:
            values["resource_calendar_id"] = cls.env.company.resource_calendar_id.id
        cls.facility, cls.other_facility = companies.create(
            [{"name": name, **values} for name in ("Mercy Hospital", "St. Anne Clinic")]
        )

    def start_tour(self, *args, **values):
        """Run a tour; a slow machine gets five minutes."""
        return super().start_tour(*args, **{"timeout": 300, **values})

    def url_open(self, *args, **values):
        """Send a request; a slow machine gets two minutes."""
        return super().url_open(*args, **{"timeout": 120, **values})

    @classmethod
    def _next(cls):
        return next(_numbers)

    @classmethod
    def _create_user(cls, *groups, companies=None):
        """Create a user with ``groups`` (names after ``interop_base_group_`` or full
        ids)."""
        companies = companies or cls.facility
        names = [
            group if "." in group else f"interop_base.interop_base_group_{group}"
            for group in groups
        ]
        user = new_test_user(
            cls.env,
            login=f"interop_user_{cls._next()}",
            groups=",".join(["base.group_user", *names]),
            context={"no_reset_password": True},  # no e-mail with an invitation
            company_id=companies[0].id,
            company_ids=[(6, 0, companies.ids)],
        )
        return user.with_env(cls.env)

    @classmethod
    def _create_system(cls, **values):
        number = cls._next()
        return cls.env["interop.system"].create(
            {
                "name": f"System {number}",
                "code": f"system-{number}",
                "environment": "test",
                "company_ids": [(6, 0, cls.facility.ids)],
                "facility_code_ids": [
                    (0, 0, {"code": "MERCY", "company_id": cls.facility.id})
                ],
                **values,
            }
        )

    @classmethod
    def _create_contract(cls, publish=True, **values):
        number = cls._next()
        contract = cls.env["interop.contract"].create(
            {
                "message_type": f"thing{number}.changed",
                "model_id": cls.env["ir.model"]._get_id("res.partner"),
                "schema": json.dumps(
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["name"],
                        "properties": {
                            "name": {"type": "string"},
                            "city": {"type": "string"},
                        },
                    }
                ),
                "example_ids": [(0, 0, {"name": "One", "body": '{"name": "A"}'})],
                **values,
            }
        )
        if publish:
            contract._set_published()
        return contract

    @classmethod
    def _create_interface(cls, activate=True, **values):
        """Create an interface that has all it needs; by default an active one."""
        number = cls._next()
        values.setdefault("system_id", None)
        system = values.pop("system_id") or cls._create_system().id
        if "contract_ids" not in values:
            values["contract_ids"] = [(6, 0, cls._create_contract().ids)]
        interface = cls.env["interop.interface"].create(
            {
                "name": f"Interface {number}",
                "code": f"interface-{number}",
                "system_id": system,
                "direction": "out",
                "transport": cls._test_transport(),
                "company_ids": [(6, 0, cls.facility.ids)],
                "owner_id": cls.env.user.id,
                "exception_user_id": cls.env.user.id,
                "objective_seconds": 60,
                "latency_tier": "near_real_time",
                "data_class": "none",
                "retry_policy_id": cls.env.ref(
                    "interop_base.interop_retry_policy_standard"
                ).id,
                **values,
            }
        )
        cls._map_name(interface)
        if activate:
            cls._activate(interface)
        return interface

    @classmethod
    def _test_transport(cls):
        """Return a transport that is installed, if any; none that a test brings."""
        keys = cls.env["interop.interface"]._fields["transport"].get_values(cls.env)
        return next((key for key in keys if not key.startswith("test_")), False)

    @classmethod
    def _map_name(cls, interface):
        """Map ``name`` and ``city`` for contracts that only a mapping can build."""
        for contract in interface.contract_ids:
            if contract.handler_name == "interop.handler.mapping":
                cls.env["interop.mapping"].create(
                    {
                        "interface_id": interface.id,
                        "contract_id": contract.id,
                        "line_ids": [
                            (0, 0, {"path": "name", "field_path": "name"}),
                            (0, 0, {"path": "city", "field_path": "city"}),
                        ],
                    }
                )
                if interface.direction == "in":
                    cls._map_identifier(interface, contract)

    @classmethod
    def _map_identifier(cls, interface, contract):
        """Complete an inbound mapping: what it may change, and what it is found by."""
        mapping = interface.mapping_ids.filtered(
            lambda item: item.contract_id == contract
        )
        mapping.on_unknown = "create"
        cls._list_model("res.partner", "create")
        lines = mapping.line_ids
        lines.filtered(lambda line: line.path == "name").required = True
        if "namespace_id" in lines._fields:
            number = cls._next()
            namespace = cls.env["interop.namespace"].create(
                {
                    "name": f"Numbers {number}",
                    "code": f"numbers-{number}",
                    "uri": f"http://numbers-{number}.example",
                }
            )
            lines.filtered(lambda line: line.path == "city").write(
                {
                    "kind": "identifier",
                    "field_path": False,
                    "namespace_id": namespace.id,
                    "required": True,
                }
            )

    @classmethod
    def _list_model(cls, model, usage):
        """Let messages use ``model``, as a steward approves it."""
        listed = cls.env["interop.mapping.model"].search([("model", "=", model)])
        if listed and listed.state == "approved" and listed.usage == usage:
            return listed
        if not listed:
            listed = cls.env["interop.mapping.model"].create(
                {"model_id": cls.env["ir.model"]._get_id(model)}
            )
        if listed.state == "approved":
            listed._set_draft()
        listed.usage = usage
        cls._approve(listed)
        return listed

    @classmethod
    def _activate(cls, interface):
        """Approve as another steward, then activate."""
        cls._approve(interface, companies=interface.company_ids)
        interface._set_active()
        return interface

    @classmethod
    def _approve(cls, record, user=None, companies=None):
        """Approve the present state of ``record``, by default as a steward who
        changed nothing."""
        user = user or cls._approver(companies or cls.facility)
        return record.with_user(user).action_approve(record._fingerprint())

    @classmethod
    def _approver(cls, companies):
        """Return a steward of these facilities who does nothing but approve.

        Making a user clears Odoo's caches, so there is one per test class (or per test,
        where a test is the first to need it).
        """
        key = frozenset(companies.ids)
        user = cls._approvers.get(key, cls.env["res.users"])
        if not user.exists():
            user = cls._create_user("steward", companies=companies)
            cls._approvers[key] = user
        return user

    @classmethod
    def _accept(cls, interface):
        """Let ``interface`` go on as it is now, as if another person had approved that.

        Also where an approval would miss something, such as a transport.
        """
        interface._transition({"approval_changed": False})

    @contextmanager
    def _conf(self, **values):
        """Run with another ``[interop]`` section of odoo.conf; ``None`` removes a
        key."""
        kept = dict(self.conf)
        self.conf.update(values)
        for name in [name for name, value in values.items() if value is None]:
            del self.conf[name]
        try:
            yield
        finally:
            self.conf.clear()
            self.conf.update(kept)

    @contextmanager
    def _refused(self, error, pattern="", msg=None):
        """Expect ``error`` with ``pattern`` in its text, and undo what came before
        it."""
        with self.assertRaisesRegex(error, pattern, msg=msg), self.env.cr.savepoint():
            yield

    @contextmanager
    def _in_the_middle(self, name, method, run):
        """Call ``run`` right before core's ``method`` does its work on a record of the
        model ``name``, as a constraint or an override of another addon might."""
        core = getattr(BaseModel, method)

        def wrapped(records, *args):
            if records._name == name:
                run()
            return core(records, *args)

        with patch.object(BaseModel, method, wrapped):
            yield

    def _commit(self):
        """Do what a commit does before writing: flush and run the pre-commit hooks."""
        self.env.cr.flush()

    def _message_of(self, record):
        """Return the messages about ``record``."""
        return self.env["interop.message"].search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)]
        )


class InteropCase(InteropMixin, TransactionCase):
    """``TransactionCase`` with the helpers above."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_interop()
