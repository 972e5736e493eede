"""Settings of inbound REST as the services read them."""

from odoo import api, models
from odoo.http import request
from odoo.tools import ormcache

from odoo.addons.interop_base import parameters
from odoo.addons.interop_base.inbound.read import Limits

from .. import const


class InteropRestSettings(models.AbstractModel):
    """Reads settings; a value out of bounds is replaced by the default."""

    _name = "interop.rest.settings"
    _description = "Settings of Inbound REST"

    @api.model
    def _setting(self, parameter):
        """Return the value of one parameter of ``const.SETTINGS``."""
        return self._settings()[parameter]

    @api.model
    @ormcache(cache="stable")  # Odoo clears it when a system parameter changes
    def _settings(self):
        """Return all settings by their parameters."""
        found = {}
        for parameter, (default, lowest, highest) in const.SETTINGS.items():
            try:
                value = int(parameters.text(self.env, parameter))
            except ValueError:
                value = default
            found[parameter] = value if lowest <= value <= highest else default
        return found

    @api.model
    def _max_body_bytes(self):
        """Return the maximum size of a body in bytes."""
        return 1024 * self._setting(const.PARAM_MAX_BODY_KB)

    @api.model
    def _max_batch_bytes(self):
        """Return the maximum size of a batch in bytes."""
        return 1024 * self._setting(const.PARAM_MAX_BATCH_KB)

    @api.model
    def _limits(self):
        """Return the ``Limits`` of one message."""
        return Limits(
            self._max_body_bytes(),
            self._setting(const.PARAM_MAX_DEPTH),
            self._setting(const.PARAM_MAX_ITEMS),
        )

    @api.model
    def _is_public(self):
        """Return whether callers without credentials may read routes and errors."""
        return parameters.text(self.env, const.PARAM_PUBLIC_OPENAPI) == "True"

    @api.model
    def _public_url(self):
        """Return the root URL of this server for partners.

        The order is: the setting, the address of the current request, the base URL of
        Odoo.
        """
        named = parameters.text(self.env, const.PARAM_PUBLIC_URL)
        if not named and request:
            named = request.httprequest.url_root
        return (named or self.get_base_url()).rstrip("/")
