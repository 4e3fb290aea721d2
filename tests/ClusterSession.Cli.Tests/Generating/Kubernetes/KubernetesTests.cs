using System.Reflection;
using ClusterSession.Cli.Generating;
using ClusterSession.Cli.Generating.Kubernetes;
using ClusterSession.Cli.Shell;
using k8s;
using k8s.Models;
using Xunit;

namespace ClusterSession.Cli.Tests.Generating.Kubernetes;

/// <summary>
/// The manifests against the model of Kubernetes' API that its C# client is generated from: a field
/// that no object has, or a value of another kind, does not load. What the model does not know is
/// looked at here: what must be set, and what refers to what.
/// </summary>
public sealed class KubernetesTests
{
    private static readonly KubernetesDescription Described = KubernetesReader.Read(
        "cluster.yaml",
        ExampleTests.Description("kubernetes")
    );

    private static readonly IReadOnlyDictionary<string, string> Texts = KubernetesFiles
        .Of(Described, SiteSecrets.New())
        .ToDictionary(file => file.Path, file => file.Text);

    private static readonly IKubernetesObject<V1ObjectMeta>[] Objects = [.. Texts.Values.SelectMany(Load)];

    private static V1StatefulSet Redis => Objects.OfType<V1StatefulSet>().Single();

    private static V1Deployment Application => Objects.OfType<V1Deployment>().Single();

    [Fact]
    public void Every_document_is_an_object_of_the_api_with_a_name_and_a_namespace()
    {
        Assert.Equal(
            [
                "Deployment",
                "NetworkPolicy",
                "PodDisruptionBudget",
                "PodDisruptionBudget",
                "Secret",
                "Secret",
                "Service",
                "Service",
                "StatefulSet",
            ],
            Objects.Select(one => one.Kind).Order(StringComparer.Ordinal)
        );
        Assert.All(Objects, one =>
        {
            var known = one.GetType().GetCustomAttribute<KubernetesEntityAttribute>()!;
            var version = known.Group.Length == 0 ? known.ApiVersion : $"{known.Group}/{known.ApiVersion}";
            Assert.Equal((version, known.Kind), (one.ApiVersion, one.Kind));
            Assert.NotEmpty(one.Metadata.Name);
            Assert.Equal("shop", one.Metadata.NamespaceProperty);
        });
        Assert.Equal(Objects.Length, Objects.Select(one => (one.Kind, one.Metadata.Name)).Distinct().Count());
    }

    [Theory]
    [InlineData("application.yaml", "readinessProbe:", "readynessProbe:")]
    [InlineData("application.yaml", "terminationGracePeriodSeconds: 55", "terminationGracePeriod: 55")]
    [InlineData("application.yaml", "failureThreshold: 60", "failureThreshold: often")]
    [InlineData("application.yaml", "preStop:", "beforeStop:")]
    [InlineData("redis.yaml", "volumeClaimTemplates:", "volumeClaims:")]
    [InlineData("redis.yaml", "policyTypes:", "policies:")]
    [InlineData("redis.yaml", "kind: PodDisruptionBudget", "kind: DisruptionBudget")]
    [InlineData("secrets.yaml", "stringData:", "strings:")]
    public void What_the_api_does_not_know_does_not_load(string file, string right, string wrong)
    {
        Assert.Contains(right, Texts[file], StringComparison.Ordinal);
        Assert.ThrowsAny<Exception>(() => Load(Texts[file].Replace(right, wrong, StringComparison.Ordinal)));
    }

    [Fact]
    public void Selectors_find_the_pods_that_are_meant()
    {
        var (redis, application) = (Redis.Spec.Template.Metadata.Labels, Application.Spec.Template.Metadata.Labels);
        Assert.NotEqual(redis, application);
        var policy = Objects.OfType<V1NetworkPolicy>().Single().Spec;
        Assert.Equal(redis, policy.PodSelector.MatchLabels);
        Assert.Equal([application, redis], policy.Ingress[0].FromProperty.Select(peer => peer.PodSelector.MatchLabels));
        Assert.Equal([redis], policy.Ingress[1].FromProperty.Select(peer => peer.PodSelector.MatchLabels));
        Assert.Equal(redis, Redis.Spec.Selector.MatchLabels);
        Assert.Equal(application, Application.Spec.Selector.MatchLabels);
        foreach (var (name, labels) in new[] { ("shop-redis", redis), ("shop", application) })
        {
            Assert.Equal(labels, Objects.OfType<V1Service>().Single(one => one.Metadata.Name == name).Spec.Selector);
            Assert.Equal(
                labels,
                Objects
                    .OfType<V1PodDisruptionBudget>()
                    .Single(one => one.Metadata.Name == name)
                    .Spec.Selector.MatchLabels
            );
        }

        Assert.Equal(
            Redis.Spec.ServiceName,
            Objects.OfType<V1Service>().First(one => one.Spec.ClusterIP == "None").Metadata.Name
        );
    }

