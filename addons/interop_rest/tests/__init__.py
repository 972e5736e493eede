from . import test_access
from . import test_client
from . import test_dispatcher
from . import test_inbound
from . import test_inbound_promises
from . import test_settings
from . import test_openapi
