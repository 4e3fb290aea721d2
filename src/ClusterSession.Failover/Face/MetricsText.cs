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

    /// <summary>
    /// Names of members need no escape: they are letters, digits and few signs, or addresses.
    /// </summary>
    public void Sample(string name, string member, double value) =>
        _page.Append(CultureInfo.InvariantCulture, $"{Prefix}{name}{{member=\"{member}\"}} {value}\n");

    public override string ToString() => _page.ToString();
}
