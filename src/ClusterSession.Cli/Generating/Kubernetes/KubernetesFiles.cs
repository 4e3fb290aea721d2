namespace ClusterSession.Cli.Generating.Kubernetes;

/// <summary>Every manifest. Pure: the same description and secrets give the same bytes.</summary>
internal static class KubernetesFiles
{
    public static IReadOnlyList<GeneratedFile> Of(KubernetesDescription description, SiteSecrets secrets) =>
        [
            new("application.yaml", GeneratedText.Clean(ApplicationManifest.Of(description))),
            new("redis.yaml", GeneratedText.Clean(RedisManifest.Of(description))),
            SecretManifest.Of(description, secrets),
        ];

    /// <summary>What all objects of a part have in common.</summary>
    public static string Labels(KubernetesDescription description, string part) =>
        $"{{ app.kubernetes.io/part-of: {description.Cluster}, app.kubernetes.io/component: {part} }}";
}
