"""The reasons why messages of an interface wait."""

from ... import const
from ..engine.engine_types import Hold


class InterfaceHolds:
    """Lists the reasons why messages of one interface wait.

    ``_stops`` and ``_holds`` of the model call it. Other addons may extend those
    methods.

    :param interface: ``interop.interface``, one record
    """

    def __init__(self, interface):
        self.interface = interface
        self.env = interface.env

    def stops(self):
        """Return the reasons that hold back all messages, except a stop of the
        interface itself (list of ``Hold``)."""
        system, guard = self.interface.system_id, self.env["interop.guard"]
        holds = [Hold(problem) for problem in guard._problems()]
        if system.interop_stopped_at:
            holds.append(Hold(system._stop_text()))
        if guard._environment() and system.environment != guard._environment():
            names = dict(const.ENVIRONMENTS)
            text = self.env._(
                "System “%(system)s” belongs to environment “%(theirs)s”, but this "
                "server is “%(ours)s”.",
                system=system.name,
                theirs=names.get(system.environment),
                ours=names.get(guard._environment(), guard._environment()),
            )
            holds.append(Hold(text))
        return holds

    def of_message(self, company, test=False):
        """Return all reasons that hold back a message (list of ``Hold``).

        :param company: facility of the message, may be empty
        :param bool test: whether it is a test message, which also moves before
            activation
        """
        holds = self.interface._stops()
        for record in (self.interface, company):
            if record.interop_stopped_at:
                holds.append(Hold(record._stop_text()))
        if self.interface.state != "active" and not test:
            states = dict(
                self.interface._fields["state"]._description_selection(self.env)
            )
            text = self.env._(
                "Interface “%(name)s” is not active (%(state)s).",
                name=self.interface.name,
                state=states[self.interface.state],
            )
            holds.append(Hold(text))
        if not test:
            holds += self.interface._approval_holds()
            holds += self.interface._window_holds()
        return holds + self.interface._receiver_holds()

    def level_and_text(self, known):
        """Return ``(level, text)``: the share of messages held back, and the reasons.

        :param set known: ids of the facilities whose names the reader may see
        """
        # sudo: a user who may read the interface may also read why its messages wait
        interface_sudo = self.interface.sudo()
        in_use = interface_sudo.state in const.CAPTURING_STATES
        stops = interface_sudo._stops() if in_use else []
        facilities = [
            Hold(company._stop_text())
            for company in interface_sudo.company_ids
            if in_use and company.id in known and company.interop_stopped_at
        ]
        held = []
        if in_use:
            held = interface_sudo._approval_holds() + interface_sudo._receiver_holds()
            held += interface_sudo._window_holds()
        levels = ["all"] * bool(stops or interface_sudo.interop_stopped_at)
        levels += ["part"] * bool(facilities) + ["held"] * bool(held) + ["none"]
        if facilities and len(facilities) == len(interface_sudo.company_ids):
            levels[0] = "all"
        texts = [hold.text for hold in (*stops, *facilities, *held)]
        return levels[0], "\n".join(texts) or False
