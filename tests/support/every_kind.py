"""Objects of many kinds, written as people write them: other spellings, empty values, defaults."""

from __future__ import annotations

import base64
from typing import Any

import yaml

Body = dict[str, Any]

_WRAPPED = base64.encodebytes(b"a value that is longer than one line of base64 takes" * 2).decode()

_TEXT = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, annotations: {}, labels: {app: web}}
data: {debug: "true", empty: "", config.yaml: "a: 1\\nb: 2\\n"}
binaryData: {file: BINARY}
---
apiVersion: v1
kind: Secret
metadata: {name: encoded}
type: Opaque
data: {key: WRAPPED}
---
apiVersion: v1
kind: Secret
metadata: {name: plain, creationTimestamp: null}
stringData: {password: hunter2-secret}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
automountServiceAccountToken: false
imagePullSecrets: [{name: encoded}]
secrets: []
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: ""
  selector: {app: web}
  ports: [{port: 80, targetPort: http, name: http}, {port: 53, protocol: UDP, name: dns}]
---
apiVersion: v1
kind: Service
metadata: {name: headless}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}], sessionAffinity: null}
---
apiVersion: v1
kind: Service
metadata: {name: outside}
spec: {type: ExternalName, externalName: example.org}
---
apiVersion: v1
kind: Endpoints
metadata: {name: manual}
subsets: [{addresses: [{ip: 10.1.2.3}], ports: [{port: 80}]}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: disk}
spec: {accessModes: [ReadWriteOnce], storageClassName: "", resources: {requests: {storage: 1024Mi}}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: NAMESPACE-disk}
spec:
  capacity: {storage: "1073741824"}
  accessModes: [ReadWriteOnce]
  hostPath: {path: /data}
  persistentVolumeReclaimPolicy: Retain
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota}
spec: {hard: {requests.cpu: "100.0", requests.memory: 1024Gi, pods: 100}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: limits}
spec: {limits: [{type: Container, max: {memory: 1024Mi, cpu: "1000m"}, default: {cpu: 0.5}}]}
---
apiVersion: v1
kind: PodTemplate
metadata: {name: template}
template: {metadata: {labels: {app: t}}, spec: {containers: [{name: main, image: "web:1"}]}}
---
apiVersion: v1
kind: ReplicationController
metadata: {name: controller}
spec:
  replicas: 0
  selector: {app: rc}
  template: {metadata: {labels: {app: rc}}, spec: {containers: [{name: main, image: "web:1"}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 1
  minReadySeconds: 0
  paused: false
  strategy: {}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, creationTimestamp: null}
    spec:
      serviceAccount: web
      hostNetwork: false
      nodeSelector: {}
      tolerations: [{key: spot, operator: Exists}, {key: arch, value: arm}]
      securityContext: {}
      initContainers:
        - {name: first, image: "web:1", command: [sh, -c, "true"]}
        - {name: second, image: "web:1", env: []}
      containers:
        - name: main
          image: web:1
          args: null
          ports: [{containerPort: 80, name: http}, {containerPort: 53, protocol: UDP}]
          env:
            - {name: EMPTY, value: ""}
            - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
            - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
          resources: {limits: {cpu: 1000m, memory: 1024Mi}, requests: {cpu: 0.5, memory: 5e8}}
          readinessProbe: {httpGet: {path: /, port: http}, initialDelaySeconds: 0}
          livenessProbe: {tcpSocket: {port: 80}, periodSeconds: 10}
          volumeMounts: [{name: tmp, mountPath: /tmp, readOnly: false}]
          securityContext: {capabilities: {drop: [ALL]}, privileged: false}
        - {name: sidecar, image: "side:1", resources: {}}
      volumes: [{name: tmp, emptyDir: {}}, {name: config, configMap: {name: settings}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  replicas: 0
  serviceName: headless
  selector: {matchLabels: {app: store}}
  template: {metadata: {labels: {app: store}}, spec: {containers: [{name: main, image: "web:1"}]}}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 2048Mi}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: main, image: "web:1"}]}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: bare}
