"""Messages about people, and a handler that finds, creates and links them."""

from odoo.addons.interop_base.tests.fakes import EngineMixin

SENDER = "http://sender.example/mrn"
NATIONAL = "http://national.example/id"


class CaseMixin(EngineMixin):
    """An inbound interface whose messages carry identifiers and a name."""

    @classmethod
    def _set_up_cases(cls):
        cls.cases = cls.env["interop.identity.case"]
        cls.contract = cls._create_contract()
        cls._create_handler(cls.contract.message_type, _apply=cls._apply)
        cls.steward = cls._create_user("steward")
        cls.interface = cls._create_interface(
            direction="in",
            contract_ids=[(6, 0, cls.contract.ids)],
            data_class="personal",
            exception_user_id=cls.steward.id,
        )
        cls.sender = cls.interface.system_id
        cls.own = cls._namespace("Sender", SENDER, system_id=cls.sender.id)
        cls.national = cls._namespace("National", NATIONAL, person_adjacent=True)
        service = cls.env.ref("interop_base.user_integration")
        service.write(
            {
                "group_ids": [
                    (4, cls.env.ref("base.group_partner_manager").id),
                    (4, cls.env.ref("interop_base.interop_base_group_steward").id),
                ],
                "company_ids": [(4, cls.facility.id), (4, cls.other_facility.id)],
            }
        )
        cls.ada = cls.env["res.partner"].create({"name": "Ada Byron"})
        cls.king = cls.env["res.partner"].create({"name": "Ada King"})

    @classmethod
    def _namespace(cls, name, uri, **values):
        return cls.env["interop.namespace"].create(
            {
                "name": name,
                "code": f"{name.lower()}-{cls._next()}",
                "uri": uri,
                **values,
            }
        )

    @staticmethod
    def _apply(handler, message, data):
        identifiers = handler.env["interop.identifier"]
        found = identifiers._resolve(
            data["identifiers"],
            message.company_id,
            model="res.partner",
            system=message.system_id,
            at=message.occurred_at,
        )
        if not found:
            found = identifiers._resolve_unknown(
                data["identifiers"], message, "res.partner"
            )
        if not found:
            found = handler.env["res.partner"].create({"name": data["name"]})
        identifiers._link(found, data["identifiers"], message)
        found.write({"name": data["name"], "comment": (found.comment or "") + "x"})
        return found

    @classmethod
    def _identify(cls, record, namespace, value):
        return cls.env["interop.identifier"].create(
            {
                "namespace_id": namespace.id,
                "value": value,
                "res_model": record._name,
                "res_id": record.id,
            }
        )

    def _send(self, *wires, name="Ada", **values):
        """Receive and apply a message with ``(uri, value)`` pairs."""
        interface = values.pop("interface", self.interface)
        data = {
            "name": name,
            "identifiers": [{"system": uri, "value": value} for uri, value in wires],
        }
        message = self._receive(interface, data, **values)
        self._run()
        return message

    def _ambiguous(self, **values):
        """Send a message whose identifiers are Ada Byron's and Ada King's."""
        if not self.env["interop.identifier"].search([("value", "=", "N-20")]):
            self._identify(self.ada, self.own, "A-1")
            self._identify(self.king, self.national, "N-20")
        return self._send((SENDER, "A-1"), (NATIONAL, "N-20"), **values)

    def _known(self, record):
        return self.env["interop.identifier"].search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)]
        )

    def _case(self, message):
        return message.identity_case_id.with_user(self.steward)

    def _decide(self, case, decision, **values):
        """Show the messages and decide through the dialog, as a steward does."""
        if case.must_look:
            case.action_show_message()
        wizards = self.env["interop.identity.decision"].with_user(case.env.user)
        wizard = wizards.with_context(
            default_case_id=case.id, default_decision=decision
        ).create(values)
        wizard.action_decide()
        self._run()
