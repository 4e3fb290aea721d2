using System.Collections.Concurrent;
using ClusterSession.Ends;
using ClusterSession.Local;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Ends;

/// <summary>
/// How much of the ends a node reads when it connects again, as all nodes do at a failover.
/// </summary>
public sealed class EndsReadingTests : NodeTests
{
    private const int Many = 10;

    private readonly EndsOnTheWay _ends;
    private readonly ReplaceableStore _store;

    public EndsReadingTests()
    {
        _ends = new EndsOnTheWay(new InMemorySessionStore(Sessions));
        _store = new ReplaceableStore(_ends);
    }

    [Fact]
    public async Task Connection_to_the_same_server_reads_only_what_is_new()
    {
        var (a, b) = await EndManyAsync();
        _store.Reconnect(new StoreContinuity(StoreLoss.None));
        await HoldsInTimeAsync(() => _ends.Readings > 0, "the ends are read");
        await EndAsync(b);
        await KnowsAsync(a, Many + 1);
        Assert.Equal(1, _ends.Read);
        Assert.Empty(_ends.Merged);
    }

    [Fact]
    public async Task Server_that_may_lack_the_newest_ends_is_read_and_completed_from_where_it_certainly_has_all()
    {
        var (a, b) = await EndManyAsync();
        var safeUntil = Time.GetTimestamp();
        _ends.Keep();
        await EndAsync(b);
        await KnowsAsync(a, Many + 1);
        _ends.Lose();
        _store.Reconnect(new StoreContinuity(StoreLoss.Recent, safeUntil)); // To one that lacks the last one.
        await HoldsInTimeAsync(() => !_ends.Merged.IsEmpty, "the store is given the end that it lacks");
        Assert.Contains(_ends.Merged, static id => id.EndsWith($"{Many + 1:X16}", StringComparison.Ordinal));
        Assert.InRange(_ends.Merged.Count, 1, 2); // Perhaps one that it has, of the same moment.
        Assert.InRange(_ends.Read, 0, 2);
    }

    [Fact]
    public async Task Second_server_that_lacks_more_than_the_first_is_given_that_too()
    {
        var (a, b) = await EndManyAsync();
        var safeUntil = Time.GetTimestamp();
        _ends.Keep();
        await EndAsync(b);
        await KnowsAsync(a, Many + 1);
        _ends.Lose();
        _ends.Failing = StoreOperations.ReadDocument; // Neither responds before the next one has come.
        _store.Reconnect(new StoreContinuity(StoreLoss.Recent, safeUntil));
        _store.Reconnect(new StoreContinuity(StoreLoss.Recent, Time.GetTimestamp()));
        _ends.Failing = StoreOperations.None;
        await HoldsInTimeAsync(() => !_ends.Merged.IsEmpty, "the store is given the end that it lacks");
        Assert.Contains(_ends.Merged, static id => id.EndsWith($"{Many + 1:X16}", StringComparison.Ordinal));
        Assert.InRange(_ends.Merged.Count, 1, 2); // Perhaps one that it has, of the same moment.
    }

    [Theory]
    [InlineData(StoreLoss.Recent)]
    [InlineData(StoreLoss.Everything)]
    public async Task Server_that_cannot_tell_what_it_lacks_is_read_from_the_beginning(StoreLoss loss)
    {
        var (a, b) = await EndManyAsync();
        _store.Reconnect(new StoreContinuity(loss));
        await HoldsInTimeAsync(() => _ends.Read >= Many, "all ends are read");
        Assert.Empty(_ends.Merged);
    }

    /// <summary>Two nodes; the second one has ended sessions, and the first one knows.</summary>
    private async Task<(TestNode A, TestNode B)> EndManyAsync()
    {
        var (a, b) = (await StartAsync(store: _store), await StartAsync());
        for (var i = 1; i <= Many; i++)
        {
            await EndAsync(b);
            await KnowsAsync(a, i);
            Time.Advance(TimeSpan.FromSeconds(1));
        }

        _ends.Reset();
        return (a, b);
    }

    private static async Task EndAsync(TestNode node)
    {
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red", node);
        await browser.GetAsync("/destroy", node);
    }

    private Task KnowsAsync(TestNode node, int ends) =>
        HoldsInTimeAsync(() => node.Services.GetRequiredService<KnownEnds>().Count == ends, "it knows the ends");

    /// <summary>Counts what is read of the ends, and can lose some.</summary>
    private sealed class EndsOnTheWay(IClusterSessionStore inner) : ForwardingStore(inner)
    {
        private readonly ConcurrentDictionary<string, bool> _seen = new();
        private HashSet<string> _kept = [];
        private volatile bool _isLossy;
        private int _readings;
        private int _read;

        public StoreOperations Failing { get; set; }

        /// <summary>How often the document was read.</summary>
        public int Readings => Volatile.Read(ref _readings);

        /// <summary>How many elements that were.</summary>
        public int Read => Volatile.Read(ref _read);

        /// <summary>The elements that were merged into it.</summary>
        public ConcurrentQueue<string> Merged { get; } = new();

        /// <summary>What comes from now on will be lost.</summary>
        public void Keep() => _kept = [.. _seen.Keys];

        /// <summary>It is, until it is merged again.</summary>
        public void Lose()
        {
            Reset();
            _isLossy = true;
        }

        public void Reset()
        {
            (_readings, _read) = (0, 0);
            Merged.Clear();
        }

        public override async ValueTask<StoreDocument> ReadDocumentAsync(
            string name,
            DocumentPosition known,
            StoreDeadline deadline
        )
        {
            var answer = await base.ReadDocumentAsync(name, known, deadline);
            if (name != SharedEnds.DocumentName || !answer.IsAnswered)
            {
                return answer;
            }

            var elements = answer.Elements.ToList();
            if (_isLossy && Merged.IsEmpty)
            {
                elements.RemoveAll(element => !_kept.Contains(Convert.ToHexString(element.Id.Span)));
            }

            elements.ForEach(element => _seen.TryAdd(Convert.ToHexString(element.Id.Span), true));
            Interlocked.Add(ref _read, elements.Count);
            Interlocked.Increment(ref _readings);
            return answer with { Elements = elements };
        }

        public override ValueTask<StoreDocument> MergeDocumentAsync(
            string name,
            IReadOnlyList<DocumentElement> elements,
            TimeSpan life,
            StoreDeadline deadline
        )
        {
            if (name == SharedEnds.DocumentName)
            {
                elements.ToList().ForEach(element => Merged.Enqueue(Convert.ToHexString(element.Id.Span)));
            }

            return base.MergeDocumentAsync(name, elements, life, deadline);
        }

        protected override ValueTask<T> OnAsync<T>(
            StoreOperations operation,
            Func<ValueTask<T>> ask,
            Func<StoreFailure, T> unavailable
        ) => (Failing & operation) != 0 ? new(unavailable(StoreFailure.Unreachable)) : ask();
    }
}
