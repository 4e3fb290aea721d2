using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.TestKit.Conformance;

/// <summary>What every <see cref="ISessionDirectory"/> must do.</summary>
public abstract class SessionDirectoryConformance : IAsyncLifetime
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private StorePair _pair = null!;

    private VersionSource Versions { get; } = new();

    protected abstract Task<StorePair> CreatePairAsync();

    public async ValueTask InitializeAsync()
    {
        _pair = await CreatePairAsync();
        await _pair.A.StartAsync(new RecordingObserver(), default);
        await _pair.B.StartAsync(new RecordingObserver(), default);
    }

    public async ValueTask DisposeAsync() => await _pair.DisposeAsync();

    [Theory]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task Every_stored_session_is_listed_and_an_ended_one_is_not(int most)
    {
        var stored = new Dictionary<SessionKey, SessionVersion>();
        for (var i = 0; i < 50; i++)
        {
            var (key, version) = await CreateAsync();
            stored.Add(key, version);
        }

        var (ended, _) = await CreateAsync();
        await _pair.A.DestroyAsync(ended, new SessionEnd(Versions.Next()), Life, default);

        var listed = await ListAsync(most);
        Assert.Equal(
            stored.OrderBy(one => one.Value),
            listed.ToDictionary(one => one.Key, one => one.Value.Version).OrderBy(one => one.Value)
        );
        Assert.All(listed.Values, one => Assert.InRange(one.RemainingLife!.Value, Life / 2, Life));
    }

    [Fact]
    public async Task Store_without_sessions_lists_none() => Assert.Empty(await ListAsync(10));

    [Fact]
    public async Task Cursor_that_nobody_gave_begins_anew()
    {
        var (key, _) = await CreateAsync();
        var page = await _pair.B.Directory!.ListAsync("!", 100, default);
        Assert.True(page.Next is not null || page.Sessions.Any(one => one.Key == key));
    }

    private async Task<(SessionKey Key, SessionVersion Version)> CreateAsync()
    {
        var (key, version) = (SessionKeys.New(), Versions.Next());
        var record = RecordSketch.At(version).With("a", "1", version).Build();
        Assert.Equal(
            WriteOutcome.Committed,
            (await _pair.A.MergeAsync(key, new SessionMerge(record, version, MergeMode.Create, Life), default)).Outcome
        );
        return (key, version);
    }

    private async Task<Dictionary<SessionKey, ListedSession>> ListAsync(int most)
    {
        var found = new Dictionary<SessionKey, ListedSession>();
        string? cursor = null;
        do
        {
            var page = await _pair.B.Directory!.ListAsync(cursor, most, default);
            Assert.Equal(StoreFailure.None, page.Failure);
            foreach (var one in page.Sessions)
            {
                found[one.Key] = one;
            }

            cursor = page.Next;
        } while (cursor is not null);
        return found;
    }
}
