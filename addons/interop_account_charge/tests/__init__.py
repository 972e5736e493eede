from . import test_charge
from . import test_charge_http
from . import test_charge_reversed
from . import test_posted_entries
