using ClusterSession.Failover;
using ClusterSession.Failover.Coordination;
using Microsoft.AspNetCore.Hosting;

namespace ClusterSession.Failover.Tests;

/// <summary>
/// Addresses and directories of the three servers of a coordination store, which may run in this
/// process one by one.
/// </summary>
internal sealed class CoordinationSite : ICoordinatorSite
{
    public const string Secret = "a-secret-of-this-test-alone";
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan ShortTtl = TimeSpan.FromMilliseconds(500);

    /// <summary>Generous: the machine may be busy with other tests.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _directory = new();
    private readonly CoordinationServer?[] _members = new CoordinationServer?[3];

    public CoordinationSite(string scheme = "http") =>
        Addresses = [.. Enumerable.Range(0, 3).Select(_ => new Uri($"{scheme}://127.0.0.1:{FreePort.Next()}"))];

    public Uri[] Addresses { get; }

    /// <summary>Changes the options of every member that is started.</summary>
    public Action<int, RaftCoordinatorOptions>? Configure { get; init; }

    public Func<Uri, Action<IWebHostBuilder>>? Host { get; init; }

    public IReadOnlyList<IFailoverCoordinator> Coordinators => [.. Running.Select(member => member.Coordinator)];

    public IEnumerable<CoordinationServer> Running => _members.OfType<CoordinationServer>();

    public CoordinationServer this[int index] =>
        _members[index] ?? throw new InvalidOperationException($"Member {index} is not running.");

    public static async Task<CoordinationSite> StartAsync(CoordinationSite? site = null)
    {
        site ??= new CoordinationSite();
        for (var i = 0; i < site.Addresses.Length; i++)
        {
            await site.StartAsync(i);
        }

        await site.ReadyAsync();
        return site;
    }

    public string DirectoryOf(int index) => _directory.File($"member-{index}");

    public async Task<CoordinationServer> StartAsync(int index) =>
        _members[index] = await CoordinationServer.StartAsync(
            options => Set(options, index),
            Addresses[index],
            Host?.Invoke(Addresses[index])
        );

    public async Task StopAsync(int index)
    {
        await this[index].DisposeAsync();
        _members[index] = null;
    }

    public void Wipe(int index) => Directory.Delete(DirectoryOf(index), recursive: true);

    public void Set(RaftCoordinatorOptions options, int index)
    {
        foreach (var address in Addresses)
        {
            options.Members.Add(address);
        }

        options.Self = Addresses[index];
        options.Directory = DirectoryOf(index);
        options.Secret = Secret;
        Relax(options);
        Configure?.Invoke(index, options);
    }

    /// <summary>Elections that a busy machine does not begin by itself.</summary>
    public static void Relax(RaftCoordinatorOptions options)
    {
        options.LowerElectionTimeout = TimeSpan.FromMilliseconds(400);
        options.UpperElectionTimeout = TimeSpan.FromMilliseconds(800);
        options.RpcTimeout = TimeSpan.FromMilliseconds(250);
        options.OperationTimeout = TimeSpan.FromSeconds(4);
    }

    /// <summary>A member leads, and every running one votes and has what it has.</summary>
    public Task ReadyAsync() =>
        Condition.HoldsAsync(
            () =>
            {
                var leader = Running.FirstOrDefault(member => member.Member.IsLeading);
                return leader is not null
                    && Running.All(member =>
                        member.Member.Gate is { IsOpen: true }
                        && member.Member.AppliedIndex == leader.Member.AppliedIndex
                    );
            },
            "a leader, and everybody has what it has",
            Patience
        );

    /// <summary>Index of the member that leads.</summary>
    public async Task<int> LeaderAsync()
    {
        var leader = -1;
        await Condition.HoldsAsync(
            () => (leader = Array.FindIndex(_members, member => member?.Member.IsLeading == true)) >= 0,
            "a member leads",
            Patience
        );
        return leader;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in Running)
        {
            await member.DisposeAsync();
        }

        _directory.Dispose();
    }
}
