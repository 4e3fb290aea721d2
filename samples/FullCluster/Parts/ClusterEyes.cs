using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using FullCluster.Site;
using ShopCluster;

namespace FullCluster.Parts;

/// <summary>What the agents say of the cluster: GET /cluster of each.</summary>
internal sealed class ClusterEyes(SitePorts ports)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMilliseconds(500) };

    /// <summary>The answer of the agent that knows the latest lease.</summary>
    public async Task<ClusterLook> LookAsync(CancellationToken cancellation)
    {
        var answers = await Task.WhenAll(ports.Agents.Values.Select(agent => AskAsync(agent, "cluster", cancellation)));
        return answers.OfType<JsonNode>().Select(answer => new ClusterLook(answer)).MaxBy(look => look.Freshness)
            ?? ClusterLook.None;
    }

    /// <summary>What happened, as the agents have recorded it, the oldest first.</summary>
    public async Task<IReadOnlyList<JsonNode>> HistoryAsync(CancellationToken cancellation)
    {
        var answers = await Task.WhenAll(ports.Agents.Values.Select(agent => AskAsync(agent, "history", cancellation)));
        return answers
            .OfType<JsonNode>()
            .Select(answer => answer["events"]!.AsArray().OfType<JsonNode>().ToList())
            .MaxBy(events => events.LastOrDefault()?["at"]?.GetValue<DateTimeOffset>())
            ?? [];
    }

    /// <summary>Looks until it is so.</summary>
    /// <exception cref="DemoException">It was not within 90 seconds.</exception>
    public async Task<ClusterLook> AwaitAsync(Func<ClusterLook, bool> isSo, string what, CancellationToken cancellation)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(20, cancellation))
        {
            var look = await LookAsync(cancellation);
            if (isSo(look))
            {
                return look;
            }

            if (watch.Elapsed > Deadline)
            {
                throw new DemoException(
                    $"Not within {Deadline.TotalSeconds:0} s: {what}. The agents say: {look.Reason}"
                );
            }
        }
    }

    private static async Task<JsonNode?> AskAsync(IPEndPoint agent, string path, CancellationToken cancellation)
    {
        try
        {
            using var response = await Http.GetAsync($"http://{agent}/{path}", cancellation);
            return JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellation));
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or JsonException)
        {
            cancellation.ThrowIfCancellationRequested();
            return null;
        }
    }
}
