from . import interop_care_specialty
from . import interop_care_role
from . import res_partner
from . import interop_handler_party
from . import interop_handler_provider
from . import interop_handler_location
from . import interop_handler_party_updated
from . import res_partner_updates
