using FullCluster.Parts;
using ShopCluster;
using ShopCluster.Check;

namespace FullCluster.Load;

/// <summary>
/// The load while the page is open: carts are filled all the time, and now and then compared.
/// </summary>
internal sealed class LiveLoad
{
    private const int Clients = 6;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(5);

    private readonly FullSite _site;
    private readonly CartLoad _load;
    private long _lost;

    public LiveLoad(FullSite site, int seed)
    {
        _site = site;
        var shop = new ShopConnection(site.Address, Tally);
        _load = new CartLoad([
            .. Enumerable.Range(1, Clients).Select(number => new Shopper(number, seed + number, shop, Tally)),
        ]);
    }

    public Tally Tally { get; } = new();

    /// <summary>Lines that were missing at the last comparison.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>What stopped the load; null: it goes on.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Until cancelled. A comparison needs a moment without writes.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                _load.Start();
                await Task.Delay(Round, cancellation);
                await _load.StopAsync();
                if (_site.Parts.All(part => part.State == PartState.Up))
                {
                    var audit = await CartAudit.RunAsync(_site.Places, _load.Shoppers, Tally);
                    Interlocked.Exchange(ref _lost, audit.Lost);
                }
            }
        }
        catch (DemoException failure)
        {
            Trouble = failure.Message;
        }
    }
}
