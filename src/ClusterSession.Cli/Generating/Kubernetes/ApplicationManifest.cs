namespace ClusterSession.Cli.Generating.Kubernetes;

/// <summary>The nodes of the application, which drain before they end.</summary>
internal static class ApplicationManifest
{
    public static string Of(KubernetesDescription description)
    {
        var (name, labels) = (description.Cluster, KubernetesFiles.Labels(description, "application"));
        var (site, drain) = (description.Site, TimeSpan.FromSeconds(description.Drain));
        return $$"""
            # The application: docs/how-to/kubernetes.md. Sessions need no affinity; an Ingress that hashes the cookie
            # up to its first dot lets nodes serve from memory.
            apiVersion: v1
            kind: Service
            metadata:
              name: {{name}}
              namespace: {{description.Namespace}}
              labels: {{labels}}
            spec:
              selector: {{labels}}
              ports:
                - { name: http, port: 80, targetPort: http }
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: {{name}}
              namespace: {{description.Namespace}}
              labels: {{labels}}
            spec:
              replicas: {{description.Nodes}}
              strategy:
                type: RollingUpdate
                rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
              selector:
                matchLabels: {{labels}}
              template:
                metadata:
                  labels: {{labels}}
                spec:
                  # Longer than the hook, the last requests and the drain: a node that is killed before takes with it
                  # what only it has.
                  terminationGracePeriodSeconds: {{description.Grace}}
                  automountServiceAccountToken: false
                  topologySpreadConstraints:
                    - maxSkew: 1
                      topologyKey: kubernetes.io/hostname
                      whenUnsatisfiable: ScheduleAnyway
                      labelSelector:
                        matchLabels: {{labels}}
                  securityContext:
                    runAsNonRoot: true
                    seccompProfile: { type: RuntimeDefault }
                  containers:
                    - name: application
                      image: {{description.Image}}
                      ports:
                        - { name: http, containerPort: {{description.Port}} }
                      env:
                        - { name: ASPNETCORE_HTTP_PORTS, value: "{{description.Port}}" }
                        # The host's own limit for all of its end. By default it is 30 seconds.
                        - { name: DOTNET_SHUTDOWNTIMEOUTSECONDS, value: "{{description.Shutdown}}" }
                        - name: ClusterSession__Redis
                          valueFrom: { secretKeyRef: { name: {{name}}-session, key: redis } }
                        - { name: ClusterSession__KeyPrefix, value: "{{site.KeyPrefix}}" }
                        - { name: ClusterSession__IdleTimeout, value: "{{site.IdleTimeout}}" }
                        - { name: ClusterSession__Cookie__Name, value: "{{site.CookieName}}" }
                        - { name: ClusterSession__Outage__DrainTimeout, value: "{{drain:c}}" }
                      # It connects to Redis before it serves.
                      startupProbe:
                        httpGet: { path: {{description.HealthPath}}, port: http }
                        periodSeconds: 2
                        failureThreshold: 60
                      # 200 also while Redis is unreachable: nodes serve sessions from memory, and all of them would
                      # leave at once.
                      readinessProbe:
                        httpGet: { path: {{description.HealthPath}}, port: http }
                        periodSeconds: 2
                        timeoutSeconds: 2
                        failureThreshold: 2
                      # It asks nothing: a restart loses the commits that only this node has.
                      livenessProbe:
                        tcpSocket: { port: http }
                        periodSeconds: 10
                        failureThreshold: 6
                      lifecycle:
                        # A pod that is to end is taken out of the service at this moment. It goes on serving until
                        # all who send requests know; SIGTERM comes after it, and the node drains.
                        preStop:
                          sleep: { seconds: {{KubernetesDescription.PreStop}} }
                      resources:
                        requests: { cpu: 250m, memory: {{description.Memory}} }
                        limits: { memory: {{description.Memory}} }
                      securityContext:
                        allowPrivilegeEscalation: false
                        capabilities: { drop: [ALL] }
            ---
            # Nodes have the recent commits: one at a time ends while nodes of the cluster are emptied.
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata:
              name: {{name}}
              namespace: {{description.Namespace}}
              labels: {{labels}}
            spec:
              maxUnavailable: 1
              selector:
                matchLabels: {{labels}}
            """;
    }
}
