"""Test base: a catalogue that delivers to a real receiver on loopback."""

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tests.common import InteropCase, InteropMixin

from .. import const
from .receiver import Receiver


class WebhookMixin(InteropMixin):
    """Adds endpoints, receivers and moving time."""

    @classmethod
    def _set_up_interop(cls):
        result = super()._set_up_interop()
        cls.env["ir.config_parameter"].set_param(const.PARAM_PORTS, "443, 1024-65535")
        return result

    def _start_receiver(self, answer=200, **options):
        """Return a receiver that is closed when the test ends."""
        receiver = Receiver(answer, **options)
        self.addCleanup(receiver.close)
        return receiver

    @classmethod
    def _create_endpoint(cls, secret=True, **values):
        """Create an endpoint that may reach loopback; with its secrets unless told not
        to."""
        number = cls._next()
        if "system_id" not in values:
            values["system_id"] = cls._create_system().id
        endpoint = cls.env["interop.endpoint"].create(
            {
                "name": f"Endpoint {number}",
                "code": f"endpoint-{number}",
                "url": "http://127.0.0.1:1024/hook",
                "allow_http": True,
                "allowed_networks": "127.0.0.0/8",
                **values,
            }
        )
        if secret:
            for kind in const.SECRET_KINDS[endpoint.signature_version]:
                endpoint._rotate_kind(kind)
        return endpoint

    @classmethod
    def _create_interface(cls, activate=True, **values):
        """Create an interface that delivers to ``endpoint_id``, or to its own."""
        if values.get("direction", "out") == "out" and "endpoint_id" not in values:
            system = values.get("system_id") or cls._create_system().id
            values.update(
                system_id=system, endpoint_id=cls._create_endpoint(system_id=system).id
            )
        elif values.get("endpoint_id") and not values.get("system_id"):
            endpoint = cls.env["interop.endpoint"].browse(values["endpoint_id"])
            values["system_id"] = endpoint.system_id.id
        values.setdefault("transport", "webhook")
        return super()._create_interface(activate=activate, **values)

    @classmethod
    def _create_flow(cls, receiver=None, interface=None, **values):
        """Return an active interface that delivers to ``receiver``."""
        if receiver:
            values["url"] = receiver.url
        endpoint = cls._create_endpoint(**values)
        return cls._create_interface(endpoint_id=endpoint.id, **(interface or {}))

    def _publish(self, interface, **values):
        """Publish a new partner on ``interface`` and return the waiting message."""
        partner = self.env["res.partner"].create(
            {"name": "Dr. Ada", "company_id": self.facility.id, **values}
        )
        self.env["interop.event"]._publish(
            interface.contract_ids[:1].message_type, partner
        )
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        return self._message_of(partner).filtered(
            lambda message: message.interface_id == interface
        )

    def _run(self):
        """Let the pump move what is due now."""
        self.env["interop.pump"].sudo()._run_inline()

    def _deliver(self, answer, policy=None, **endpoint):
        """Deliver one message to a receiver that answers so; return the message."""
        receiver = self._start_receiver(answer)
        interface = self._create_flow(receiver, **endpoint)
        interface.retry_policy_id = self.env["interop.retry.policy"].create(
            {"name": "Test", "schedule": "0s, 10s", **(policy or {})}
        )
        message = self._publish(interface)
        self._run()
        return message

    def _make_due(self, messages):
        """Let the time pass until the next try of ``messages``."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_queue SET next_attempt_at = %s WHERE id = ANY(%s)",
            [clock.now(), messages.ids],
        )
        messages.invalidate_recordset()


class WebhookCase(WebhookMixin, InteropCase):
    """``TransactionCase`` with the helpers above."""
