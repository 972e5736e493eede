"""Constraints of interfaces, in every state of their lifecycle."""

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ... import const

# An archived interface neither captures events nor moves messages. An interface in
# these states may therefore be archived.
ARCHIVABLE_STATES = ("draft", "approved", "retired")


def facilities(interfaces):
    """Raise if an interface covers a facility that its system does not serve."""
    for interface in interfaces:
        # sudo: also facilities that the user has not selected in the company switcher
        interface_sudo = interface.sudo()
        outside = interface_sudo.company_ids - interface_sudo.system_id.company_ids
        if outside:
            raise ValidationError(
                interfaces.env._(
                    "“%(interface)s” covers %(facilities)s, but %(system)s does not "
                    "serve them. Add the facilities to the system first.",
                    interface=interface.name,
                    facilities=", ".join(outside.mapped("name")),
                    system=interface.system_id.name,
                )
            )


def data_class(interfaces):
    """Raise if the data class of a contract is stricter than that of its interface."""
    order = [key for key, _label in const.DATA_CLASSES]
    for interface in interfaces.filtered("data_class"):
        limit = order.index(interface.data_class)
        for contract in interface.contract_ids:
            if order.index(contract.data_class) > limit:
                raise ValidationError(
                    interfaces.env._(
                        "Contract %(contract)s contains data of a stricter class than "
                        "“%(interface)s” allows. Raise the data class of the "
                        "interface.",
                        interface=interface.name,
                        contract=contract.display_name,
                    )
                )


def filter_domain(interfaces):
    """Raise if a filter is not a valid domain on the objects of the contracts."""
    for interface in interfaces.filtered("filter_domain"):
        try:
            domain = Domain(interface._filter())
            for model in interface.contract_ids.model_id:
                domain.validate(interfaces.env[model.model])
        except Exception as error:  # noqa: BLE001
            raise ValidationError(
                interfaces.env._(
                    "The filter of “%(name)s” is not valid: %(reason)s",
                    name=interface.name,
                    reason=str(error),
                )
            ) from None


def still_complete(interfaces):
    """Raise if an interface in use loses a value that its activation required."""
    for interface in interfaces.filtered(
        lambda item: item.state in const.CAPTURING_STATES
    ):
        missing = interface._missing_facts()
        if missing:
            raise ValidationError(
                interfaces.env._(
                    "“%(name)s” is in use. These values are required:\n%(missing)s",
                    name=interface.name,
                    missing="\n".join(f"• {item}" for item in missing),
                )
            )


def archive(interfaces):
    """Raise if an interface in use is archived."""
    for interface in interfaces:
        if not interface.active and interface.state not in ARCHIVABLE_STATES:
            raise ValidationError(
                interfaces.env._(
                    "“%s” is in use. Suspend, deprecate and retire it, then archive "
                    "it.",
                    interface.name,
                )
            )
        if not interface.active and interface.holds_events:
            raise ValidationError(
                interfaces.env._(
                    "“%s” was in use, and its events wait for an approval. Activate it "
                    "again or retire it, then archive it.",
                    interface.name,
                )
            )


def only_drafts(interfaces):
    """Raise if an interface that was approved once is deleted: messages refer to it."""
    for interface in interfaces:
        if interface.state != "draft" or interface.approved_fingerprint:
            raise UserError(
                interfaces.env._(
                    "“%s” was approved and cannot be deleted. Retire it instead.",
                    interface.name,
                )
            )
