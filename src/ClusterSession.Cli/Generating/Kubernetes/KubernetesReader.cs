using System.Text.RegularExpressions;
using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Generating.Kubernetes;

/// <summary>Reads the description for Kubernetes, and says what is wrong with it.</summary>
internal static partial class KubernetesReader
{
    private const string LabelRule =
        "up to 40 lower-case letters, digits and '-', a letter first, as Kubernetes names things";
    private const string ImageRule = "an image with its tag or digest, such as registry.example/shop:1.4";
    private const string AmountRule = "an amount such as 512Mi or 8Gi";
    private const int LongestDrain = 3600;
    private const int MaxNodes = 1000;

    /// <exception cref="ToolException">Something is missing, unknown or wrong.</exception>
    public static KubernetesDescription Read(string file, string text)
    {
        var yaml = YamlReader.Parse(file, text);
        var application = Part(yaml, "application");
        var redis = Part(yaml, "redis");
        var description = new KubernetesDescription
        {
            Cluster = yaml.Text("cluster", Label().IsMatch, LabelRule),
            KeyPrefix = yaml.Text("keyPrefix", SiteReader.Name().IsMatch, SiteReader.NameRule),
            Namespace = yaml.Text("namespace", Label().IsMatch, LabelRule),
            SecretFile = yaml.Has("secretFile")
                ? yaml.Text("secretFile", path => path.Length > 0, "a path, relative to this file")
                : null,
            Image = application.Text("image", Image().IsMatch, ImageRule),
            Nodes = application.Count("nodes", 3),
            Port = application.Port("port", 8080),
            HealthPath = application.Text("health", HealthPath().IsMatch, "a path such as /health", "/health"),
            Memory = application.Text("memory", Amount().IsMatch, AmountRule, "1Gi"),
            Drain = application.Count("drainSeconds", 20),
            CookieName = application.Text(
                "cookie",
                SiteReader.Cookie().IsMatch,
                "a name of a cookie",
                ".ClusterSession"
            ),
            IdleTimeout = application.Text("idleTimeout", SiteReader.IsDuration, SiteReader.DurationRule, "00:20:00"),
            TicketLife = application.Text("ticketLife", SiteReader.IsDuration, SiteReader.DurationRule, "00:00:00"),
            RedisImage = redis.Text("image", Image().IsMatch, ImageRule, "redis:7.2-bookworm"),
            ToolImage = redis.Text("toolImage", Image().IsMatch, ImageRule),
            MaxMemory = redis.Text("maxMemory", SiteReader.Memory().IsMatch, "an amount such as 512mb or 4gb"),
            SessionCount = redis.Count("sessions", 1_000_000),
            Storage = redis.Text("storage", Amount().IsMatch, AmountRule),
            StorageClass = redis.Has("storageClass") ? redis.Text("storageClass", Label().IsMatch, LabelRule) : null,
        };
        application.End();
        redis.End();
        yaml.End();
        Check(description, application);
        return description;
    }

    private static void Check(KubernetesDescription description, YamlReader application)
    {
        if (description.Drain > LongestDrain)
        {
            throw application.Refusal(
                "drainSeconds",
                $"is {description.Drain}.",
                $"Set it to {LongestDrain} or less: so long a node may take to end."
            );
        }

        if (description.Nodes > MaxNodes)
        {
            throw application.Refusal("nodes", $"is {description.Nodes}.", $"Set it to {MaxNodes} or less.");
        }
    }

    private static YamlReader Part(YamlReader yaml, string key) =>
        yaml.Mapping(key) ?? throw yaml.Refusal(key, "is missing.", "Write it as docs/how-to/kubernetes.md shows.");

    [GeneratedRegex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$")]
    private static partial Regex Label();

    [GeneratedRegex(@"^[a-z0-9][A-Za-z0-9._/:@-]*[:@][A-Za-z0-9._:-]+$")]
    private static partial Regex Image();

    [GeneratedRegex("^[1-9][0-9]*(Mi|Gi|Ti)$")]
    private static partial Regex Amount();

    [GeneratedRegex("^/[A-Za-z0-9._/-]*$")]
    private static partial Regex HealthPath();
}
