from . import controllers
from . import log
from . import machine_request
from . import models
from . import wizard
