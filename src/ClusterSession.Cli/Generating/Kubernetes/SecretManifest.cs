namespace ClusterSession.Cli.Generating.Kubernetes;

/// <summary>
/// What holds passwords and digests: configurations of Redis and agents, the connection string.
/// </summary>
internal static class SecretManifest
{
    public static GeneratedFile Of(KubernetesDescription description, SiteSecrets secrets)
    {
        var site = description.Site;
        var files = site.Candidates.SelectMany(redis =>
            new[] { RedisFiles.Closed(site, secrets, redis), AgentFiles.Agent(site, secrets, redis) }
        );
        var servers = string.Join(',', site.Candidates.Select(redis => redis.Address));
        var text = $"""
            # The pods mount these as files, or read them as variables: who may read Secrets of this namespace may
            # read every session.
            apiVersion: v1
            kind: Secret
            metadata:
              name: {description.Redis}
              namespace: {description.Namespace}
              labels: {KubernetesFiles.Labels(description, "redis")}
            type: Opaque
            stringData:
            {string.Concat(files.Select(Entry))}
            ---
            apiVersion: v1
            kind: Secret
            metadata:
              name: {description.Cluster}-session
              namespace: {description.Namespace}
              labels: {KubernetesFiles.Labels(description, "application")}
            type: Opaque
            stringData:
              # One of the three is the master; with fence=lease a node commits to no other one.
              redis: "{servers},fence=lease,user={AgentFiles.ApplicationUser},password={secrets.ApplicationPassword}"
            """;
        return new GeneratedFile("secrets.yaml", GeneratedText.Clean(text), IsSecret: true);
    }

    /// <summary>NAME.conf and NAME.json, each line of it behind the blanks of its block.</summary>
    private static string Entry(GeneratedFile file) =>
        $"  {Path.GetFileName(file.Path)}: |\n"
        + string.Concat(file.Text.TrimEnd('\n').Split('\n').Select(line => $"    {line}\n"));
}
