"""``./setup/demo``: a day of the suite, played against real Odoo from the outside.

Odoo is used over its external API only, with a login per role. The two programs on the
other side, :mod:`.partner` and :mod:`.receiver`, are processes of their own, sign and
verify with the published ``standardwebhooks`` library and share no code with the
addons.
"""
