"""What kubelets and the scheduler would do, for pods that run nowhere.

A process beside the control plane watches pods, binds them to nodes, and writes the statuses and
events that a kubelet would, as each pod's annotation `testbed/behaviour` asks (see behaviours.py).
It also answers for the kubelets' log endpoint, so that `kubectl logs` works through the API server.
"""
