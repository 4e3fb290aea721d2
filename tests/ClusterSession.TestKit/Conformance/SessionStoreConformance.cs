using System.Text;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.TestKit.Conformance;

/// <summary>
/// What every <see cref="IClusterSessionStore"/> must do; the numbered cases of its remarks. A new
/// store derives one class and says how to make two nodes' stores over the same data.
/// </summary>
public abstract partial class SessionStoreConformance : IAsyncLifetime
{
    protected static readonly TimeSpan Long = TimeSpan.FromHours(1);
    private static readonly string[] NothingForgotten = [];

    private StorePair _pair = null!;

    protected IClusterSessionStore A => _pair.A;

    protected IClusterSessionStore B => _pair.B;

    protected RecordingObserver ToldA { get; } = new();

    protected RecordingObserver ToldB { get; } = new();

    protected VersionSource Versions { get; } = new();

    /// <summary>A session that no other test uses.</summary>
    protected SessionKey Key { get; } = SessionKeys.New();

    /// <summary>
    /// Whether the store announces changes by others. Where it does not, no lease of it may be
    /// current without a bound, one for a named time may: the tests of announcements ask for that
    /// in their place.
    /// </summary>
    protected virtual bool Announces => true;

    /// <summary>
    /// Makes two nodes' stores over the same data, which may hold other data already.
    /// </summary>
    protected abstract Task<StorePair> CreatePairAsync();

    public async ValueTask InitializeAsync()
    {
        _pair = await CreatePairAsync();
        await A.StartAsync(ToldA, default);
        await B.StartAsync(ToldB, default);
    }

    public async ValueTask DisposeAsync() => await _pair.DisposeAsync();

    [Fact]
    public void Store_has_a_name_that_metrics_can_carry() => Assert.Matches("^[a-z][a-z0-9-]*$", A.Name);

    [Fact]
    public void Every_key_is_in_a_partition_that_has_a_name()
    {
        var numbers = A.Partitions.Select(static partition => partition.Number).ToHashSet();
        Assert.Equal(A.Partitions.Count, numbers.Count);
        Assert.All(numbers, static number => Assert.InRange(number, 0, 1 << 14));
        Assert.All(A.Partitions, static partition => Assert.NotEmpty(partition.Name));
        for (var i = 0; i < 200; i++)
        {
            var key = SessionKeys.New();
            Assert.Contains(A.PartitionOf(key), numbers);
            Assert.Equal(A.PartitionOf(key), A.PartitionOf(key));
        }

        Assert.Contains(A.PartitionOfDocument("revocations"), numbers);
        Assert.Contains(A.PartitionOfDocument("keyring"), numbers);
    }

    protected static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    protected static SessionDelta Setting(string name, string value)
    {
        var delta = new SessionDelta();
        delta.Set(name, Bytes(value));
        return delta;
    }

    protected static SessionDelta Removing(string name)
    {
        var delta = new SessionDelta();
        delta.Remove(name);
        return delta;
    }

    /// <summary>
    /// Stores a new session with the attribute <c>a</c> = <c>1</c> and answers with its version.
    /// </summary>
    protected async Task<SessionVersion> CreateAsync(TimeSpan? life = null, SessionKey? key = null)
    {
        var version = Versions.Next();
        await CreateAsync(RecordSketch.At(version).With("a", "1", version).Build(), life, key);
        return version;
    }

    protected async Task CreateAsync(SessionRecord record, TimeSpan? life = null, SessionKey? key = null)
    {
        var created = await MergeAsync(A, record, record.Version, MergeMode.Create, life, key);
        Assert.Equal((WriteOutcome.Committed, SessionVersion.None), (created.Outcome, created.Previous));
    }

    protected ValueTask<StoreWrite> MergeAsync(
        IClusterSessionStore store,
        SessionRecord record,
        SessionVersion version,
        MergeMode mode = MergeMode.Restore,
        TimeSpan? life = null,
        SessionKey? key = null
    ) => store.MergeAsync(key ?? Key, new SessionMerge(record, version, mode, life ?? Long), default);

    protected ValueTask<StoreWrite> CommitAsync(
        IClusterSessionStore store,
        SessionVersion expected,
        SessionVersion version,
        SessionDelta delta,
        TimeSpan? life = null,
        params string[] forgotten
    ) =>
        store.CommitAsync(
            Key,
            new SessionChange(expected, version, delta, forgotten ?? NothingForgotten, life ?? Long, life ?? Long),
            default
        );

    /// <summary>Commits and expects it to be applied to the version it was based on.</summary>
    protected async Task<SessionVersion> CommittedAsync(
        IClusterSessionStore store,
        SessionVersion on,
        SessionDelta delta
    )
    {
        var version = Versions.Next();
        var answer = await CommitAsync(store, on, version, delta);
        Assert.Equal((WriteOutcome.Committed, on), (answer.Outcome, answer.Previous));
        return version;
    }

    protected async Task<SessionRecord> ReadAsync(IClusterSessionStore store, SessionKey? key = null)
    {
        var read = await store.ReadAsync(key ?? Key, SessionVersion.None, default);
        Assert.Equal(StoreReadOutcome.Found, read.Outcome);
        return read.Record!;
    }

    protected async Task<StoreReadOutcome> OutcomeAsync(IClusterSessionStore store, SessionKey? key = null) =>
        (await store.ReadAsync(key ?? Key, SessionVersion.None, default)).Outcome;

    /// <summary>Expects both nodes to read this.</summary>
    protected async Task AssertStoredAsync(SessionRecord expected)
    {
        Assert.Equal(RecordText.Of(expected), RecordText.Of(await ReadAsync(A)));
        Assert.Equal(RecordText.Of(expected), RecordText.Of(await ReadAsync(B)));
    }

    protected static string? Value(SessionRecord record, string name) =>
        record.TryFind(name, out var attribute) && attribute.Exists ? Encoding.UTF8.GetString(attribute.Payload) : null;
}
