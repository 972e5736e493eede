from . import test_audit
from . import test_contract
from . import test_event
from . import test_interface
from . import test_secret
from . import test_vault_guard
