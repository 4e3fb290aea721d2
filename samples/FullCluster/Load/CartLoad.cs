using ShopCluster.Check;

namespace FullCluster.Load;

/// <summary>Clients that fill carts through nginx while they are let.</summary>
internal sealed class CartLoad(IReadOnlyList<Shopper> shoppers)
{
    private CancellationTokenSource? _stop;
    private Task _shopping = Task.CompletedTask;

    public IReadOnlyList<Shopper> Shoppers => shoppers;

    /// <summary>Lets them go on.</summary>
    public void Start()
    {
        _stop = new CancellationTokenSource();
        _shopping = Task.WhenAll(shoppers.Select(shopper => Task.Run(() => shopper.RunAsync(_stop.Token))));
    }

    /// <summary>Waits until all requests under way are answered.</summary>
    public async Task StopAsync()
    {
        if (_stop is not null)
        {
            await _stop.CancelAsync();
            await _shopping;
            _stop.Dispose();
            _stop = null;
        }
    }

    /// <summary>Fails if one of them did.</summary>
    public Task CheckAsync() => _shopping.IsFaulted ? _shopping : Task.CompletedTask;
}
