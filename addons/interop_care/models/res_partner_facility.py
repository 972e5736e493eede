"""People of care belong to facilities, not to a company."""

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import sql

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.models.engine import origin

from .facility_key import FacilityKey

# Whom the marks make a person of care. Locations belong to one company, as in core.
MARKS = ("interop_is_person", "interop_is_provider")


class ResPartner(models.Model):
    """Who sees a person of care: the facilities that know them.

    A mark makes a membership; partners without one are ordinary contacts, for whom
    nothing changes. Contacts below a person (addresses, relatives) follow the person.
    Like core's own company rule, this one leaves alone the partners of internal users
    and of companies, which the whole database works with.
    """

    _inherit = "res.partner"

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
        help="Facilities that know this person, of those that you work for.",
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
        """Add the column empty: everybody who is here already is an ordinary contact,
        and a million of them need not be computed one by one."""
        if not sql.column_exists(self.env.cr, self._table, "interop_facility_key"):
            sql.create_column(
                self.env.cr, self._table, "interop_facility_key", "int4[]"
            )
        return super()._auto_init()

    # === COMPUTE === #

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
            # Parents first; in a circle, which core is about to refuse, anybody.
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
        """Return ``{id: ids of the facilities that know the partner}`` of those who
        have, or had, a membership."""
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
        """The facility where a person of care is entered knows them."""
        partners = super().create(vals_list)
        self._interop_note_parents(partners.parent_id)
        partners._interop_ensure_known(fresh=True)
        return partners

    def write(self, vals):
        """The facility that says of a contact that it is a person of care knows them."""
        result = super().write(vals)
        self._interop_note_parents(self.browse(vals.get("parent_id") or ()))
        if any(vals.get(name) for name in MARKS):
            self._interop_ensure_known()
        return result

    def _check_company(self, fnames=None):
        """Read where the linked accounts belong at once: core asks account by account,
        and new partners have two by default."""
        linked = {}
        for name in self._fields if fnames is None and self else ():
            field = self._fields[name]
            if field.company_dependent and field.relational and field.check_company:
                # sudo: as core does, to compare facilities
                linked.setdefault(field.comodel_name, []).append(self.sudo()[name])
        for model, found in linked.items():
            records_sudo = self.env[model].sudo().union(*found)
            if len(records_sudo) > 1 and "company_ids" in records_sudo._fields:
                records_sudo.with_context(active_test=False).fetch(["company_ids"])
        return super()._check_company(fnames)

    def _check_access(self, operation):
        """Do not name, in the error, a person whom the user may not know of."""
        result = super()._check_access(operation)
        if result and any(result[0]._ids):
            # sudo: whether facilities decide about these partners, not which
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
                "Your facilities do not know this person, or you may not do this. If "
                "yours should know the person, ask an integration steward who works for "
                "both facilities to let it join."
            )
        )

    # === JOINING AND LEAVING === #

    def _interop_ensure_known(self, fresh=False):
        """Let who is marked and known nowhere join where that was said.

        :param bool fresh: they have just been created
        """
        joining = {}
        if fresh:
            # Who is to be named in the trail, and whom core compares new partners with:
            # two columns of both, instead of two wide rows one after the other.
            # sudo: users need not see each other
            users_sudo = (
                self.env["res.users"].sudo().browse({self.env.uid, SUPERUSER_ID})
            )
            users_sudo.fetch(["login", "partner_id"])
        # sudo: a mark makes the membership, whoever may set the mark
        for partner_sudo in self.sudo():
            if not any(partner_sudo[name] for name in MARKS):
                continue
            if fresh:  # in the cache: empty, unless a role made one on the way
                known_sudo = partner_sudo.interop_membership_ids
                if known_sudo:  # not for everybody's eyes
                    partner_sudo.invalidate_recordset(["interop_membership_ids"])
            else:
                known_sudo = partner_sudo._interop_memberships_sudo()
            if not known_sudo:
                companies = partner_sudo._interop_first_facilities()
                joining.setdefault(companies, []).append(partner_sudo.id)
        for companies, ids in joining.items():
            partners_sudo = self.sudo().browse(ids)
            partners_sudo._interop_join(companies, known_nowhere=True, fresh=fresh)

    def _interop_first_facilities(self):
        """Return the facilities that know a contact who becomes a person of care: its
        own, or the one at work now."""
        self.ensure_one()
        return self.company_id or self.env["interop.event"]._own_company()

    def _interop_dealings(self):
        """Return the facilities that have documents of an ordinary contact, which is
        about to become a person of care; they go on seeing it. Addons add theirs."""
        return self.env["res.company"]

    @api.private
    def _interop_join(
        self, companies, reason=None, *, known_nowhere=False, fresh=False
    ):
        """Make these people known at ``companies``; who is known there already stays so.

        :param str reason: why, for the record; no content
        :param bool known_nowhere: the caller has just seen that they have no
            memberships
        :param bool fresh: and has just created them
        :returns: the new memberships
        """
        # sudo: memberships are made here and nowhere else, by rules of the callers
        memberships_sudo = self.env["interop.facility.membership"].sudo()
        scope = origin.current(self.env)
        vals_list = []
        for partner_sudo in self.sudo():
            missing = companies
            if not fresh:
                missing = partner_sudo._interop_missing(companies, known_nowhere)
            vals_list += [
                {
                    "partner_id": partner_sudo.id,
                    "company_id": company_id,
                    "joined_at": clock.now(),
                    "joined_by_id": self.env.uid,
                    "joined_message_id": scope.message_id if scope else False,
                    "stated": scope.stated if scope else False,
                    "roles_stated": False,
                    "joined_reason": reason,
                }
                for company_id in missing.ids
            ]
        memberships_sudo = memberships_sudo._begin(vals_list)
        if memberships_sudo:
            settled_sudo = self.sudo()._interop_untouched() if fresh else self.browse()
            settled_sudo._interop_set_key(companies)
            memberships_sudo.filtered(
                lambda item: item.partner_id not in settled_sudo
            ).modified(["partner_id", "company_id", "state"], create=True)
            # What sudo made is not for everybody's eyes.
            self.invalidate_recordset(
                [
                    *("interop_membership_ids", "interop_facility_ids"),
                    "interop_identifier_ids",
                ]
            )
        return memberships_sudo

    def _interop_missing(self, companies, known_nowhere):
        """Return where this person still has to join, and keep others from making it
        join meanwhile.

        :param bool known_nowhere: see :meth:`_interop_join`
        """
        self.ensure_one()
        present_sudo = self.env["interop.facility.membership"]
        if not known_nowhere:
            present_sudo = self._interop_memberships_sudo()
        wanted = companies
        if not present_sudo:
            wanted |= self._interop_dealings()
        active_sudo = present_sudo.filtered(lambda item: item.state == "active")
        missing = wanted - active_sudo.company_id
        # Nobody else sees what was made in this transaction.
        if missing and not self._is_new_of_author():
            self._lock_governed()
        return missing

    # === WHO HAS JUST BEEN CREATED === #

    def _interop_note_parents(self, parents):
        """Remember, for this transaction, who got contacts below it."""
        noted = self.env.cr.cache.setdefault("interop.parents", set())
        noted.update(parents._ids)

    def _interop_untouched(self):
        """Return those of these new people (sudo) for whom nothing but memberships
        decides about their key, and on whose key nothing depends yet."""
        parents = self.env.cr.cache.get("interop.parents", ())
        return self.filtered(
            lambda partner: (
                partner.id not in parents
                and partner.partner_share
                and not partner.ref_company_ids
                and not partner.interop_identifier_ids
            )
        )

    def _interop_set_key(self, companies):
        """Note who knows new people, as the computation would: it has no need to look
        for memberships, children and identifiers, one partner after the other."""
        field = self._fields["interop_facility_key"]
        self.env.remove_to_compute(field, self)
        with self.env.protecting([field], self):
            self.interop_facility_key = companies.ids

    @api.private
    def _interop_leave(self, companies, reason=None):
        """End what makes these people known at ``companies``; return what ended."""
        scope = origin.current(self.env)
        message = self.env["interop.message"].browse(scope.message_id if scope else ())
        return self._interop_active_at(companies)._set_left(reason, message)

    def _interop_memberships_sudo(self, **values):
        """Return the memberships of these people, of every facility.

        Searched, not read from the field: what is read there under sudo would stay in
        the cache for the user.
        """
        # sudo: who sees a person is decided by all facilities
        memberships_sudo = self.env["interop.facility.membership"].sudo()
        domain = Domain("partner_id", "in", self.ids)
        for name, value in values.items():
            domain &= Domain(name, "in", [value] if isinstance(value, str) else value)
        return memberships_sudo.search(domain) if self.ids else memberships_sudo

    def _interop_known_at(self):
        """Return the facilities that know these people."""
        active_sudo = self._interop_memberships_sudo(state="active")
        return active_sudo.company_id.with_env(self.env)

    def _interop_active_at(self, companies):
        """Return the active memberships (sudo) at ``companies``."""
        return self._interop_memberships_sudo(state="active", company_id=companies.ids)

    def action_interop_join(self):
        """Open the dialog that makes this person known at another facility."""
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
