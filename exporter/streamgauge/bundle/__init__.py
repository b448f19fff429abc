"""What ships beside the code: dashboards, rules, Alertmanager files and runbooks.

- ``files``: where they are, in a wheel and in a checkout.
- ``export``: writes them into a folder, for those who do not use compose.
- ``kubernetes``: the same as manifests for kube-prometheus.
"""
