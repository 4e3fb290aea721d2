using System.Globalization;
using System.Text;

namespace ClusterSession.Failover.Face;

/// <summary>Gauges in the text format of Prometheus, written one after the other.</summary>
internal sealed class MetricsText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";
    private const string Prefix = "cluster_session_failover_";

    private readonly StringBuilder _page = new();

    public void Gauge(string name, string help, double value)
    {
        Describe(name, help);
        _page.Append(CultureInfo.InvariantCulture, $"{Prefix}{name} {value}\n");
    }

    /// <summary>The head of samples that follow.</summary>
    public void Describe(string name, string help) =>
        _page.Append(CultureInfo.InvariantCulture, $"# HELP {Prefix}{name} {help}\n# TYPE {Prefix}{name} gauge\n");

    public void Sample(string name, string member, double value) =>
        _page.Append(CultureInfo.InvariantCulture, $"{Prefix}{name}{{member=\"{Escaped(member)}\"}} {value}\n");

    public override string ToString() => _page.ToString();

    /// <summary>
    /// An address may be whatever a Redis announces, and one quote makes Prometheus refuse the
    /// page.
    /// </summary>
    private static string Escaped(string label) =>
        label
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
}
