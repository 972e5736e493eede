"""Buttons of the steward's queue, and the question in words."""

from odoo import api, fields, models


class InteropIdentityCase(models.Model):
    """Every decision asks in a dialog what it needs to know."""

    _inherit = "interop.identity.case"

    question = fields.Char("What Is Asked", compute="_compute_question")

    @api.depends("kind", "creates", "left_id", "right_id", "left_model", "right_model")
    def _compute_question(self):
        for case in self:
            case.question = case._question()

    def _question(self):
        """Return what the steward is asked, in words."""
        if self._one_already():
            return self.env._(
                "These two were merged already. Try again, or undo that merge first if "
                "the message is right that it was the other way round."
            )
        if self.kind == "merge":
            return self.env._(
                "A message says that these two are the same, but something speaks "
                "against it. Are they?"
            )
        if self.left_id and self.right_id:
            if self.left_model != self.right_model:
                return self.env._(
                    "The identifiers of one message belong to two different kinds of "
                    "records. Which one is meant?"
                )
            return self.env._(
                "The identifiers of one message belong to two records. Are they the "
                "same?"
            )
        if self.kind == "namespace" and self._names_nothing():
            return self.env._(
                "The sender names no assigning authority. Whose numbers does it mean?"
            )
        if self.kind == "namespace":
            return self.env._(
                "The sender names an assigning authority that is not set up. Which one "
                "does it mean?"
            )
        if self.kind == "identifier":
            return self._unknown_question()
        if self.namespace_id:
            return self.env._(
                "The sender knows this record under one number and now sends another "
                "one of its own. Is it the same, or somebody new?"
            )
        return self.env._(
            "An identifier of the message belongs to another kind of record than the "
            "message is about. Correct the identifier and try again, or reject."
        )

    def _unknown_question(self):
        """Return what is asked about an identifier that nobody has."""
        if self.creates:
            return self.env._("Nobody here has this identifier. Whose is it?")
        return self.env._(
            "Nobody here has this identifier, and the message cannot make a new record. "
            "Whose is it? Or reject, so that the sender registers it first."
        )

    # ------------------------------------------------------------------
    # Dialogs
    # ------------------------------------------------------------------
    def action_same(self):
        """Button: the two are the same, or the identifier is a known record's."""
        known = self.env._("A Known Record")
        return self._ask("same", self.env._("Same") if self.left_id else known)

    def action_different(self):
        """Button: the two are not the same."""
        return self._ask("different", self.env._("Not the Same"))

    def action_create(self):
        """Button: it is somebody new."""
        return self._ask("create", self.env._("Create New"))

    def action_assign(self):
        """Button: say which namespace the sender means."""
        return self._ask("namespace", self.env._("Assign Namespace"))

    def action_reject(self):
        """Button: the messages are wrong."""
        return self._ask("rejected", self.env._("Reject"))

    def action_retry(self):
        """Button: it was corrected elsewhere."""
        return self._ask("retried", self.env._("Try Again"))

    def _ask(self, decision, title):
        """Open the dialog of a decision; who comes too late is told at once."""
        self._check_may_decide(decision)
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "interop.identity.decision",
            "view_mode": "form",
            "target": "new",
            "context": {"default_case_id": self.id, "default_decision": decision},
        }

    # ------------------------------------------------------------------
    # The merge behind a decision
    # ------------------------------------------------------------------
    def action_view_merge(self):
        """Open the journal of the merge."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "interop.identifier.merge",
            "res_id": self.merge_id.id,
            "view_mode": "form",
        }

    def action_unmerge(self):
        """Button: ask for the reason and undo the merge."""
        self.ensure_one()
        return self.merge_id.action_unmerge()
