from . import test_access
from . import test_location
from . import test_ownership
from . import test_partner
from . import test_provider
from . import test_updates
from . import test_facility
from . import test_facility_matrix
