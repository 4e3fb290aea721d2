using Shop.Carts;

namespace ShopCluster.Check;

/// <summary>
/// One client with a cookie jar. It knows what was acknowledged to it, and holds every answer
/// against that.
/// </summary>
/// <remarks>
/// Requests come one after the other, except for pairs of adds sent at the same moment: nginx gives
/// the two to two nodes, and both lines have to stay. After a pair the jar keeps the cookie of the
/// later version. A browser would keep the one that came last, and if that is the earlier version,
/// another node may answer the next request from a copy that the store's push is about to end: all
/// that the cookie covers is there, but this check would call it stale.
/// </remarks>
internal sealed class Shopper(int number, int seed, ShopConnection shop, Tally tally)
{
    private const int FullCart = 40;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(16);

    private readonly Random _random = new(seed);
    private readonly string _prefix = $"client{number:00}-";
    private readonly HashSet<string> _acknowledged = new(StringComparer.Ordinal);
    private readonly HashSet<string> _removed = new(StringComparer.Ordinal);

    // Adds and removals that nobody answered: they may have happened or not.
    private readonly HashSet<string> _unknown = new(StringComparer.Ordinal);
    private int _lines;
    private string? _lastNode;

    public int Number => number;

    /// <summary>The cookie as it is now, or null before the first write.</summary>
    public string? Cookie { get; private set; }

    /// <summary>The lines that have to be in the cart.</summary>
    public IReadOnlySet<string> Acknowledged => _acknowledged;

    /// <summary>Lines of which nobody knows.</summary>
    public IReadOnlySet<string> Unknown => _unknown;

    /// <summary>Shops until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        // The first write makes the session; it goes alone, as two would make two.
        await AddAsync();
        while (!stop.IsCancellationRequested)
        {
            await (
                _random.Next(100) switch
                {
                    < 40 when _acknowledged.Count < FullCart => AddAsync(),
                    < 55 when _acknowledged.Count < FullCart => AddPairAsync(),
                    < 75 when _acknowledged.Count > 0 => RemoveAsync(),
                    _ => ReadAsync(),
                }
            );
            // A person thinks; twelve clients without a pause would only measure how fast the
            // machine is.
            await Task.Delay(LongestPause * _random.NextDouble(), CancellationToken.None);
        }
    }

    private async Task ReadAsync()
    {
        if (await shop.SendAsync(HttpMethod.Get, "api/cart", Cookie) is { } answer)
        {
            Take(answer, "read");
        }
        else
        {
            tally.CountGaveUp($"client {number}: nobody answered a read");
        }
    }

    private async Task AddAsync()
    {
        var id = NextId();
        if (await SendAddAsync(id) is not { } answer)
        {
            return;
        }

        _acknowledged.Add(id);
        Take(answer, "add");
    }

    private async Task AddPairAsync()
    {
        string[] ids = [NextId(), NextId()];
        var answers = await Task.WhenAll(ids.Select(SendAddAsync));
        // Each of the two is held against what was acknowledged before, and has its own line; of
        // the other it need not know yet.
        for (var i = 0; i < ids.Length; i++)
        {
            if (answers[i] is not { } answer)
            {
                continue;
            }

            Compare(answer.View, "one of two adds", alsoExpected: ids[i], alsoPossible: ids[1 - i]);
            Arrived(answer.View.Node);
        }

        foreach (var (id, answer) in ids.Zip(answers))
        {
            if (answer is not null)
            {
                _acknowledged.Add(id);
            }
        }

        Cookie = answers.Where(answer => answer?.Cookie is not null).MaxBy(answer => answer!.View.Version.Stamp)?.Cookie
            ?? Cookie;
    }

    private async Task RemoveAsync()
    {
        var id = _acknowledged.ElementAt(_random.Next(_acknowledged.Count));
        _acknowledged.Remove(id);
        if (await shop.SendAsync(HttpMethod.Delete, $"api/cart/lines/{id}", Cookie) is { } answer)
        {
            _removed.Add(id);
            Take(answer, "remove");
        }
        else
        {
            _unknown.Add(id);
            tally.CountGaveUp($"client {number}: nobody answered a removal");
        }
    }

    private async Task<Answer?> SendAddAsync(string id)
    {
        var product = Catalog.Products[_random.Next(Catalog.Products.Count)].Id;
        var answer = await shop.SendAsync(HttpMethod.Put, $"api/cart/lines/{id}", Cookie, product);
        if (answer is null)
        {
            _unknown.Add(id);
            tally.CountGaveUp($"client {number}: nobody answered an add");
        }

        return answer;
    }

    private void Take(Answer answer, string what)
    {
        Compare(answer.View, what);
        Arrived(answer.View.Node);
        Cookie = answer.Cookie ?? Cookie;
    }

    private void Arrived(string node)
    {
        if (_lastNode is not null && _lastNode != node)
        {
            tally.CountMove();
        }

        _lastNode = node;
    }

    private void Compare(CartView view, string what, string? alsoExpected = null, string? alsoPossible = null)
    {
        var present = view.Lines.Select(line => line.Id).ToHashSet(StringComparer.Ordinal);
        var missing =
            _acknowledged.Count(id => !present.Contains(id))
            + (alsoExpected is null || present.Contains(alsoExpected) ? 0 : 1);
        if (missing > 0)
        {
            tally.CountStale(
                $"client {number}: {what}, answered by {view.Node} from {view.Source} at version {view.Version.Stamp:x}, lacks {missing} of {_acknowledged.Count} acknowledged lines"
            );
        }

        foreach (var id in present)
        {
            if (_acknowledged.Contains(id) || _unknown.Contains(id) || id == alsoExpected || id == alsoPossible)
            {
                continue;
            }

            if (_removed.Contains(id))
            {
                tally.CountReturned(
                    $"client {number}: {what}, answered by {view.Node} from {view.Source}, shows line {id}, which was removed"
                );
            }
            else
            {
                tally.CountForeign(
                    $"client {number}: {what}, answered by {view.Node} from {view.Source}, shows line {id}, which it never added"
                );
            }
        }
    }

    private string NextId() => $"{_prefix}{++_lines:000000}";
}
