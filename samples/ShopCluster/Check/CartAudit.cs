namespace ShopCluster.Check;

/// <summary>
/// The comparison at the end: every cart, on every node, against what was acknowledged.
/// </summary>
internal sealed record CartAudit(int Carts, int Lines, int Lost)
{
    /// <summary>
    /// Reads each client's cart through the balancer and on each node directly. A line that is
    /// missing anywhere is lost.
    /// </summary>
    public static async Task<CartAudit> RunAsync(
        IReadOnlyList<(string Name, Uri Address)> places,
        IReadOnlyList<Shopper> shoppers,
        Tally findings
    )
    {
        // Counted apart: these reads are no part of the load. Only what they find goes into the
        // findings.
        var apart = new Tally();
        List<(string Name, ShopConnection Shop)> views =
        [
            .. places.Select(place => (place.Name, new ShopConnection(place.Address, apart))),
        ];

        var lost = 0;
        foreach (var shopper in shoppers)
        {
            var missing = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (name, shop) in views)
            {
                if (await shop.SendAsync(HttpMethod.Get, "api/cart", shopper.Cookie) is not { } answer)
                {
                    findings.CountGaveUp($"client {shopper.Number}: {name} did not show the cart at the end");
                    continue;
                }

                var present = answer.View.Lines.Select(line => line.Id).ToHashSet(StringComparer.Ordinal);
                missing.UnionWith(shopper.Acknowledged.Where(id => !present.Contains(id)));
                foreach (
                    var id in present.Where(id => !shopper.Acknowledged.Contains(id) && !shopper.Unknown.Contains(id))
                )
                {
                    findings.CountReturned(
                        $"client {shopper.Number}: {name} shows line {id} at the end, which is not in the cart"
                    );
                }
            }

            if (missing.Count > 0)
            {
                findings.Witness(
                    $"client {shopper.Number}: {missing.Count} of {shopper.Acknowledged.Count} acknowledged lines are missing at the end"
                );
            }

            lost += missing.Count;
        }

        return new CartAudit(shoppers.Count, shoppers.Sum(shopper => shopper.Acknowledged.Count), lost);
    }
}
