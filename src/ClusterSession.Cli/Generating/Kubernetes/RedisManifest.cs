using System.Globalization;

namespace ClusterSession.Cli.Generating.Kubernetes;

/// <summary>Three Redis with an agent beside each, and who may reach them.</summary>
internal static class RedisManifest
{
    /// <summary>Of Debian's and Docker's Redis.</summary>
    private const int User = 999;

    private const int BytesOfMebi = 1024 * 1024;

    public static string Of(KubernetesDescription description)
    {
        var (site, name) = (description.Site, description.Redis);
        var labels = KubernetesFiles.Labels(description, "redis");
        var @class = description.StorageClass is { } given ? $"\n        storageClassName: {given}" : "";
        return $$"""
            # Redis and its agents: docs/how-to/kubernetes.md.
            # A name for each pod, also of those that are not ready: agents need each other to become so.
            apiVersion: v1
            kind: Service
            metadata:
              name: {{name}}
              namespace: {{description.Namespace}}
              labels: {{labels}}
            spec:
              clusterIP: None
              publishNotReadyAddresses: true
              selector: {{labels}}
              ports:
                - { name: redis, port: {{KubernetesDescription.RedisPort}}, targetPort: redis }
                - { name: agent, port: {{KubernetesDescription.AgentPort}}, targetPort: agent }
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata:
              name: {{name}}
              namespace: {{description.Namespace}}
              labels: {{labels}}
            spec:
              serviceName: {{name}}
              # The three votes of the agents. Not to be scaled: the settings name exactly these.
              replicas: {{KubernetesDescription.Members}}
              # One alone never becomes ready: it has no majority.
              podManagementPolicy: Parallel
              updateStrategy: { type: RollingUpdate }
              selector:
                matchLabels: {{labels}}
              template:
                metadata:
                  labels: {{labels}}
                spec:
                  # Redis saves what it has and ends; killed before, it would come back older.
                  terminationGracePeriodSeconds: 120
                  automountServiceAccountToken: false
                  # Two on one node of the cluster would be two votes gone with it.
                  affinity:
                    podAntiAffinity:
                      requiredDuringSchedulingIgnoredDuringExecution:
                        - topologyKey: kubernetes.io/hostname
                          labelSelector:
                            matchLabels: {{labels}}
                  securityContext:
                    runAsNonRoot: true
                    runAsUser: {{User}}
                    runAsGroup: {{User}}
                    fsGroup: {{User}}
                    seccompProfile: { type: RuntimeDefault }
                  initContainers:
                    - name: directories
                      image: {{description.RedisImage}}
                      command: [mkdir, -p, {{site.DataDirectory}}/$(POD), {{site.DataDirectory}}/$(POD)-agent]
            {{Environment}}
            {{Confined}}
                      volumeMounts:
                        - { name: data, mountPath: {{site.DataDirectory}} }
                  containers:
                    - name: redis
                      image: {{description.RedisImage}}
                      command: [redis-server, {{site.ConfigDirectory}}/$(POD).conf]
            {{Environment}}
                      ports:
                        - { name: redis, containerPort: {{KubernetesDescription.RedisPort}} }
                      # Any answer will do, NOAUTH as well: whether it is the master is the agents' to say.
                      readinessProbe:
                        exec: { command: [redis-cli, ping] }
                        periodSeconds: 5
                        timeoutSeconds: 2
                      # A Redis that loads its data accepts connections. One that hangs is replaced by the agents
                      # long before this ends it.
                      livenessProbe:
                        tcpSocket: { port: redis }
                        periodSeconds: 10
                        failureThreshold: 6
                      # Copying to a replica and saving take memory beyond maxmemory.
                      resources:
                        requests: { cpu: 250m, memory: {{Memory(description, 1)}} }
                        limits: { memory: {{Memory(description, 2)}} }
            {{Confined}}
                      volumeMounts:
                        - { name: data, mountPath: {{site.DataDirectory}} }
                        - { name: files, mountPath: {{site.ConfigDirectory}}, readOnly: true }
                    - name: agent
                      image: {{description.ToolImage}}
                      command: [cluster-session, failover, agent, --config, {{site.ConfigDirectory}}/$(POD).json]
            {{Environment}}
                      ports:
                        - { name: agent, containerPort: {{KubernetesDescription.AgentPort}} }
                      # 200 of the master, and of a replica that follows it: a roll-out waits for each.
                      readinessProbe:
                        httpGet: { path: /read-only, port: agent }
                        periodSeconds: 2
                        timeoutSeconds: 2
                      # It asks nothing: an agent that is restarted sees the others no better.
                      livenessProbe:
                        tcpSocket: { port: agent }
                        periodSeconds: 10
                        failureThreshold: 3
                      resources:
                        requests: { cpu: 100m, memory: 128Mi }
                        limits: { memory: 256Mi }
            {{Confined}}
                      volumeMounts:
                        # After a merge it copies the file of Redis aside.
                        - { name: data, mountPath: {{site.DataDirectory}} }
                        - { name: files, mountPath: {{site.ConfigDirectory}}, readOnly: true }
                        - { name: scratch, mountPath: /tmp }
                  volumes:
                    - name: files
                      # 0440: these users and nobody else.
                      secret: { secretName: {{name}}, defaultMode: 288 }
                    - name: scratch
                      emptyDir: { sizeLimit: 64Mi }
              volumeClaimTemplates:
                - metadata: { name: data }
                  spec:
                    accessModes: [ReadWriteOnce]{{@class}}
                    resources:
                      requests: { storage: {{description.Storage}} }
            ---
            # With two of the three gone nobody could decide.
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
            ---
            # Redis for the application and for each other, agents for each other alone. Add who reads /metrics.
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata:
              name: {{name}}
              namespace: {{description.Namespace}}
              labels: {{labels}}
            spec:
              podSelector:
                matchLabels: {{labels}}
              policyTypes: [Ingress]
              ingress:
                - from:
                    - podSelector: { matchLabels: {{KubernetesFiles.Labels(description, "application")}} }
                    - podSelector: { matchLabels: {{labels}} }
                  ports:
                    - { protocol: TCP, port: redis }
                - from:
                    - podSelector: { matchLabels: {{labels}} }
                  ports:
                    - { protocol: TCP, port: agent }
            """;
    }

    private const string Environment = """
                  env:
                    - name: POD
                      valueFrom: { fieldRef: { fieldPath: metadata.name } }
        """;

    private const string Confined = """
                  securityContext:
                    allowPrivilegeEscalation: false
                    readOnlyRootFilesystem: true
                    capabilities: { drop: [ALL] }
        """;

    /// <summary>So many times maxmemory, as Kubernetes writes it.</summary>
    private static string Memory(KubernetesDescription description, int times)
    {
        var number = long.Parse(description.MaxMemory[..^2], CultureInfo.InvariantCulture);
        var bytes = description.MaxMemory[^2..] switch
        {
            "gb" => number * 1024 * BytesOfMebi,
            "mb" => number * BytesOfMebi,
            _ => number * 1024,
        };
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Max(64, bytes * times / BytesOfMebi)}Mi");
    }
}
