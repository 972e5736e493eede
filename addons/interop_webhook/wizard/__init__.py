from . import interop_credential_wizard
from . import interop_network_wizard
