using System.Text;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;
using ClusterSession.Failover.Raft;
using DotNext.IO.Log;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;
using Xunit;

namespace ClusterSession.Failover.Tests;

/// <summary>What the log hands to the map, and what it has on the disk.</summary>
public sealed class LogTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>
    /// A deposed leader's entry was overwritten; what waits for it gets no other's answer.
    /// </summary>
    [Fact]
    public async Task Deposed_leader_does_not_take_the_answer_of_the_entry_in_place_of_its_own()
    {
        await using var map = new MapStateMachine(new DirectoryInfo(_directory.File("snapshots")), 4096);
        await using var log = new WriteAheadLog(Options(), map);
        await log.InitializeAsync();
        var (mine, other) = (Operation(1, "mine"), Operation(2, "other"));
        var (waiting, taken) = (new Outcome(mine.Id), new Outcome(other.Id));
        var index = await log.AppendAsync(Entry(mine, 1, waiting));
        await log.AppendAsync(Entry(other, 2, null), index);
        await log.CommitAsync(index);
        await log.WaitForApplyAsync(index);
        Assert.Equal("other", map.Find("north").Holder);
        Assert.Null(waiting.Answer);

        // An outcome that belongs to its entry is had.
        var next = await log.AppendAsync(
            Entry(other with { Id = new OperationId(3), Epoch = 1, Version = 1 }, 2, taken)
        );
        await log.CommitAsync(next);
        await log.WaitForApplyAsync(next);
        Assert.Null(taken.Answer);
        var release = new Operation(OperationKind.Release, new OperationId(4), "north") { Holder = "other", Epoch = 2 };
        var released = new Outcome(release.Id);
        next = await log.AppendAsync(Entry(release, 2, released));
        await log.CommitAsync(next);
        await log.WaitForApplyAsync(next);
        Assert.Equal(AnswerKind.Done, released.Answer?.Kind);
    }

    /// <summary>An earlier leader, or another release, may have written it.</summary>
    [Fact]
    public async Task Entry_out_of_range_is_refused_and_the_entries_after_it_are_applied()
    {
        await using var map = new MapStateMachine(new DirectoryInfo(_directory.File("snapshots")), 4096);
        await using var log = new WriteAheadLog(Options(), map);
        await log.InitializeAsync();
        var wrong = Operation(1, "wrong") with { TtlMilliseconds = -1 };
        var (refused, done) = (new Outcome(wrong.Id), new Outcome(new OperationId(2)));
        await log.AppendAsync(Entry(wrong, 1, refused));
        var index = await log.AppendAsync(Entry(Operation(2, "right"), 1, done));
        await log.CommitAsync(index);
        using var limit = new CancellationTokenSource(CoordinationSite.Patience);
        await log.WaitForApplyAsync(index, limit.Token);
        Assert.Equal(AnswerKind.Conflict, refused.Answer?.Kind);
        Assert.Equal(AnswerKind.Done, done.Answer?.Kind);
        Assert.Equal(("right", 1), (map.Find("north").Holder, map.Find("north").Epoch));
    }

    /// <summary>
    /// With pages of its own memory a log shows in its files what it has flushed. The library's log
    /// has flushed the entry here or not, as its background work comes to it.
    /// </summary>
    [Fact]
    public async Task Follower_has_an_entry_on_the_disk_before_it_acknowledges_it()
    {
        await using var map = new MapStateMachine(new DirectoryInfo(_directory.File("snapshots")), 4096);
        await using var log = new DurableLog(Options(), map);
        await log.InitializeAsync();
        IAuditTrail<IRaftLogEntry> trail = log;
        var entry = Entry(Operation(1, "a-holder-that-is-found"), 1, null);
        await using var entries = new LogEntryProducer<BinaryLogEntry>(entry);
        await trail.AppendAsync(entries, 1, skipCommitted: false, CancellationToken.None);
        var files = Directory
            .EnumerateFiles(_directory.File("log"), "*", SearchOption.AllDirectories)
            .Select(file => File.ReadAllBytes(file))
            .ToArray();
        var isOnDisk = files.Any(file => file.AsSpan().IndexOf("a-holder-that-is-found"u8) >= 0);
        Assert.True(isOnDisk);
    }

    [Fact]
    public async Task Damaged_snapshot_stops_the_start_with_the_remedy()
    {
        var place = new DirectoryInfo(_directory.File("snapshots"));
        place.Create();
        await File.WriteAllTextAsync(Path.Combine(place.FullName, "7-1"), "\u0001 cut short");
        await using var map = new MapStateMachine(place, 4096);
        var refused = await Assert.ThrowsAsync<InvalidDataException>(async () => await map.RestoreAsync());
        Assert.Contains("Remove the server's directory", refused.Message);
    }

    private static Operation Operation(int id, string holder) =>
        new(OperationKind.Acquire, new OperationId((UInt128)id), "north")
        {
            Holder = holder,
            TtlMilliseconds = 1000,
            Document = Encoding.UTF8.GetBytes(holder),
        };

    private static BinaryLogEntry Entry(Operation operation, long term, Outcome? outcome) =>
        new()
        {
            Term = term,
            Content = operation.Encode(),
            Context = outcome,
        };

    private WriteAheadLog.Options Options() =>
        new()
        {
            Location = _directory.File("log"),
            MemoryManagement = WriteAheadLog.MemoryManagementStrategy.PrivateMemory,
            HashAlgorithm = WriteAheadLog.IntegrityHashAlgorithm.Crc32,
            ChunkSize = 65536,
        };
}
