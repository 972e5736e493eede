"""The question of an identity case, and its answers, in words."""

from .case_decision import CaseDecision


class CaseWords:
    """What a steward reads about one case.

    :param case: ``interop.identity.case``, one record
    """

    def __init__(self, case):
        self.case = case
        self.env = case.env
        self.decision = CaseDecision(case)

    def question(self):
        """Return what the steward is asked, in words."""
        case = self.case
        if self.decision.is_one_already() and case.kind != "merge":
            return self.env._(
                "These two were merged already. Try again, or undo that merge first if "
                "the message is right that it was the other way round."
            )
        if case.kind == "placeholder":
            return self._placeholder_question()
        if case.kind == "merge":
            return self._merge_question()
        if case.left_id and case.right_id:
            return self._pair_question()
        if case.kind == "namespace":
            return self._authority_question()
        if case.kind == "identifier":
            return self._unknown_question()
        if case.namespace_id:
            return self.env._(
                "The sender knows this record under one number and now sends another "
                "one of its own. Is it the same record, or a new one?"
            )
        return self.env._(
            "An identifier of the message belongs to another kind of record than the "
            "message is about. Correct the identifier and try again, or reject."
        )

    def _placeholder_question(self):
        """Return what is asked about a placeholder."""
        if self.case.left_id:
            return self.env._(
                "This record has a placeholder instead of a number, so that messages "
                "about different people may have changed it. Check the record, mark "
                "the identifier as entered in error, then choose Try Again."
            )
        return self.env._(
            "The sender wrote a placeholder instead of a number. Have the sender "
            "correct it and reject the messages. If it is a number, change the "
            "placeholders of the namespace, then choose Try Again."
        )

    def _merge_question(self):
        """Return what is asked about a merge that contradicts an earlier one."""
        case = self.case
        if self.decision.is_one_already():
            return self.env._(
                "An earlier merge joined these two records. A message merges them the "
                "other way round. Are they the same?"
            )
        if not case.right_id:
            return self.env._(
                "A message merges the numbers of this record the other way round than "
                "an earlier message. Is its survivor number the present number?"
            )
        return self.env._(
            "A message says that these two records are the same. An earlier merge "
            "contradicts it. Are they the same?"
        )

    def _pair_question(self):
        """Return what is asked about two records that one message names."""
        case = self.case
        if case.left_model != case.right_model:
            return self.env._(
                "The identifiers of one message belong to two different kinds of "
                "records. Which record does the message mean?"
            )
        return self.env._(
            "The identifiers of one message belong to two records. Are they the same?"
        )

    def _authority_question(self):
        """Return what is asked about an assigning authority that is not known."""
        if self.decision.names_nothing():
            return self.env._(
                "The sender names no assigning authority. Which authority does the "
                "sender mean?"
            )
        return self.env._(
            "The sender names an assigning authority that is not set up. Which "
            "authority does the sender mean?"
        )

    def _unknown_question(self):
        """Return what is asked about an identifier that no record has."""
        if self.case.creates:
            return self.env._("No record here has this identifier. Which record is it?")
        return self.env._(
            "No record here has this identifier, and the message cannot make a new record. "
            "Choose the record, or reject the message so that the sender registers it "
            "first."
        )

    # === BUTTONS === #

    def same_label(self):
        """Return the label of the button that says: the same."""
        case = self.case
        if not case.left_id:
            return self.env._("Choose Known Record")
        if self.decision.is_one_already():
            return self.env._("Same: Keep Them Merged")
        if case.right_id and self._of_people():
            return self.env._("Same Person: Merge Numbers")
        if case.right_id:
            return self.env._("Same Record: Merge Numbers")
        if not case.namespace_id:
            return self.env._("Same: Keep All Numbers")
        return self.env._("Same: Add Number to %s", case.left_name)

    def different_label(self):
        """Return the label of the button that says: different."""
        if self.decision.is_one_already():
            return self.env._("Different: Undo the Merge")
        if self._of_people():
            return self.env._("Different People")
        return self.env._("Different Records")

    def create_label(self):
        """Return the label of the button that says: new."""
        if self.case.left_id:
            return self.env._("Different: Create New Record")
        return self.env._("Create New Record")

    def _of_people(self):
        return self.case.left_model == "res.partner"
