"""How the detector is run: image, compose, Kubernetes, monitoring, runbooks, and the checks of all of them."""