spec:
  replicas: 0
  selector: {matchLabels: {app: bare}}
  template: {metadata: {labels: {app: bare}}, spec: {containers: [{name: main, image: "web:1"}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  backoffLimit: 0
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: "web:1"}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: gone}
spec:
  ttlSecondsAfterFinished: 3600
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: "web:1"}]}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  suspend: false
  jobTemplate:
    spec:
      template: {spec: {restartPolicy: OnFailure, containers: [{name: main, image: "web:1"}]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 4
  metrics:
    - type: Resource
      resource: {name: memory, target: {type: AverageValue, averageValue: 1024Mi}}
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  tls: [{hosts: [web.example.org], secretName: plain}]
  rules:
    - host: web.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {name: http}}}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: NAMESPACE-class}
spec: {controller: example.org/ingress}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec:
  podSelector: {}
  ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [pods], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: web, namespace: NAMESPACE}, {kind: User, name: alice}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: NAMESPACE-aggregated}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {NAMESPACE-aggregate: "true"}}]}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: NAMESPACE-part, labels: {NAMESPACE-aggregate: "true"}}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: NAMESPACE-reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: NAMESPACE-part}
subjects: [{kind: Group, name: readers}]
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: NAMESPACE-priority}
value: 0
globalDefault: false
description: ""
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: NAMESPACE-storage}
provisioner: example.org/disk
parameters: {}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: leader}
spec: {holderIdentity: ""}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: manual, labels: {kubernetes.io/service-name: manual}}
addressType: IPv4
endpoints: [{addresses: [10.1.2.3]}]
ports: [{port: 80}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: NAMESPACE-hook, annotations: {cert-manager.io/inject-ca-from: a/b}}
webhooks:
  - name: hook.example.org
    sideEffects: None
    admissionReviewVersions: [v1]
    failurePolicy: Ignore
    clientConfig: {caBundle: Cg==, service: {name: none, namespace: NAMESPACE}}
    rules:
      - {apiGroups: [none.example.org], apiVersions: [v1], resources: [nones], operations: [CREATE]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: NAMESPACE-policy}
spec:
  failurePolicy: Ignore
  matchConstraints:
    resourceRules:
      - {apiGroups: [none.example.org], apiVersions: [v1], resources: [nones], operations: [CREATE]}
  validations: [{expression: "true"}]
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: NAMESPACE-runtime}
handler: runc
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.NAMESPACE.example.org}
spec:
  group: NAMESPACE.example.org
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
    - name: v1
      served: true
      storage: true
      subresources:
        status: {}
        scale: {specReplicasPath: .spec.size, statusReplicasPath: .status.size}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: {type: integer}
                interval: {type: string, default: 1h}
                enabled: {type: boolean}
                parts:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [id]
                  items:
                    type: object
                    required: [id]
                    properties: {id: {type: string}, weight: {type: integer, default: 1}}
                tags: {type: array, x-kubernetes-list-type: set, items: {type: string}}
                order: {type: array, items: {type: string}}
            status: {type: object, x-kubernetes-preserve-unknown-fields: true}
---
apiVersion: NAMESPACE.example.org/v1
kind: Widget
metadata: {name: one}
spec:
  size: 2
  interval: 60m
  enabled: false
  parts: [{id: a}, {id: b, weight: 2}]
  tags: [x, y]
  order: [b, a]
"""


def every_kind(namespace: str) -> list[Body]:
    """All of them, in that namespace or named after it."""
    text = _TEXT.replace("NAMESPACE", namespace)
    bodies: list[Body] = [body for body in yaml.safe_load_all(text) if body]
    for body in bodies:
        metadata = body["metadata"]
        metadata["annotations"] = {
            **(metadata.get("annotations") or {}),
            "gitops-action/wait": "ignore",
        }
        if (
            not metadata["name"].startswith(namespace)
            and body["kind"] != "CustomResourceDefinition"
        ):
            metadata["namespace"] = namespace
        for key, value in body.get("data", {}).items():
            body["data"][key] = _WRAPPED if value == "WRAPPED" else value
        for key in body.get("binaryData", {}):
            body["binaryData"][key] = _WRAPPED
    return bodies


def kinds(bodies: list[Body]) -> set[str]:
    return {body["kind"] for body in bodies}
