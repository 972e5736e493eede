from . import test_access
from . import test_delivery
from . import test_endpoint
from . import test_outcome
from . import test_promises
from . import test_send_test
from . import test_settings
from . import test_tours
