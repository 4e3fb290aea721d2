using ClusterSession.IntegrationTests.Packages;
using ClusterSession.IntegrationTests.Pages;
using Xunit;

namespace ClusterSession.IntegrationTests.Samples;

/// <summary>
/// One Redis for all samples, and processes of what the build of these tests has built of them.
/// </summary>
public sealed class SampleSite : IAsyncLifetime
{
    private readonly TemporaryDirectory _logs = new();
    private RedisServer _redis = null!;
    private int _started;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        _logs.Dispose();
    }

    /// <summary>The directory of a sample's project.</summary>
    internal static string Directory(string sample) => Path.Combine(PackedFeed.Repository, "samples", sample);

    /// <summary>The assembly of a sample, of the same configuration as these tests.</summary>
    internal static string Assembly(string sample)
    {
        // .../bin/Release/net10.0/
        var framework = new DirectoryInfo(AppContext.BaseDirectory);
        var (configuration, name) = (framework.Parent!.Name, Path.GetFileName(sample));
        return Path.Combine(Directory(sample), "bin", configuration, framework.Name, $"{name}.dll");
    }

    /// <summary>Where a process writes its log.</summary>
    internal string LogFile(string sample) =>
        _logs.File($"{Path.GetFileName(sample)}-{Interlocked.Increment(ref _started)}.log");

    /// <summary>Starts a process of a sample on this Redis, on a free port.</summary>
    internal Task<WebNode> StartAsync(string sample, string ready = "/") =>
        WebNode.StartAsync(
            Assembly(sample),
            Directory(sample),
            new Dictionary<string, string> { ["ClusterSession__Redis"] = _redis.Endpoint }
                .Concat(Patient)
                .ToDictionary(),
            LogFile(sample),
            ready
        );

    /// <summary>No 503 where the machine is so busy that Redis takes its time.</summary>
    internal static Dictionary<string, string> Patient { get; } =
        new()
        {
            ["ClusterSession__Outage__SoftTimeout"] = "00:00:10",
            ["ClusterSession__Outage__HardTimeout"] = "00:00:20",
        };
}
