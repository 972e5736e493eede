"""Partners as providers, people and locations, and the facilities that know them."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tools import sql

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.models.engine import origin

from ..tools.birth import latest_birth_date
from .facility_key import FacilityKey
from .interop_handler_party_updated import UPDATE_FIELDS

LATEST_MESSAGES = 20
CONSENTS = [("granted", "Granted"), ("refused", "Refused")]
# Marks of a person in care. The facilities of such a person restrict access. Locations
# belong to one company, as in core.
MARKS = ("interop_is_person", "interop_is_provider")
# message type -> partner field that marks its partners
UPDATES = {
    "provider.updated": "interop_is_provider",
    "person.updated": "interop_is_person",
}
READERS = (
    "interop_base.interop_base_group_user,interop_base.interop_base_group_steward,"
    "interop_base.interop_base_group_auditor"
)


class ResPartner(models.Model):
    """Marks partners as people, providers and locations, without clinical data.

    Governed fields obey their systems of record. A person in care is visible to the
    facilities that know the person; a mark creates a membership. Other partners are
    ordinary contacts and do not change. Contacts below a person (addresses, relatives)
    follow the person. Like core's company rule, the rule skips partners of internal
    users and of companies, which the whole database uses.

    Changes are published in their own transaction.
    """

    _name = "res.partner"
    _inherit = ["res.partner", "interop.governed.mixin"]

    interop_is_provider = fields.Boolean(
        "Provider", help="A practitioner known to other systems."
    )
    interop_is_person = fields.Boolean(
        "Person", help="A person who receives care, or who answers for another person."
    )
    interop_is_location = fields.Boolean(
        "Care Location", help="A place of care, such as a building, ward or room."
    )
    interop_specialty_ids = fields.Many2many(
        "interop.care.specialty", string="Specialties"
    )
    interop_location_type = fields.Char(
        "Location Type", help="As the sending system states it, such as Ward."
    )
    interop_birth_date = fields.Date("Date of Birth")
    interop_guarantor_id = fields.Many2one(
        "res.partner",
        "Guarantor",
        ondelete="set null",
        index="btree_not_null",
        help="The contact who pays the bills of this person. Leave empty if the "
        "person pays.",
    )
    interop_payer_id = fields.Many2one(
        "res.partner",
        "Payer",
        ondelete="set null",
        index="btree_not_null",
        help="Insurer or other organization that pays. Leave empty for no payer.",
    )
    interop_payer_number = fields.Char(
        "Member Number", help="The number of this person at the payer."
    )
    interop_communication_consent = fields.Selection(
        CONSENTS,
        "Consent to Communication",
        help="Whether the person agreed to be contacted by letter and "
        "telephone. Empty if not known.",
    )
    interop_role_ids = fields.One2many("interop.care.role", "partner_id", "Roles")
    interop_message_ids = fields.Many2many(
        "interop.message",
        string="Latest Messages",
        compute="_compute_interop_messages",
        groups=READERS,
    )
    interop_message_count = fields.Integer(
        compute="_compute_interop_messages",
        groups=READERS,
    )
    interop_membership_ids = fields.One2many(
        "interop.facility.membership",
        "partner_id",
        "Facility Memberships",
        readonly=True,
        copy=False,
    )
    interop_facility_ids = fields.Many2many(
        "res.company",
        string="Facilities",
        compute="_compute_interop_facility_ids",
        search="_search_interop_facility_ids",
        help="Those of your facilities that know this person.",
    )
    interop_facility_key = FacilityKey(
        compute="_compute_interop_facility_key",
        store=True,
        recursive=True,
        copy=False,
        groups=fields.NO_ACCESS,
    )

    _interop_facility_idx = models.Index("USING gin (interop_facility_key)")
    _interop_ordinary_idx = models.Index("(id) WHERE interop_facility_key IS NULL")

    def _auto_init(self):
        """Add the column empty.

        Every existing partner is an ordinary contact, so a million rows need no
        computation.
        """
        if not sql.column_exists(self.env.cr, self._table, "interop_facility_key"):
            sql.create_column(
                self.env.cr, self._table, "interop_facility_key", "int4[]"
            )
        return super()._auto_init()

    # === COMPUTE AND CONSTRAINTS === #

    @api.constrains("interop_birth_date")
    def _check_interop_birth_date(self):
        latest = latest_birth_date(clock.now())
        for partner in self.filtered("interop_birth_date"):
            if partner.interop_birth_date > latest:
                raise ValidationError(
                    self.env._(
                        "The date of birth of %s is in the future. Correct it.",
                        partner.display_name,
                    )
                )

    def _compute_interop_messages(self):
        messages = self.env["interop.message"]
        for partner in self:
            domain = partner._interop_message_domain()
            partner.interop_message_count = messages.search_count(domain)
            partner.interop_message_ids = messages.search(
                domain, order="id desc", limit=LATEST_MESSAGES
            )

    @api.depends_context("uid", "allowed_company_ids")
    @api.depends("interop_membership_ids.state")
    def _compute_interop_facility_ids(self):
        active = self.env["interop.facility.membership"].search(
            [("partner_id", "in", self.ids), ("state", "=", "active")]
        )
        for partner in self:
            partner.interop_facility_ids = active.filtered(
                lambda item, partner=partner: item.partner_id == partner._origin
            ).company_id

    def _interop_recompute_facilities(self):
        """Recompute the facilities of these partners (sudo) and of their numbers after
        SQL changes."""
        self.modified(["interop_membership_ids"])
        numbers_sudo = self.env["interop.identifier"].search(
            [("partner_id", "in", self.ids)]
        )
        numbers_sudo.modified(["partner_id"])

    def _search_interop_facility_ids(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        active = Domain("state", "=", "active")
        if operator != "in":
            active &= Domain("company_id", operator, value)
            return Domain("interop_membership_ids", "any", active)
        ids = [company_id for company_id in value if company_id]
        wanted = active & Domain("company_id", "in", ids)
        found = Domain("interop_membership_ids", "any", wanted)
        if False in value:
            found |= ~Domain("interop_membership_ids", "any", active)
        return found

    @api.depends(
        "partner_share",
        "interop_membership_ids.state",
        "interop_membership_ids.company_id",
        "parent_id.interop_facility_key",
    )
    def _compute_interop_facility_key(self):
        known = self._interop_known_ids()
        rest = set(self._ids)
        while rest:
            # Parents first. In a circle, which core refuses later, the order does not
            # matter.
            ready = self.filtered(
                lambda partner: partner.id in rest and partner.parent_id.id not in rest
            ) or self.browse(rest)
            for partner in ready:
                key = known.get(partner._origin.id)
                if key is None:
                    key = partner.parent_id.interop_facility_key
                if not partner.partner_share or partner.ref_company_ids:
                    key = None
                partner.interop_facility_key = key
            rest.difference_update(ready._ids)

    def _interop_known_ids(self):
        """Return ``{id: ids of the facilities that know the partner}``.

        Only partners with a present or former membership are included.
        """
        memberships = self.env["interop.facility.membership"]
        memberships.flush_model(["partner_id", "company_id", "state"])
        self.env.cr.execute(
            """SELECT partner_id,
                      COALESCE(array_agg(company_id) FILTER (WHERE state = 'active'),
                               '{}')
                 FROM interop_facility_membership WHERE partner_id = ANY(%s)
                GROUP BY partner_id""",
            [self._origin.ids],
        )
        return dict(self.env.cr.fetchall())

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Create a membership for new people at their facility, and publish them."""
        partners = super().create(vals_list)
        unknown_sudo = partners._interop_without_membership()
        for facilities, people in unknown_sudo._interop_by_first_facilities():
            people._interop_begin(dict.fromkeys(people, facilities))
        partners._interop_publish_updates()
        return partners

    def write(self, vals):
        """Create a membership for contacts that are marked as people in care."""
        result = super().write(vals)
        if any(vals.get(name) for name in MARKS):
            unknown_sudo = self._interop_without_membership()
            for facilities, people in unknown_sudo._interop_by_first_facilities():
                people._interop_join(facilities)
        return result

    def _check_access(self, operation):
        """Raise an error that does not name a person hidden from the user."""
        result = super()._check_access(operation)
        if result and any(result[0]._ids):
            # sudo: checks whether facilities restrict these partners, not which
            keyed_sudo = result[0].sudo().filtered(self._is_interop_keyed)
            if keyed_sudo:
                return result[0], self._interop_hidden_error
        return result

    @staticmethod
    def _is_interop_keyed(partner):
        return partner.interop_facility_key is not False

    def _interop_hidden_error(self):
        return AccessError(
            self.env._(
                "Your facilities do not know this person, or you have no right to "
                "do this. If your facility should know the person, ask an "
                "integration steward of both facilities to let it join."
            )
        )

    # === JOINING AND LEAVING === #

    def _interop_without_membership(self):
        """Return those (sudo) that are marked as people in care and never had a
        membership."""
        # sudo: a mark creates the membership, whichever user sets it
        marked_sudo = self.sudo().filtered(
            lambda partner: any(partner[name] for name in MARKS)
        )
        return marked_sudo - marked_sudo._interop_memberships_sudo().partner_id

    def _interop_by_first_facilities(self):
        """Return ``[(facilities, partners)]`` for contacts that become people in care.

        It is the facility of the contact, else the current one.
        """
        if not self:
            return ()
        here = self.env["interop.event"]._own_company()
        return self.grouped(lambda partner: partner.company_id or here).items()

    def _interop_document_facilities(self):
        """Return the facilities that have documents of these partners.

        Called when an ordinary contact becomes a person in care and had no membership
        before: these facilities continue to see the contact. An override adds the
        facilities of its documents to the result of super. It must use sudo, because
        the user may not see all documents.

        :rtype: recordset of `res.company`
        """
        return self.env["res.company"]

    @api.private
    def _interop_join(self, companies, reason=None):
        """Make these people known at ``companies``; existing memberships stay.

        Called by handlers of messages, by the dialog *Join a Facility*, by merges and
        when a mark is set. The caller checks the right to decide it.

        :param str reason: reason for the audit trail, without content
        :return: the new memberships (sudo)
        """
        present_sudo = self._interop_memberships_sudo().grouped("partner_id")
        missing = {}
        for partner_sudo in self.sudo():  # sudo: all facilities count
            memberships_sudo = present_sudo.get(partner_sudo)
            wanted = companies
            if memberships_sudo:
                wanted -= memberships_sudo.filtered(
                    lambda item: item.state == "active"
                ).company_id
            else:
                wanted |= partner_sudo._interop_document_facilities()
            # No other transaction sees records that this one created.
            if wanted and not partner_sudo._is_new_of_author():
                partner_sudo._lock_governed()
            missing[partner_sudo] = wanted
        return self._interop_begin(missing, reason)

    @api.model
    def _interop_begin(self, facilities, reason=None):
        """Begin memberships and publish the people to their new facilities.

        :param dict facilities: ``{partner: facilities}``
        :return: the memberships (sudo)
        """
        # sudo: memberships are created only here; the callers check who may decide
        memberships_sudo = self.env["interop.facility.membership"].sudo()
        memberships_sudo = memberships_sudo._begin(facilities, reason)
        if not memberships_sudo:
            return memberships_sudo
        partners = memberships_sudo.partner_id.with_env(self.env)
        key = self._fields["interop_facility_key"]
        # New records are computed later in any case.
        self.env.not_to_compute(key, partners).modified(["interop_membership_ids"])
        # Values that sudo cached must not be visible to the user.
        partners.invalidate_recordset(
            ["interop_membership_ids", "interop_facility_ids", "interop_identifier_ids"]
        )
        partners._interop_publish_updates()
        return memberships_sudo

    @api.private
    def _interop_leave(self, companies, reason=None):
        """End the memberships of these people at ``companies``; return the ended ones."""
        scope = origin.current(self.env)
        message = self.env["interop.message"].browse(scope.message_id if scope else ())
        return self._interop_active_at(companies)._set_left(reason, message)

    def _interop_memberships_sudo(self, **values):
        """Return the memberships of these people at every facility.

        They are searched instead of read from the field, because a value that sudo
        reads stays in the cache of the user.
        """
        # sudo: memberships at all facilities decide who sees a person
        memberships_sudo = self.env["interop.facility.membership"].sudo()
        domain = Domain("partner_id", "in", self.ids)
        for name, value in values.items():
            domain &= Domain(name, "in", [value] if isinstance(value, str) else value)
        if not self.ids:
            return memberships_sudo
        return memberships_sudo.search_fetch(
            domain, ["partner_id", "company_id", "state"]
        )

    def _interop_known_at(self):
        """Return the facilities that know these people."""
        active_sudo = self._interop_memberships_sudo(state="active")
        return active_sudo.company_id.with_env(self.env)

    def _interop_active_at(self, companies):
        """Return the active memberships (sudo) at ``companies``."""
        return self._interop_memberships_sudo(state="active", company_id=companies.ids)

    # === PUBLISHING === #

    def _publish_change(self, changed):
        result = super()._publish_change(changed)
        ids = [rec.id for rec, names in changed.items() if UPDATE_FIELDS & set(names)]
        self.browse(ids)._interop_publish_updates()
        return result

    def _interop_publish_updates(self):
        """Publish the changes of those that are providers or people."""
        for message_type in UPDATES if self else ():
            self._interop_publish_updated(message_type)

    def _interop_publish_updated(self, message_type):
        """Publish the partners that a message type applies to."""
        # Most databases have no such interface. Then no partner is read.
        if self and self.env["interop.interface"]._capturing(message_type):
            # sudo: the contract decides which fields are sent, not the rights of the
            # user
            marked_sudo = self.sudo().filtered(UPDATES[message_type])
            self.env["interop.event"]._publish(message_type, marked_sudo)

    # === BUTTONS === #

    def _interop_message_domain(self):
        """Return the domain of the messages about these partners."""
        return [("res_model", "=", self._name), ("res_id", "in", self.ids)]

    def action_view_interop_messages(self):
        """Open the messages about this partner (button)."""
        return self.env["interop.message"]._action_log(self._interop_message_domain())

    def action_interop_join(self):
        """Open the dialog that makes this person known at another facility (button)."""
        self.ensure_one()
        return self._interop_facility_dialog("join", self.env["res.company"])

    def _interop_facility_dialog(self, operation, company):
        """Return the action of the dialog that asks for facility and reason."""
        names = {
            "join": self.env._("Join a Facility"),
            "leave": self.env._("Leave a Facility"),
        }
        return {
            "type": "ir.actions.act_window",
            "name": names[operation],
            "res_model": "interop.facility.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_operation": operation,
                "default_partner_id": self.id,
                "default_company_id": company.id,
            },
        }
