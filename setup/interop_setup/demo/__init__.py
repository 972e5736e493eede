"""``./setup/demo``: a day of the suite, played against a real Odoo from the outside.

The demo uses only the external API of Odoo, with one login per role. The programs of the
other side, :mod:`.partner` and :mod:`.receiver`, are separate processes. They sign and
verify with the published ``standardwebhooks`` library and share no code with the addons.
"""
