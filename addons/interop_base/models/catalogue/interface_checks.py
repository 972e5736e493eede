"""What an interface keeps to for as long as it lives."""

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ... import const

# An archived interface captures nothing and moves nothing: only where that is so anyway.
ARCHIVABLE_STATES = ("draft", "approved", "retired")


def facilities(interfaces):
    """Raise unless each system serves the facilities of its interfaces."""
    for interface in interfaces:
        # sudo: also facilities that are not chosen in the switcher
        interface_sudo = interface.sudo()
        outside = interface_sudo.company_ids - interface_sudo.system_id.company_ids
        if outside:
            raise ValidationError(
                interfaces.env._(
                    "“%(interface)s” covers %(facilities)s, which %(system)s does not "
                    "serve. Add them to the system first.",
                    interface=interface.name,
                    facilities=", ".join(outside.mapped("name")),
                    system=interface.system_id.name,
                )
            )


def data_class(interfaces):
    """Raise where a contract is classed stricter than its interface."""
    order = [key for key, _label in const.DATA_CLASSES]
    for interface in interfaces.filtered("data_class"):
        limit = order.index(interface.data_class)
        for contract in interface.contract_ids:
            if order.index(contract.data_class) > limit:
                raise ValidationError(
                    interfaces.env._(
                        "“%(interface)s” may carry less than contract %(contract)s "
                        "contains. Raise its data class.",
                        interface=interface.name,
                        contract=contract.display_name,
                    )
                )


def filter_domain(interfaces):
    """Raise where a filter cannot be used on the objects of the contracts."""
    for interface in interfaces.filtered("filter_domain"):
        try:
            domain = Domain(interface._filter())
            for model in interface.contract_ids.model_id:
                domain.validate(interfaces.env[model.model])
        except Exception as error:  # noqa: BLE001
            raise ValidationError(
                interfaces.env._(
                    "The filter of “%(name)s” cannot be used: %(reason)s",
                    name=interface.name,
                    reason=str(error),
                )
            ) from None


def still_complete(interfaces):
    """What activation asked for cannot be taken away from a flow that moves."""
    for interface in interfaces.filtered(
        lambda item: item.state in const.CAPTURING_STATES
    ):
        missing = interface._missing_facts()
        if missing:
            raise ValidationError(
                interfaces.env._(
                    "“%(name)s” is in use and cannot do without:\n%(missing)s",
                    name=interface.name,
                    missing="\n".join(f"• {item}" for item in missing),
                )
            )


def archive(interfaces):
    """Raise where an interface in use is archived."""
    for interface in interfaces:
        if not interface.active and interface.state not in ARCHIVABLE_STATES:
            raise ValidationError(
                interfaces.env._(
                    "“%s” is in use: suspend, deprecate and retire it before you "
                    "archive it.",
                    interface.name,
                )
            )
        if not interface.active and interface.holds_events:
            raise ValidationError(
                interfaces.env._(
                    "“%s” was in use, and its events wait for an approval: activate "
                    "it again or retire it before you archive it.",
                    interface.name,
                )
            )


def only_drafts(interfaces):
    """Raise where an interface was approved once: its history has to stay."""
    for interface in interfaces:
        if interface.state != "draft" or interface.approved_fingerprint:
            raise UserError(
                interfaces.env._(
                    "“%s” was approved: its history has to stay. Retire it instead.",
                    interface.name,
                )
            )
