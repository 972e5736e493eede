"""The list of what is missing before an interface can be approved or activated."""

from ... import const


class InterfaceCompleteness:
    """Lists missing values of one interface, as one text each.

    ``_missing_facts`` and ``_missing_for_activation`` of the model call it. Other
    addons extend those methods.

    :param interface: ``interop.interface``, one record
    """

    def __init__(self, interface):
        self.interface = interface
        self.env = interface.env

    def facts(self):
        """Return the missing values of the catalogue entry, one text each."""
        required = [
            (self.interface.owner_id, self.env._("business owner")),
            (
                self.interface.exception_user_id or self.interface.exception_team_id,
                self.env._("exception owner (a user or a team)"),
            ),
            (
                self.interface.objective_seconds > 0,
                self.env._("service objective (seconds)"),
            ),
            (self.interface.data_class, self.env._("data class")),
            (self.interface.latency_tier, self.env._("latency tier")),
            (self.interface.retry_policy_id, self.env._("retry policy")),
        ]
        return [label for present, label in required if not present]

    def activation(self):
        """Return what is still missing before messages can move, one text each."""
        required = [
            (self.interface.transport, self.env._("transport")),
            (self.interface.company_ids, self.env._("at least one facility")),
            (
                self.interface.contract_ids.filtered(
                    lambda item: item.state in const.USABLE_CONTRACT_STATES
                ),
                self.env._("a published contract"),
            ),
        ]
        missing = self.interface._missing_facts()
        missing += [label for present, label in required if not present]
        if self.interface.data_class in const.PROTECTED_CLASSES:
            problem = self.env["interop.vault"]._problem()
            if problem:
                missing.append(self.env._("a key file (%s)", problem))
        missing += self.unhandled_contracts()
        missing += self.environment()
        return missing + self.endpoint()

    def environment(self):
        """Return what is missing if the system belongs to another environment: its
        messages would never move on this server."""
        ours = self.env["interop.guard"]._environment()
        if self.interface.system_id.environment == ours:
            return []
        labels = dict(const.ENVIRONMENTS)
        return [
            self.env._(
                "a system of this server's environment (%(system)s belongs to "
                "“%(theirs)s”, this server to “%(ours)s”)",
                system=self.interface.system_id.name,
                theirs=labels[self.interface.system_id.environment],
                ours=labels.get(ours, ours or "–"),
            )
        ]

    def endpoint(self):
        """Return what the endpoint lacks if the transport needs an endpoint."""
        if not self.interface._uses_endpoint():
            return []
        if not self.interface.endpoint_id:
            return [self.env._("endpoint")]
        if not self.interface.endpoint_id.active:
            return [self.env._("an endpoint that is not archived")]
        transport = self.env[f"interop.transport.{self.interface.transport}"]
        return transport._missing_for_delivery(self.interface.endpoint_id)

    def unhandled_contracts(self):
        """Return what is missing for contracts without a handler."""
        return [
            self.env._(
                "an app that handles %s, or the app Interop: Mappings",
                contract.display_name,
            )
            for contract in self.interface.contract_ids
            if not contract.handler_name
        ]
