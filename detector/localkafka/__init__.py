"""Apache Kafka from nothing: the real broker as JVM processes on 127.0.0.1, for the demo, the tests and a laptop.

`Cluster` is all that others need; it fetches what is missing on its first start (`install`). It is not for production.
"""

from detector.localkafka.cluster import Cluster
from detector.localkafka.install import Installation, prepare

__all__ = ["Cluster", "Installation", "prepare"]