    [Fact]
    public void Volumes_ports_and_secrets_that_are_named_exist()
    {
        var secrets = Objects.OfType<V1Secret>().ToDictionary(one => one.Metadata.Name, one => one.StringData);
        var pod = Redis.Spec.Template.Spec;
        string[] volumes = ["data", .. pod.Volumes.Select(volume => volume.Name)];
        Assert.Equal("data", Redis.Spec.VolumeClaimTemplates.Single().Metadata.Name);
        Assert.All(pod.Containers.Concat(pod.InitContainers).SelectMany(one => one.VolumeMounts), mount =>
            Assert.Contains(mount.Name, volumes)
        );
        var files = secrets[pod.Volumes.Single(volume => volume.Secret is not null).Secret.SecretName];
        foreach (var name in Enumerable.Range(0, Redis.Spec.Replicas!.Value).Select(i => $"{Redis.Metadata.Name}-{i}"))
        {
            Assert.Contains($"{name}.conf", files.Keys);
            Assert.Contains($"{name}.json", files.Keys);
        }

        var env = Application.Spec.Template.Spec.Containers.Single().Env;
        var reference = env.Single(one => one.Name == "ClusterSession__Redis").ValueFrom.SecretKeyRef;
        Assert.Contains("fence=lease", secrets[reference.Name][reference.Key], StringComparison.Ordinal);
        foreach (var container in pod.Containers.Concat(Application.Spec.Template.Spec.Containers))
        {
            var ports = container.Ports.Select(port => port.Name).ToArray();
            Assert.All(
                new[] { container.ReadinessProbe, container.LivenessProbe, container.StartupProbe }
                    .OfType<V1Probe>()
                    .Select(probe => (probe.HttpGet?.Port ?? probe.TcpSocket?.Port)?.Value)
                    .OfType<string>(),
                port => Assert.Contains(port, ports)
            );
        }
    }

    [Fact]
    public void Pod_is_killed_later_than_hook_requests_and_drain_can_take()
    {
        var pod = Application.Spec.Template.Spec;
        var container = pod.Containers.Single();
        var env = container.Env.Where(one => one.Value is not null).ToDictionary(one => one.Name, one => one.Value);
        var drain = TimeSpan.Parse(
            env["ClusterSession__Outage__DrainTimeout"],
            System.Globalization.CultureInfo.InvariantCulture
        );
        var ending = drain + 3 * new ClusterSessionOptions().Outage.HardTimeout;
        var host = TimeSpan.FromSeconds(
            int.Parse(env["DOTNET_SHUTDOWNTIMEOUTSECONDS"], System.Globalization.CultureInfo.InvariantCulture)
        );
        var hook = TimeSpan.FromSeconds(container.Lifecycle.PreStop.Sleep.Seconds);
        Assert.True(hook > TimeSpan.Zero && host > ending, $"{host} for {ending}");
        Assert.True(TimeSpan.FromSeconds(pod.TerminationGracePeriodSeconds!.Value) > hook + host);
        Assert.Equal("/health", container.ReadinessProbe.HttpGet.Path);
        Assert.Null(container.LivenessProbe.HttpGet); // A restart loses what only this node has.
    }

    [Theory]
    [InlineData("cluster: shop", "cluster: Shop", "cluster is 'Shop'.", "lower-case")]
    [InlineData("drainSeconds: 20", "drainSeconds: 4000", "application.drainSeconds is 4000.", "3600 or less")]
    [InlineData("drainSeconds: 20", "drain: 20", "application.drain is no setting.", "drainSeconds")]
    [InlineData("storage: 8Gi", "storage: 8gb", "redis.storage is '8gb'.", "8Gi")]
    [InlineData("shop:1.0.0", "shop", "application.image is 'registry.example/shop'.", "tag or digest")]
    [InlineData("  maxMemory: 1gb\n", "", "redis.maxMemory is missing.", "512mb")]
    public void What_is_wrong_is_said_with_line_key_value_and_remedy(
        string right,
        string wrong,
        string reason,
        string remedy
    )
    {
        var text = ExampleTests.Description("kubernetes");
        Assert.Contains(right, text, StringComparison.Ordinal);
        var refusal = Assert.Throws<ToolException>(() =>
            KubernetesReader.Read("cluster.yaml", text.Replace(right, wrong, StringComparison.Ordinal))
        );
        Assert.Contains(reason, refusal.Reason, StringComparison.Ordinal);
        Assert.Contains(remedy, refusal.Remedy, StringComparison.Ordinal);
    }

    private static IEnumerable<IKubernetesObject<V1ObjectMeta>> Load(string text) =>
        KubernetesYaml.LoadAllFromString(text, strict: true).Cast<IKubernetesObject<V1ObjectMeta>>();
}
