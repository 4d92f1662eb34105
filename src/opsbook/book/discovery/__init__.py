"""Services out of what deploys them: Compose, Kubernetes, Helm values, systemd, Procfiles, Backstage, Nomad, targets
of a Prometheus. From text alone; asks and starts nothing, and never raises.
"""

from opsbook.book.discovery.found import Found as Found
from opsbook.book.discovery.found import FoundCheck as FoundCheck
from opsbook.book.discovery.found import FoundOperation as FoundOperation
from opsbook.book.discovery.found import FoundStep as FoundStep
from opsbook.book.discovery.found import Told as Told
