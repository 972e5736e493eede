from . import test_access
from . import test_identifier
from . import test_namespace
from . import test_partner_merge
from . import test_resolve
from . import test_mapping_identifier
from . import test_merge
