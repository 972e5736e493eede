"""Settings of the inbound layer, as the services read them."""

from odoo import api, models
from odoo.http import request
from odoo.tools import ormcache

from odoo.addons.interop_base import parameters
from odoo.addons.interop_base.inbound.read import Limits

from .. import const


class InteropRestSettings(models.AbstractModel):
    """Each setting within its bounds; anything else counts as the default."""

    _name = "interop.rest.settings"
    _description = "Settings of Inbound REST"

    @api.model
    def _setting(self, parameter):
        """Return one setting by its parameter, see ``const.SETTINGS``."""
        return self._settings()[parameter]

    @api.model
    @ormcache(cache="stable")  # forgotten with every change of a system parameter
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
        """Return the largest body that is read at all."""
        return 1024 * self._setting(const.PARAM_MAX_BODY_KB)

    @api.model
    def _max_batch_bytes(self):
        """Return the largest batch that is read at all."""
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
        """Return whether anybody may read the routes and errors of this API."""
        return parameters.text(self.env, const.PARAM_PUBLIC_OPENAPI) == "True"

    @api.model
    def _public_url(self):
        """Return the root address of this server as partners know it.

        The Settings name it; else it is the address of the request that is served, such
        as that of a person at the screen, and without one Odoo's own.
        """
        named = parameters.text(self.env, const.PARAM_PUBLIC_URL)
        if not named and request:
            named = request.httprequest.url_root
        return (named or self.get_base_url()).rstrip("/")
